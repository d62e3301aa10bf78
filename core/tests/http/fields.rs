//! Whatever is in the fields of a response, nothing panics; and lists are read as a library reads them.

use std::time::Duration;

use proptest::prelude::*;
use sfv::{BareItem, List, ListEntry, Parser};
use tollgate_core::http::{Answer, Fields, QuotaPolicy, Request, Retries, RetryPolicy, Verdict};
use tollgate_core::time::Tick;

/// What is heeded of a `RateLimit` field.
fn heeded(field: &str) -> Verdict {
    let policy = RetryPolicy::new().heed_rate_limit_fields(true).max_retry_after(Duration::MAX);
    let retries = Retries::new(policy, 0);
    let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
    let fields = Fields::read(|name| (name == "ratelimit").then_some(field.as_bytes()));
    retries.answered(&mut attempts, &Answer::new(200, fields, Tick::ZERO, Duration::ZERO))
}

/// Two parameters of each member, by a library for structured fields: those that have the first.
fn pairs(field: &str, names: [&str; 2]) -> Option<Vec<(u64, Option<u64>)>> {
    let list = Parser::new(field).parse::<List>().ok()?;
    let pair = |entry: &ListEntry| {
        let params = match entry {
            ListEntry::Item(item) => &item.params,
            ListEntry::InnerList(inner) => &inner.params,
        };
        let number = |name: &str| match params.get(name) {
            Some(BareItem::Integer(value)) => u64::try_from(i64::from(*value)).ok(),
            _ => None,
        };
        Some((number(names[0])?, number(names[1])))
    };
    Some(list.iter().filter_map(pair).collect())
}

/// What is to be heeded of a `RateLimit` field.
fn expected(field: &str) -> (Option<f64>, Option<Duration>) {
    let quotas = pairs(field, ["r", "t"]).unwrap_or_default();
    let Some(least) = quotas.iter().map(|quota| quota.0).min() else { return (None, None) };
    let resets = quotas.iter().filter(|quota| quota.0 == 0).filter_map(|quota| quota.1);
    (Some(least as f64), resets.max().map(Duration::from_secs))
}

fn cases() -> ProptestConfig {
    let cases = std::env::var("TOLLGATE_CASES").ok().and_then(|text| text.replace('_', "").parse().ok());
    let cases = cases.unwrap_or(if cfg!(miri) { 50 } else { 20_000 });
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Pieces of which structured fields are made, well or badly.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(vec![
            "\"a\"", "tok*en", "*", "a:b/c", ";r=0", ";r=7", ";t=30", "; t=1", ";r", ";r=-0", ";r=1.5", ";q=\"x\"", ";q=100", ";q=5;w=60",
            ";r=0;t=9", ", ", ",", " ,\t", "(", ")", " ", "?1", "?0", "@12", "@1.0", ":YQ==:", ":YQ:", ":Y:", "::", ":YWI=:",
            "%\"%c3%a4\"", "%\"%ff\"", "%\"%C3\"", "\"\\\"\"", "\"\\x\"", "12", "-1.25", "123456789012345",
            "1234567890123456", "123456789012.5", "1234567890123.5", "1.", "1.2345", "-", "=", ";", "\"",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,4}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

/// What a Retry-After with this date is taken for, as the time since 1970.
fn date(text: &str) -> Option<Duration> {
    let policy = RetryPolicy::new().jitter(false).max_retry_after(Duration::MAX);
    let retries = Retries::new(policy, 0);
    let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
    let fields = Fields::read(|name| (name == "retry-after").then_some(text.as_bytes()));
    let none = Duration::from_nanos(1);
    let mut answer = Answer::new(500, fields, Tick::ZERO, Duration::ZERO);
    answer.status = 429;
    attempts.set_backoff(none);
    let wait = retries.answered(&mut attempts, &answer).hold_off;
    wait.filter(|wait| *wait != none)
}

/// The same by a library for dates; a wait is at most what a tick can tell, some 584 years.
fn expected_date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text).ok()?;
    let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(since.min(Duration::from_nanos(u64::MAX)))
}

