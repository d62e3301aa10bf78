//! The response fields that tell a client its quota.
//!
//! `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers: lists of
//! structured fields (RFC 9651), here with one member, the policy `"default"`.

use std::time::{Duration, SystemTime};

use axum::http::header::{DATE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use sfv::{KeyRef, ListSerializer, StringRef, key_ref, string_ref};

use crate::gate::Verdict;

pub(crate) const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

const POLICY_NAME: &StringRef = string_ref("default");
/// The quota of the policy, in requests.
const QUOTA: &KeyRef = key_ref("q");
/// The window of the policy, in seconds.
const WINDOW: &KeyRef = key_ref("w");
/// What remains of the quota, in requests.
const REMAINING: &KeyRef = key_ref("r");
/// The time until there is more again, in seconds.
const RESET: &KeyRef = key_ref("t");

/// All fields that go with a verdict: the policy and what is left of it if there is a rate
/// limit, and how long to wait if the request was refused.
pub(crate) fn fields(verdict: &Verdict, now: SystemTime) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Some(quota) = verdict.quota {
        let (capacity, period) = verdict.policy;
        let policy = member([(QUOTA, capacity), (WINDOW, whole_seconds(period))]);
        let limit = member([(REMAINING, quota.remaining), (RESET, whole_seconds(quota.reset))]);
        fields.insert(RATELIMIT_POLICY, policy);
        fields.insert(RATELIMIT, limit);
    }
    match verdict.retry_after.map(whole_seconds) {
        Some(wait) if verdict.by_date => {
            // Both are cut to whole seconds, so that they are as far apart as is to be waited.
            fields.insert(DATE, date(now));
            fields.insert(RETRY_AFTER, date(now + Duration::from_secs(wait.into())));
        }
        Some(wait) => drop(fields.insert(RETRY_AFTER, wait.into())),
        None => {}
    }
    fields
}

fn member(parameters: [(&KeyRef, u32); 2]) -> HeaderValue {
    let mut list = ListSerializer::new();
    let mut item = list.bare_item(POLICY_NAME);
    for (name, value) in parameters {
        item = item.parameter(name, value);
    }
    let text = list.finish().expect("the list has a member");
    HeaderValue::try_from(text).expect("structured fields are visible ASCII")
}

fn date(time: SystemTime) -> HeaderValue {
    HeaderValue::try_from(httpdate::fmt_http_date(time)).expect("dates are visible ASCII")
}

/// Rounded up, so that whoever waits so long is never too early.
fn whole_seconds(duration: Duration) -> u32 {
    let seconds = duration.as_nanos().div_ceil(1_000_000_000);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limiter::Quota;

    fn verdict(quota: Option<Quota>, retry_after: Option<Duration>) -> Verdict {
        let policy = (100, Duration::from_millis(250));
        Verdict { number: 1, status: 200, quota, retry_after, by_date: false, policy }
    }

    #[test]
    fn the_fields_as_the_draft_writes_them() {
        let quota = Quota { remaining: 50, reset: Duration::from_millis(1001) };
        let fields = fields(&verdict(Some(quota), Some(Duration::from_nanos(1))), SystemTime::UNIX_EPOCH);
        assert_eq!(fields[RATELIMIT_POLICY], r#""default";q=100;w=1"#);
        assert_eq!(fields[RATELIMIT], r#""default";r=50;t=2"#);
        assert_eq!(fields[RETRY_AFTER], "1");
    }

    #[test]
    fn a_date_is_as_far_off_as_there_is_to_wait() {
        let verdict = Verdict { by_date: true, ..verdict(None, Some(Duration::from_millis(1_001))) };
        let fields = fields(&verdict, SystemTime::UNIX_EPOCH + Duration::from_millis(86_400_900));
        assert_eq!(fields[DATE], "Fri, 02 Jan 1970 00:00:00 GMT");
        assert_eq!(fields[RETRY_AFTER], "Fri, 02 Jan 1970 00:00:02 GMT");
    }

    #[test]
    fn nothing_to_tell_without_limits() {
        assert!(fields(&verdict(None, None), SystemTime::UNIX_EPOCH).is_empty());
    }

    #[test]
    fn seconds_are_rounded_up() {
        let seconds = [0, 1, 1000, 1001, 2000].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(seconds, [0, 1, 1, 2, 2]);
    }
}
