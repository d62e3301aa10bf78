//! What a server says of its limits before they are reached.

use std::time::Duration;

use super::structured::members;
use crate::rate::Rate;
use crate::time::nanos;
use crate::units::MAX_UNITS;

/// One policy of a `RateLimit-Policy` field (draft-ietf-httpapi-ratelimit-headers): so many units per window.
///
/// Nothing acts on it by itself. It can be made a rate besides those that are configured; together they are never
/// looser than before:
///
/// ```
/// use tollgate_core::{Rate, Throttle, time::ManualTimer};
/// use tollgate_core::http::QuotaPolicy;
///
/// let throttle = Throttle::builder_on(ManualTimer::new()).rate(Rate::per_second(100.0)).build()?;
/// let policies = QuotaPolicy::read(br#""burst";q=20;w=1, "daily";q=5000;w=86400"#).unwrap_or_default();
/// let rates = policies.iter().filter_map(QuotaPolicy::rate).map(Rate::until_answered);
/// let settings = rates.fold(throttle.settings(), |settings, rate| settings.rate(rate));
/// throttle.update(settings)?;
/// assert_eq!(throttle.available(), 20.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaPolicy {
    /// `q`: units per window.
    pub quota: u64,
    /// `w`, if there is one.
    pub window: Option<Duration>,
}

impl QuotaPolicy {
    /// The policies of a field, in its order; those without a quota say nothing. None if the field is malformed, which
    /// is to be taken for absent.
    #[must_use]
    pub fn read(field: &[u8]) -> Option<Vec<Self>> {
        let mut policies = Vec::new();
        let whole = members(field, *b"qw", |[quota, window]| {
            let policy = |quota| Self { quota, window: window.map(Duration::from_secs) };
            policies.extend(quota.map(policy));
        });
        whole.then_some(policies)
    }

    /// The same as a rate that a throttle can have: none if it has no window, or one of no length, if nothing is allowed
    /// at all, or if one of the numbers is larger than a rate's can be.
    #[must_use]
    pub fn rate(&self) -> Option<Rate> {
        let window = self.window.filter(|&window| !matches!(nanos(window), 0 | u64::MAX))?;
        let capacity = self.quota as f64;
        (capacity > 0.0 && capacity <= MAX_UNITS).then(|| Rate::new(capacity, window))
    }
}
