//! Retried or not, and after how long: method by status by header by attempt.

use std::time::Duration;

use tollgate_core::http::{Answer, Attempts, Backoff, Fields, Request, Retries, RetryPolicy, Verdict};
use tollgate_core::time::Tick;

use crate::common::{SECOND, ms};

const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
const OTHERS: [&str; 5] = ["POST", "PATCH", "CONNECT", "get", "PROPFIND"];

/// Without chance: linear back-off of half a second, and a second where a refusal says nothing.
fn plain() -> RetryPolicy {
    RetryPolicy::new()
        .jitter(false)
        .backoff(Backoff::Linear(ms(500)))
        .backoff_when_refused(Backoff::Fixed(SECOND))
}

fn at(millis: u64) -> Tick {
    Tick::from_nanos(millis * 1_000_000)
}

/// An answer with these fields, at this time, a thousand seconds after 1970.
fn answer<'a>(status: u16, fields: &'a [(&'a str, &'a str)]) -> Answer<'a> {
    let field = |name: &str| fields.iter().find(|field| field.0 == name).map(|field| field.1.as_bytes());
    Answer::new(status, Fields::read(field), Tick::ZERO, 1_000 * SECOND)
}

fn first(policy: RetryPolicy, request: &Request<'_>) -> (Retries, Attempts) {
    let retries = Retries::new(policy, 3);
    let attempts = retries.begin(Tick::ZERO, request);
    (retries, attempts)
}

/// What becomes of the first answer to a GET.
fn verdict(policy: RetryPolicy, status: u16, fields: &[(&str, &str)]) -> Verdict {
    let (retries, mut attempts) = first(policy, &Request::new("GET"));
    retries.answered(&mut attempts, &answer(status, fields))
}

#[test]
fn by_method_status_and_attempt() {
    let statuses = [100, 200, 204, 301, 304, 400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504];
    for method in IDEMPOTENT.into_iter().chain(OTHERS) {
        for idempotency_key in [false, true] {
            for repeatable_body in [false, true] {
                let mut request = Request::new(method);
                (request.idempotency_key, request.repeatable_body) = (idempotency_key, repeatable_body);
                let may = repeatable_body && (idempotency_key || IDEMPOTENT.contains(&method));
                for status in statuses {
                    let case = format!("{method} {status} key {idempotency_key} body {repeatable_body}");
                    let refused = matches!(status, 429 | 503);
                    let (retries, mut attempts) = first(plain(), &request);
                    for attempt in 0..4 {
                        let verdict =
                            retries.answered(&mut attempts, &answer(status, &[("retry-after", "2")]));
                        assert_eq!(
                            verdict.hold_off,
                            refused.then_some(2 * SECOND),
                            "{case}: everybody waits"
                        );
                        let again = may && refused && attempt < 2;
                        assert_eq!(
                            verdict.retry,
                            again.then_some(Duration::ZERO),
                            "{case}, attempt {attempt}"
                        );
                    }
                }
                let (retries, mut attempts) = first(plain(), &request);
                for wait in [Some(ms(500)), Some(ms(1_000)), None, None] {
                    let verdict = retries.failed(&mut attempts, Tick::ZERO);
                    let expected = Verdict::default();
                    assert_eq!((verdict.retry, verdict.hold_off), (wait.filter(|_| may), expected.hold_off));
                }
            }
        }
    }
}

