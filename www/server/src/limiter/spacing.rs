//! Spacing: no burst at all, one request per period / capacity.

use std::time::Duration;

use super::{Quota, Rule};

/// Refuses what comes less than `period / capacity` after the last accepted request.
pub(super) struct Spacing {
    interval: Duration,
    last: Option<Duration>,
}

impl Spacing {
    pub(super) fn new(capacity: u32, period: Duration) -> Self {
        // Times are whole nanoseconds, so rounding the interval up refuses exactly those that
        // come less than the true quotient later.
        let interval = period.as_nanos().div_ceil(u128::from(capacity));
        Self { interval: Duration::from_nanos_u128(interval), last: None }
    }
}

impl Rule for Spacing {
    fn quota(&mut self, now: Duration) -> Quota {
        let reset = match self.last {
            Some(last) => (last + self.interval).saturating_sub(now),
            None => Duration::ZERO,
        };
        Quota { remaining: u32::from(reset.is_zero()), reset }
    }

    fn admit(&mut self, now: Duration) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, limiter::Limiter};

    const MS: Duration = Duration::from_millis(1);
    const NS: Duration = Duration::from_nanos(1);

    #[test]
    fn measured_from_the_last_accepted_one() {
        let mut limiter = Limiter::new(Algorithm::Spacing, 10, 1000 * MS);
        assert!(limiter.decide(5 * MS).accepted);
        assert!(!limiter.decide(5 * MS).accepted);
        // The refused ones do not push the next chance away.
        assert!(!limiter.decide(105 * MS - NS).accepted);
        assert!(limiter.decide(105 * MS).accepted);
        // Nothing is saved up while idle.
        assert!(limiter.decide(900 * MS).accepted);
        assert!(!limiter.decide(999 * MS).accepted);
    }

    #[test]
    fn an_uneven_interval_is_exact() {
        // 1 s / 3 = 333_333_333.3 ns: one nanosecond below the quotient is too early.
        let mut limiter = Limiter::new(Algorithm::Spacing, 3, 1000 * MS);
        assert!(limiter.decide(Duration::ZERO).accepted);
        assert!(!limiter.decide(333_333_333 * NS).accepted);
        assert!(limiter.decide(333_333_334 * NS).accepted);
    }
}