#[test]
fn every_day_until_the_year_2400_is_read_in_all_forms() {
    let days = if cfg!(miri) { 100 } else { (2400 - 1970) * 366 };
    for day in 0..days {
        let time = std::time::UNIX_EPOCH + Duration::from_secs(day * 86_400 + day % 86_400);
        let fixed = httpdate::fmt_http_date(time);
        let expected = Some(Duration::from_secs(day * 86_400 + day % 86_400));
        assert_eq!(date(&fixed), expected, "{fixed}");
        // "Sun, 06 Nov 1994 08:49:37 GMT" by its parts.
        let (weekday, number, month) = (&fixed[..3], &fixed[5..7], &fixed[8..11]);
        let (year, clock) = (&fixed[12..16], &fixed[17..25]);
        let padded =
            if let Some(digit) = number.strip_prefix('0') { format!(" {digit}") } else { number.to_owned() };
        let asctime = format!("{weekday} {month} {padded} {clock} {year}");
        assert_eq!(date(&asctime), expected, "{asctime}");
        let names = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
        let long = names.iter().find(|name| name.starts_with(weekday)).unwrap();
        let rfc850 = format!("{long}, {number}-{month}-{} {clock} GMT", &year[2..]);
        assert_eq!(date(&rfc850), expected_date(&rfc850), "{rfc850}");
        for wrong in
            [fixed.to_lowercase(), fixed.replace("GMT", "UTC"), fixed.replace(weekday, "Xyz"), asctime + " "]
        {
            assert_eq!(date(&wrong), expected_date(&wrong), "{wrong}");
        }
    }
}

/// Dates, and what is nearly one.
fn dates() -> impl Strategy<Value = String> {
    let weekday =
        "(Sun|Mon|Tue|Wed|Thu|Fri|Sat|Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|sun|)";
    let month = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|jan)";
    let date = format!(
        "{weekday}(, | |,)({month} |)[0-3 ][0-9]( {month} |-{month}-| )([0-2][0-9]|)[0-9]{{2}} [0-2][0-9]:[0-6][0-9]:[0-6][0-9]( GMT| [12][0-9]{{3}}|)"
    );
    proptest::string::string_regex(&date).expect("a pattern")
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn dates_are_read_as_a_library_reads_them(text in prop_oneof![4 => dates(), 1 => ".{0,32}"]) {
        // Digits alone are seconds.
        prop_assume!(text.trim().is_empty() || !text.trim().bytes().all(|byte| byte.is_ascii_digit()));
        prop_assert_eq!(date(&text), expected_date(&text), "{:?}", text);
    }

    #[test]
    fn lists_are_read_as_a_library_reads_them(field in pieces()) {
        let verdict = heeded(&field);
        prop_assert_eq!((verdict.remaining, verdict.hold_off), expected(&field), "{:?}", field);
    }

    #[test]
    fn policies_are_read_as_a_library_reads_them(field in pieces()) {
        let policies = QuotaPolicy::read(field.as_bytes());
        let read = policies.map(|policies| {
            policies.iter().map(|policy| (policy.quota, policy.window.map(|window| window.as_secs()))).collect()
        });
        prop_assert_eq!(read, pairs(&field, ["q", "w"]), "{:?}", field);
    }

    #[test]
    fn whatever_the_fields_are_the_wait_is_bounded(
        status in prop::sample::select(vec![200_u16, 403, 429, 500, 503]),
        texts in prop::array::uniform5(prop::option::of(prop_oneof![
            pieces(), "[0-9]{0,25}", ".{0,12}", Just("Sun, 06 Nov 1994 08:49:37 GMT".to_owned()),
            "(Sun|Mon), [0-9]{2} (Jan|Nov) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
        ])),
        wall in any::<u64>(),
    ) {
        let field = |name: &str| {
            let index = Fields::NAMES.iter().position(|known| *known == name)?;
            texts[index].as_deref().map(str::as_bytes)
        };
        let policy = RetryPolicy::new().heed_rate_limit_fields(true).forbidden_may_mean_later(true);
        let retries = Retries::new(policy, wall);
        let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
        let answer = Answer::new(status, Fields::read(field), Tick::ZERO, Duration::from_millis(wall));
        let verdict = retries.answered(&mut attempts, &answer);
        prop_assert!(verdict.hold_off.unwrap_or_default() <= Duration::from_secs(120));
        prop_assert!(verdict.retry.unwrap_or_default() <= Duration::from_secs(125));
    }
}

/// What a server says is never a mistake of the caller's.
#[test]
fn policies_that_no_throttle_can_have_are_no_rates() {
    let rates = |field: &str| {
        let policies = QuotaPolicy::read(field.as_bytes()).unwrap();
        policies.iter().map(|policy| policy.rate().is_some()).collect::<Vec<_>>()
    };
    let most = 1_000_000_000_000_u64;
    assert_eq!(rates(&format!("a;q={most};w=1, a;q={};w=1", most + 1)), [true, false]);
    assert_eq!(
        rates("a;q=1;w=18446744073, a;q=1;w=18446744074, a;q=1;w=999999999999999"),
        [true, false, false]
    );
    assert_eq!(rates("a;q=1, a;q=0;w=1, a;q=1;w=0, a;q=1;w=1"), [false, false, false, true]);
}