#[test]
fn how_long_to_wait_comes_from_the_first_that_says_so() {
    let date = "Thu, 01 Jan 1970 00:16:40 GMT";
    let cases: &[(&[(&str, &str)], Duration)] = &[
        (&[("retry-after", "7")], 7 * SECOND),
        (&[("retry-after", " 7 ")], 7 * SECOND),
        (&[("retry-after", "0")], Duration::ZERO),
        (&[("retry-after", "Thu, 01 Jan 1970 00:16:43 GMT")], 3 * SECOND),
        (&[("retry-after", "Thursday, 01-Jan-70 00:16:43 GMT")], 3 * SECOND),
        (&[("retry-after", "Thu Jan  1 00:16:43 1970")], 3 * SECOND),
        (
            &[("retry-after", "Thu, 01 Jan 1970 00:16:43 GMT"), ("date", "Thu, 01 Jan 1970 00:16:41 GMT")],
            2 * SECOND,
        ),
        (&[("retry-after", "Thu, 01 Jan 1970 00:16:43 GMT"), ("date", "yesterday")], 3 * SECOND),
        (&[("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT")], Duration::ZERO),
        (&[("retry-after", "7"), ("ratelimit", "\"a\";r=0;t=30")], 7 * SECOND),
        (&[("ratelimit", "\"a\";r=0;t=30")], 30 * SECOND),
        (&[("retry-after", "soon"), ("ratelimit", "\"a\";r=0;t=30")], 30 * SECOND),
        (&[("ratelimit", "\"a\";r=1;t=30")], SECOND),
        (&[("ratelimit", "\"a\";r=0")], SECOND),
        (&[("ratelimit", "\"a\";r=0;t=30, \"b\";r=0;t=40, \"c\";r=5;t=90")], 40 * SECOND),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1009")], 10 * SECOND),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "12")], Duration::ZERO),
        (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1009")], SECOND),
        (&[("x-ratelimit-reset", "1009")], SECOND),
        (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1009"), ("date", date)], 10 * SECOND),
        (
            &[("ratelimit", "\"a\";r=0;t=3"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1009")],
            3 * SECOND,
        ),
    ];
    for &(fields, wait) in cases {
        assert_eq!(verdict(plain(), 429, fields).hold_off, Some(wait), "{fields:?}");
    }
    for malformed in
        ["", "-1", "+1", "1.5", "1e3", "0x10", "٣", "1 2", "soon", "Thu, 32 Jan 1970 00:00:00 GMT", "\0"]
    {
        assert_eq!(
            verdict(plain(), 429, &[("retry-after", malformed)]).hold_off,
            Some(SECOND),
            "{malformed:?}"
        );
    }
}

#[test]
fn longer_than_the_cap_is_no_retry_and_a_pause_of_the_cap() {
    for (told, hold_off, retried) in [
        ("120", 120, true),
        ("121", 120, false),
        ("3155760000", 120, false),
        ("99999999999999999999999", 120, false),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 120, false),
    ] {
        for policy in [plain(), plain().jitter(true)] {
            let verdict = verdict(policy, 429, &[("retry-after", told)]);
            assert_eq!(verdict.hold_off, Some(hold_off * SECOND), "{told}");
            assert_eq!(verdict.retry.is_some(), retried, "{told}");
        }
    }
    let short = verdict(plain().max_retry_after(SECOND), 429, &[("retry-after", "2")]);
    assert_eq!((short.hold_off, short.retry), (Some(SECOND), None));
    let long_backoff = plain().backoff(Backoff::Fixed(200 * SECOND));
    let (retries, mut attempts) = first(long_backoff, &Request::new("GET"));
    assert_eq!(retries.failed(&mut attempts, Tick::ZERO).retry, None);
}

#[test]
fn nobody_is_kept_beyond_the_deadline_and_the_others_wait_all_the_same() {
    let mut request = Request::new("GET");
    request.deadline = Some(at(2_500));
    for (told, retried) in [("2", true), ("3", false)] {
        let (retries, mut attempts) = first(plain(), &request);
        let verdict = retries.answered(&mut attempts, &answer(429, &[("retry-after", told)]));
        assert_eq!(verdict.retry.is_some(), retried);
        assert!(verdict.hold_off.is_some());
    }
    let (retries, mut attempts) = first(plain(), &request);
    assert_eq!(retries.failed(&mut attempts, at(2_100)).retry, None, "half a second is too long");
    assert_eq!(retries.failed(&mut attempts, at(1_900)).retry, Some(ms(500)));
}

#[test]
fn what_the_server_says_is_only_ever_waited_longer() {
    let retries = Retries::new(RetryPolicy::new().retries(100_000).reserve(u32::MAX), 1);
    let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
    for (told, most) in [("10", ms(11_000)), ("100", ms(105_000)), ("0", Duration::ZERO)] {
        let seconds = SECOND * told.parse::<u32>().unwrap();
        let waits: Vec<Duration> = (0..1_000)
            .map(|_| {
                retries.answered(&mut attempts, &answer(429, &[("retry-after", told)])).hold_off.unwrap()
            })
            .collect();
        assert!(waits.iter().all(|&wait| wait >= seconds && wait <= most), "{told}");
        let spread = *waits.iter().max().unwrap() - *waits.iter().min().unwrap();
        assert!(spread >= (most - seconds).mul_f64(0.9), "{told}: {spread:?}");
    }
}

#[test]
fn other_statuses_are_retried_on_request_and_make_nobody_else_wait() {
    let policy = || plain().retry_on([500, 404]);
    for status in [500, 404] {
        let verdict_of = |fields: &[(&str, &str)]| verdict(policy(), status, fields);
        assert_eq!(verdict_of(&[]).retry, Some(ms(500)));
        assert_eq!(verdict_of(&[("retry-after", "4")]).retry, Some(4 * SECOND));
        assert_eq!(verdict_of(&[("retry-after", "4")]).hold_off, None);
    }
    assert_eq!(verdict(policy(), 502, &[]).retry, None);
    assert_eq!(verdict(policy(), 429, &[]).retry, Some(Duration::ZERO), "as ever");
}

#[test]
fn a_403_means_later_only_if_that_is_said() {
    let github: &[(&str, &str)] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1009")];
    assert_eq!(verdict(plain(), 403, github), Verdict::default());
    let policy = || plain().forbidden_may_mean_later(true);
    assert_eq!(verdict(policy(), 403, github).hold_off, Some(10 * SECOND));
    assert_eq!(verdict(policy(), 403, &[("retry-after", "9")]).hold_off, Some(9 * SECOND));
    assert_eq!(verdict(policy(), 403, &[]), Verdict::default(), "plainly forbidden");
    assert_eq!(verdict(policy(), 403, &[("retry-after", "soon")]), Verdict::default());
}

#[test]
fn rate_limit_fields_are_heeded_on_request_and_only_tighten() {
    let fields: &[(&str, &str)] = &[("ratelimit", "\"a\";r=3;t=30, \"b\";r=7;t=1")];
    assert_eq!(verdict(plain(), 200, fields), Verdict::default());
    let policy = || plain().heed_rate_limit_fields(true);
    assert_eq!(verdict(policy(), 200, fields).remaining, Some(3.0));
    assert_eq!(verdict(policy(), 200, fields).hold_off, None);
    let used_up = verdict(policy(), 200, &[("ratelimit", "\"a\";r=0;t=30")]);
    assert_eq!((used_up.hold_off, used_up.remaining, used_up.retry), (Some(30 * SECOND), Some(0.0), None));
    for malformed in ["r=0", "\"a\";r=0;t=30,", "\"a\";r=-1;t=5", "\"a\";r=0.5", "\"a\";r=\"0\"", "\"a\";R=0"]
    {
        assert_eq!(verdict(policy(), 200, &[("ratelimit", malformed)]), Verdict::default(), "{malformed}");
    }
}

#[test]
fn retries_have_a_budget() {
    let retries = Retries::new(plain().reserve(4), 9);
    let retried = |requests: usize, now: Tick| {
        let one = |_| retries.failed(&mut retries.begin(now, &Request::new("GET")), now).retry.is_some();
        (0..requests).map(one).filter(|&retried| retried).count()
    };
    assert_eq!(retried(100, at(0)), 24, "a fifth of a hundred, and four");
    assert_eq!(retried(1, at(9_000)), 0);
    assert_eq!(retried(20, at(20_000)), 8, "ten seconds later it is as new");
}

#[test]
fn ones_own_backoff_and_methods_count() {
    let (retries, mut attempts) = first(plain().methods(["POST"]), &Request::new("POST"));
    attempts.set_backoff(ms(70));
    assert_eq!(retries.failed(&mut attempts, Tick::ZERO).retry, Some(ms(70)));
    assert_eq!(retries.failed(&mut attempts, Tick::ZERO).retry, Some(ms(1_000)), "only the next one");
    assert_eq!(attempts.retries(), 2);
    let (retries, mut attempts) = first(plain().methods(["POST"]), &Request::new("GET"));
    assert_eq!(retries.failed(&mut attempts, Tick::ZERO).retry, None, "instead of the others");
}

#[test]
fn equal_seeds_make_equal_choices() {
    let waits = |seed| {
        let retries = Retries::new(RetryPolicy::new().retries(50).reserve(50), seed);
        let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
        (0..50).map(|_| retries.failed(&mut attempts, Tick::ZERO).retry).collect::<Vec<_>>()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}
