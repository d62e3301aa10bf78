//! What a response says about when to come again.

use std::time::Duration;

use super::structured::members;

/// The fields of a response that matter here, as they came.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Fields<'a> {
    /// `Retry-After`: seconds, or a date.
    pub retry_after: Option<&'a str>,
    /// `Date`: the server's clock.
    pub date: Option<&'a str>,
    /// `RateLimit`: what remains, as structured fields.
    pub rate_limit: Option<&'a str>,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<&'a str>,
    /// `X-RateLimit-Reset`: seconds since 1970.
    pub reset: Option<&'a str>,
}

/// What is left, by a `RateLimit` field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quota {
    /// The least that remains by any of the policies.
    pub(crate) remaining: u64,
    /// If nothing does: until there is more.
    pub(crate) reset: Option<Duration>,
}

impl<'a> Fields<'a> {
    /// Looks the fields up by their names, in lower case.
    pub fn read(field: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            retry_after: field("retry-after"),
            date: field("date"),
            rate_limit: field("ratelimit"),
            remaining: field("x-ratelimit-remaining"),
            reset: field("x-ratelimit-reset"),
        }
    }

    /// How long the server wants to be left alone. What is malformed says nothing.
    ///
    /// `wall` is the local clock, as the time since 1970. The server's own is trusted more.
    pub(crate) fn wait(&self, wall: Duration) -> Option<Duration> {
        let now = self.date.and_then(date).unwrap_or(wall);
        let retry_after = || {
            let text = self.retry_after?.trim_matches([' ', '\t']);
            number(text).map(Duration::from_secs).or_else(|| Some(date(text)?.saturating_sub(now)))
        };
        let rate_limit = || self.quota()?.reset;
        let reset = || {
            let until = number(self.reset?.trim())?.saturating_add(1);
            self.nothing_remains().then(|| Duration::from_secs(until).saturating_sub(now))
        };
        retry_after().or_else(rate_limit).or_else(reset)
    }

    /// Whether the older fields say that the quota is used up.
    pub(crate) fn nothing_remains(&self) -> bool {
        self.remaining.is_some_and(|text| number(text.trim()) == Some(0))
    }

    pub(crate) fn quota(&self) -> Option<Quota> {
        let told = members(self.rate_limit?.as_bytes(), ["r", "t"])?;
        let known = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok());
        let policies = told.into_iter().filter_map(|[r, t]| Some((known(r)?, known(t))));
        let quota = |(remaining, reset): (u64, Option<u64>)| Quota {
            remaining,
            reset: reset.filter(|_| remaining == 0).map(Duration::from_secs),
        };
        // The strictest: the least that remains, for the longest.
        policies.map(quota).reduce(|one, other| match one.remaining.cmp(&other.remaining) {
            std::cmp::Ordering::Equal => Quota { reset: one.reset.max(other.reset), ..one },
            std::cmp::Ordering::Less => one,
            std::cmp::Ordering::Greater => other,
        })
    }
}

/// Digits alone; however many there are.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

/// A date in any of the three forms that HTTP knows, as the time since 1970.
fn date(text: &str) -> Option<Duration> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    date.duration_since(std::time::UNIX_EPOCH).ok()
}
