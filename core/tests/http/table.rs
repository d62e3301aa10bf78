//! Method by status by header by attempt, under several policies: every row against the rules said once more, plainly.

use std::time::Duration;

use tollgate_core::http::{Answer, Backoff, Fields, Request, Retries, RetryPolicy};
use tollgate_core::time::Tick;

use crate::common::{SECOND, ms};

const METHODS: [&str; 11] =
    ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CONNECT", "get", "PROPFIND"];
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
const STATUSES: [u16; 18] =
    [100, 200, 204, 301, 304, 400, 401, 403, 404, 408, 425, 429, 500, 501, 502, 503, 504, 599];
const ATTEMPTS: u32 = 4;

/// The local clock: a thousand seconds after 1970.
const WALL: Duration = Duration::from_secs(1_000);
const LONGEST: Duration = Duration::from_secs(120);

/// Fields; for how many seconds they say to wait; and whether a 403 with them means later.
type Header = (&'static [(&'static str, &'static str)], Option<u64>, bool);

const HEADERS: [Header; 19] = [
    (&[], None, false),
    (&[("retry-after", "0")], Some(0), true),
    (&[("retry-after", "2")], Some(2), true),
    (&[("retry-after", "120")], Some(120), true),
    (&[("retry-after", "121")], Some(121), true),
    (&[("retry-after", "3155760000")], Some(3_155_760_000), true),
    (&[("retry-after", "Thu, 01 Jan 1970 00:16:43 GMT")], Some(3), true),
    (&[("retry-after", "Thursday, 01-Jan-70 00:16:43 GMT")], Some(3), true),
    (&[("retry-after", "Thu Jan  1 00:16:43 1970")], Some(3), true),
    (&[("retry-after", "Thu, 01 Jan 1970 00:16:39 GMT")], Some(0), true),
    (
        &[("retry-after", "Thu, 01 Jan 1970 00:16:43 GMT"), ("date", "Thu, 01 Jan 1970 00:16:38 GMT")],
        Some(5),
        true,
    ),
    (&[("retry-after", "soon")], None, false),
    (&[("retry-after", "-1")], None, false),
    (&[("retry-after", "1.5"), ("ratelimit", "\"a\";r=0;t=7")], Some(7), true),
    (&[("ratelimit", "\"a\";r=0;t=7")], Some(7), true),
    (&[("ratelimit", "\"a\";r=1;t=7")], None, false),
    (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1008")], Some(9), true),
    (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "1008")], None, false),
    (&[("x-ratelimit-remaining", "0")], None, true),
];

/// A policy, and what it says in plain words.
struct Rules {
    policy: RetryPolicy,
    retries: u32,
    methods: &'static [&'static str],
    also: &'static [u16],
    forbidden: bool,
}

fn rules() -> [Rules; 5] {
    let plain = || Rules {
        policy: RetryPolicy::new()
            .jitter(false)
            .reserve(u32::MAX)
            .backoff(Backoff::Linear(ms(500)))
            .backoff_when_refused(Backoff::Fixed(SECOND)),
        retries: 2,
        methods: &IDEMPOTENT,
        also: &[],
        forbidden: false,
    };
    let change = |rules: Rules, change: fn(RetryPolicy) -> RetryPolicy| Rules {
        policy: change(rules.policy.clone()),
        ..rules
    };
    [
        plain(),
        change(Rules { retries: 0, ..plain() }, |policy| policy.retries(0)),
        change(Rules { methods: &["POST", "get"], ..plain() }, |policy| policy.methods(["POST", "get"])),
        change(Rules { also: &[404, 500, 429], retries: 3, ..plain() }, |policy| {
            policy.retry_on([404, 500, 429]).retries(3)
        }),
        change(Rules { forbidden: true, ..plain() }, |policy| policy.forbidden_may_mean_later(true)),
    ]
}

/// Which request, sent again how often.
struct Sent {
    method: &'static str,
    key: bool,
    body: bool,
    attempt: u32,
}

/// What is to become of it after this answer, or none: for how long all hold off, and how long until it is sent again.
fn expected(
    rules: &Rules,
    sent: &Sent,
    answer: Option<(u16, &Header)>,
) -> (Option<Duration>, Option<Duration>) {
    let (status, told, later) =
        answer.map_or((0, None, false), |(status, header)| (status, header.1, header.2));
    let told = told.map(Duration::from_secs);
    let refused = [429, 503].contains(&status) || (status == 403 && rules.forbidden && later);
    let wait = told.unwrap_or(if refused { SECOND } else { ms(500) * (sent.attempt + 1) });
    let hold_off = if refused { Some(wait.min(LONGEST)) } else { None };
    let is_asked_for = refused || answer.is_none() || rules.also.contains(&status);
    let may = sent.body && (sent.key || rules.methods.contains(&sent.method));
    if !is_asked_for || !may || sent.attempt >= rules.retries || wait > LONGEST {
        return (hold_off, None);
    }
    // Whoever was refused waits with all others, at the throttle.
    (hold_off, Some(if refused { Duration::ZERO } else { wait }))
}

