//! What a response says about when to come again.

use super::date::seconds;
use super::structured::members;

/// The fields of a response that matter here, as they came.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Fields<'a> {
    /// `Retry-After`: seconds, or a date.
    pub retry_after: Option<&'a [u8]>,
    /// `Date`: the server's clock.
    pub date: Option<&'a [u8]>,
    /// `RateLimit`: what remains, as structured fields.
    pub rate_limit: Option<&'a [u8]>,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<&'a [u8]>,
    /// `X-RateLimit-Reset`: seconds since 1970.
    pub reset: Option<&'a [u8]>,
}

/// What is left, by a `RateLimit` field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quota {
    /// The least that remains by any of the policies.
    pub(crate) remaining: u64,
    /// If nothing does: the seconds until there is more.
    pub(crate) reset: Option<u64>,
}

impl<'a> Fields<'a> {
    /// The names of the fields, in lower case, in this order.
    pub const NAMES: [&'static str; 5] =
        ["retry-after", "date", "ratelimit", "x-ratelimit-remaining", "x-ratelimit-reset"];

    /// Looks the fields up by their names.
    pub fn read(field: impl FnMut(&'static str) -> Option<&'a [u8]>) -> Self {
        let [retry_after, date, rate_limit, remaining, reset] = Self::NAMES.map(field);
        Self { retry_after, date, rate_limit, remaining, reset }
    }

    /// How long the server wants to be left alone. What is malformed says nothing.
    ///
    /// In seconds, as is `wall`, the local clock since 1970. The server's own is trusted more.
    pub(crate) fn wait(&self, wall: u64) -> Option<u64> {
        let now = self.date.and_then(date).unwrap_or(wall);
        if let Some(text) = self.retry_after
            && let Some(wait) = number(text).or_else(|| Some(date(text)?.saturating_sub(now)))
        {
            return Some(wait);
        }
        if let Some(wait) = self.quota().and_then(|quota| quota.reset) {
            return Some(wait);
        }
        let until = number(self.reset?)?.saturating_add(1);
        self.nothing_remains().then(|| until.saturating_sub(now))
    }

    /// Whether the older fields say that the quota is used up.
    pub(crate) fn nothing_remains(&self) -> bool {
        self.remaining.and_then(number) == Some(0)
    }

    /// The strictest of what it says: the least that remains, for the longest.
    pub(crate) fn quota(&self) -> Option<Quota> {
        let mut strictest: Option<Quota> = None;
        let whole = members(self.rate_limit?, *b"rt", &mut |[remaining, reset]| {
            let Some(remaining) = remaining else { return };
            let quota = Quota { remaining, reset: reset.filter(|_| remaining == 0) };
            let stricter = |than: &Quota| {
                remaining < than.remaining || (remaining == than.remaining && quota.reset > than.reset)
            };
            if strictest.as_ref().is_none_or(stricter) {
                strictest = Some(quota);
            }
        });
        strictest.filter(|_| whole)
    }
}

/// Digits alone, however many there are; the longest time there is for what is longer.
fn number(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    let add = |value: u64, byte: &u8| {
        byte.is_ascii_digit().then(|| (value * 10 + u64::from(byte - b'0')).min(MOST_SECONDS))
    };
    let number = digits.iter().try_fold(0, add)?;
    (!digits.is_empty()).then_some(number)
}

/// More than any clock will tell; and ten times as much is a number, too.
const MOST_SECONDS: u64 = 1_000_000_000_000_000_000;

/// A date, as the seconds since 1970.
fn date(text: &[u8]) -> Option<u64> {
    seconds(text.trim_ascii())
}
