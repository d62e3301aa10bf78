//! The response fields that tell a client its quota.
//!
//! `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers: lists of
//! structured fields (RFC 9651), here with one member, the policy `"default"`.

use std::time::Duration;

use axum::http::header::RETRY_AFTER;
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
pub(crate) fn fields(verdict: &Verdict) -> HeaderMap {
    let mut fields = HeaderMap::new();
    if let Some(quota) = verdict.quota {
        let (capacity, period) = verdict.policy;
        let policy = member([(QUOTA, capacity), (WINDOW, whole_seconds(period))]);
        let limit = member([(REMAINING, quota.remaining), (RESET, whole_seconds(quota.reset))]);
        fields.insert(RATELIMIT_POLICY, policy);
        fields.insert(RATELIMIT, limit);
    }
    if let Some(wait) = verdict.retry_after {
        fields.insert(RETRY_AFTER, whole_seconds(wait).into());
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
        Verdict { number: 1, status: 200, quota, retry_after, policy: (100, Duration::from_millis(250)) }
    }

    #[test]
    fn the_fields_as_the_draft_writes_them() {
        let quota = Quota { remaining: 50, reset: Duration::from_millis(1001) };
        let fields = fields(&verdict(Some(quota), Some(Duration::from_nanos(1))));
        assert_eq!(fields[RATELIMIT_POLICY], r#""default";q=100;w=1"#);
        assert_eq!(fields[RATELIMIT], r#""default";r=50;t=2"#);
        assert_eq!(fields[RETRY_AFTER], "1");
    }

    #[test]
    fn nothing_to_tell_without_limits() {
        assert!(fields(&verdict(None, None)).is_empty());
    }

    #[test]
    fn seconds_are_rounded_up() {
        let seconds = [0, 1, 1000, 1001, 2000].map(|ms| whole_seconds(Duration::from_millis(ms)));
        assert_eq!(seconds, [0, 1, 1, 2, 2]);
    }
}
