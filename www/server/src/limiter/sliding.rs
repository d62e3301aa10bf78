//! The sliding log: every window of one period, wherever it begins, holds at most the capacity.

use std::time::Duration;

use super::{Quota, Rule};
use crate::trailing::TrailingWindow;

/// Up to `capacity` requests in any half-open window of length `period`.
///
/// It remembers every accepted arrival of the last period, so it is exact: two arrivals exactly
/// one period apart are in different windows.
pub(super) struct SlidingLog {
    capacity: u32,
    period: Duration,
    accepted: TrailingWindow,
}

impl SlidingLog {
    pub(super) fn new(capacity: u32, period: Duration) -> Self {
        Self { capacity, period, accepted: TrailingWindow::new(period) }
    }
}

impl Rule for SlidingLog {
    fn quota(&mut self, now: Duration) -> Quota {
        self.accepted.advance(now);
        let count = self.accepted.len();
        let capacity = self.capacity as usize;
        // Usually the oldest one makes room; beyond the capacity (limits were lowered) so many
        // more have to leave first.
        let reset = match self.accepted.get(count.saturating_sub(capacity)) {
            Some(leaves_first) => leaves_first + self.period - now,
            None => Duration::ZERO,
        };
        Quota { remaining: u32::try_from(capacity.saturating_sub(count)).unwrap_or(u32::MAX), reset }
    }

    fn admit(&mut self, now: Duration) {
        self.accepted.push(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, limiter::Limiter};

    const MS: Duration = Duration::from_millis(1);
    const NS: Duration = Duration::from_nanos(1);

    #[test]
    fn one_period_apart_is_far_enough_and_a_nanosecond_less_is_not() {
        let mut limiter = Limiter::new(Algorithm::Sliding, 2, 100 * MS);
        assert!(limiter.decide(10 * MS).accepted);
        assert!(limiter.decide(50 * MS).accepted);
        assert!(!limiter.decide(110 * MS - NS).accepted);
        assert!(limiter.decide(110 * MS).accepted);
        assert!(!limiter.decide(150 * MS - NS).accepted);
        assert!(limiter.decide(150 * MS).accepted);
    }

    #[test]
    fn no_burst_across_any_edge() {
        let mut limiter = Limiter::new(Algorithm::Sliding, 3, 100 * MS);
        let accepted: Vec<Duration> =
            (0..1000).map(|at| at * MS).filter(|&at| limiter.decide(at).accepted).collect();
        let expected: Vec<Duration> = (0..10).flat_map(|k| [0, 1, 2].map(|i| (100 * k + i) * MS)).collect();
        assert_eq!(accepted, expected);
    }

    #[test]
    fn above_the_capacity_enough_must_leave() {
        // Three of the past replayed into a capacity of two: two have to leave.
        let mut rule = SlidingLog::new(2, 100 * MS);
        for at in [0, 10, 20] {
            rule.admit(at * MS);
        }
        let expected = Quota { remaining: 0, reset: 80 * MS };
        assert_eq!(rule.quota(30 * MS), expected);
        assert_eq!(rule.quota(110 * MS).remaining, 1);
    }
}