#[test]
fn every_row_is_as_the_rules_say() {
    let mut rows = 0;
    for (number, rules) in rules().iter().enumerate() {
        for method in METHODS {
            for (key, body) in [(false, false), (false, true), (true, false), (true, true)] {
                for attempt in 0..ATTEMPTS {
                    let sent = Sent { method, key, body, attempt };
                    let mut request = Request::new(method);
                    (request.idempotency_key, request.repeatable_body) = (key, body);
                    let retries = Retries::new(rules.policy.clone(), 0);
                    let named = |what: String| {
                        format!(
                            "policy {number}: {method}, key {key}, body {body}, attempt {attempt}, {what}"
                        )
                    };
                    for status in STATUSES {
                        for header in &HEADERS {
                            let field = |name: &str| {
                                header.0.iter().find(|field| field.0 == name).map(|field| field.1.as_bytes())
                            };
                            let answer = Answer::new(status, Fields::read(field), Tick::ZERO, WALL);
                            let verdict = retries.answered(&mut retries.after(attempt, &request), &answer);
                            let row = named(format!("{status} with {:?}", header.0));
                            let expected = expected(rules, &sent, Some((status, header)));
                            assert_eq!((verdict.hold_off, verdict.retry), expected, "{row}");
                            assert_eq!(verdict.remaining, None, "{row}");
                            rows += 1;
                        }
                    }
                    let verdict = retries.failed(&mut retries.after(attempt, &request), Tick::ZERO);
                    let expected = expected(rules, &sent, None);
                    assert_eq!((verdict.hold_off, verdict.retry), expected, "{}", named("no answer".into()));
                    rows += 1;
                }
            }
        }
    }
    assert_eq!(rows, 5 * 11 * 4 * 4 * (18 * 19 + 1));
}

/// So that the rules said once more are not wrong in the same way: some rows by hand.
#[test]
fn some_rows_by_hand() {
    let all = rules();
    let [plain, none, own, also, forbidden] = &all;
    let header =
        |name: &str| HEADERS.iter().find(|header| header.0.iter().any(|field| field.1 == name)).unwrap();
    let (nothing, two, long) = (&HEADERS[0], header("2"), header("121"));
    let get = |attempt| Sent { method: "GET", key: false, body: true, attempt };
    let post = |key| Sent { method: "POST", key, body: true, attempt: 0 };
    let (now, second, longest) = (Some(Duration::ZERO), Some(SECOND), Some(LONGEST));
    for (rules, sent, answer, row) in [
        (plain, get(0), Some((429, nothing)), (second, now)),
        (plain, get(1), Some((503, two)), (Some(2 * SECOND), now)),
        (plain, get(2), Some((429, two)), (Some(2 * SECOND), None)),
        (plain, get(0), Some((429, long)), (longest, None)),
        (plain, get(0), Some((500, two)), (None, None)),
        (plain, get(0), Some((404, nothing)), (None, None)),
        (plain, get(0), Some((403, two)), (None, None)),
        (plain, get(1), None, (None, second)),
        (plain, post(false), Some((429, nothing)), (second, None)),
        (plain, post(true), Some((429, nothing)), (second, now)),
        (plain, Sent { body: false, ..post(true) }, Some((429, nothing)), (second, None)),
        (none, get(0), Some((429, nothing)), (second, None)),
        (own, post(false), Some((503, nothing)), (second, now)),
        (own, get(0), Some((503, nothing)), (second, None)),
        (also, get(2), Some((500, nothing)), (None, Some(ms(1_500)))),
        (also, get(0), Some((404, two)), (None, Some(2 * SECOND))),
        (also, get(0), Some((500, long)), (None, None)),
        (forbidden, get(0), Some((403, two)), (Some(2 * SECOND), now)),
        (forbidden, get(0), Some((403, nothing)), (None, None)),
    ] {
        let Sent { method, key, attempt, .. } = sent;
        assert_eq!(expected(rules, &sent, answer), row, "{method}, key {key}, attempt {attempt}");
    }
}
