//! The token bucket: starts full, refills continuously, and each request takes a token.

use std::time::Duration;

use super::{Quota, Rule};

/// A burst of up to `capacity`, then `capacity` per `period` evenly.
///
/// The level is counted in parts of a token, one `period`-in-nanoseconds-th each: then a
/// nanosecond refills exactly `capacity` parts, and no division ever rounds.
pub(super) struct TokenBucket {
    capacity: u128,
    /// Parts that make up one token: the period in nanoseconds.
    token: u128,
    level: u128,
    refilled: Duration,
}

impl TokenBucket {
    pub(super) fn new(capacity: u32, period: Duration) -> Self {
        let capacity = u128::from(capacity);
        let token = period.as_nanos();
        Self { capacity, token, level: capacity * token, refilled: Duration::ZERO }
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = (now - self.refilled).as_nanos();
        let full = self.capacity * self.token;
        self.level = full.min(self.level + elapsed * self.capacity);
        self.refilled = now;
    }
}

impl Rule for TokenBucket {
    fn quota(&mut self, now: Duration) -> Quota {
        self.refill(now);
        let tokens = self.level / self.token;
        let reset = if tokens == self.capacity {
            Duration::ZERO
        } else {
            let missing = self.token - self.level % self.token;
            Duration::from_nanos_u128(missing.div_ceil(self.capacity))
        };
        Quota { remaining: u32::try_from(tokens).unwrap_or(u32::MAX), reset }
    }

    fn admit(&mut self, now: Duration) {
        self.refill(now);
        self.level = self.level.saturating_sub(self.token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, limiter::Limiter};

    const MS: Duration = Duration::from_millis(1);
    const NS: Duration = Duration::from_nanos(1);

    #[test]
    fn a_full_burst_then_one_token_at_a_time() {
        let mut limiter = Limiter::new(Algorithm::Bucket, 4, 100 * MS);
        for _ in 0..4 {
            assert!(limiter.decide(7 * MS).accepted);
        }
        assert!(!limiter.decide(7 * MS).accepted);
        // A token takes 25 ms, and they do not have to be fetched at once to be kept.
        assert!(!limiter.decide(32 * MS - NS).accepted);
        assert!(limiter.decide(32 * MS).accepted);
        assert!(limiter.decide(82 * MS).accepted);
        assert!(limiter.decide(82 * MS).accepted);
        assert!(!limiter.decide(82 * MS).accepted);
    }

    #[test]
    fn parts_of_a_token_are_kept_and_the_bucket_does_not_overflow() {
        let mut rule = TokenBucket::new(3, 100 * MS);
        for _ in 0..3 {
            rule.admit(Duration::ZERO);
        }
        // A third of 100 ms is no whole number of nanoseconds: the wait is rounded up ...
        assert_eq!(rule.quota(Duration::ZERO).reset.as_nanos(), 33_333_334);
        // ... but the level is not rounded, so three tokens take exactly the period.
        for at in 1..100 {
            assert!(rule.quota(at * MS).remaining < 3);
        }
        assert!(rule.quota(100 * MS - NS).remaining < 3);
        let full = Quota { remaining: 3, reset: Duration::ZERO };
        assert_eq!(rule.quota(100 * MS), full);
        assert_eq!(rule.quota(10_000 * MS), full);
    }
}
