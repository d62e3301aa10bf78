//! The fixed window: a counter that starts anew at every multiple of the period.

use std::time::Duration;

use super::{Quota, Rule};

/// Up to `capacity` requests in each window `[k * period, (k + 1) * period)` from the start.
///
/// Across an edge, up to twice the capacity gets in within one period: that is how fixed
/// windows are, and why a client should be tested against them.
pub(super) struct FixedWindow {
    capacity: u32,
    period: u128,
    window: u128,
    count: u32,
}

impl FixedWindow {
    pub(super) fn new(capacity: u32, period: Duration) -> Self {
        Self { capacity, period: period.as_nanos(), window: 0, count: 0 }
    }

    /// Moves on to the window that holds `now`.
    fn advance(&mut self, now: Duration) {
        let window = now.as_nanos() / self.period;
        if window != self.window {
            self.window = window;
            self.count = 0;
        }
    }
}

impl Rule for FixedWindow {
    fn quota(&mut self, now: Duration) -> Quota {
        self.advance(now);
        let end = (self.window + 1) * self.period;
        let reset = match self.count {
            0 => Duration::ZERO,
            _ => Duration::from_nanos_u128(end - now.as_nanos()),
        };
        Quota { remaining: self.capacity.saturating_sub(self.count), reset }
    }

    fn admit(&mut self, now: Duration) {
        self.advance(now);
        self.count = self.count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Algorithm, limiter::Limiter};

    const MS: Duration = Duration::from_millis(1);
    const NS: Duration = Duration::from_nanos(1);

    #[test]
    fn windows_are_aligned_to_the_start_and_half_open() {
        let mut limiter = Limiter::new(Algorithm::Fixed, 2, 100 * MS);
        // Two at the very end of the first window, two at the very start of the second.
        let accepted =
            [100 * MS - NS, 100 * MS - NS, 100 * MS - NS, 100 * MS].map(|at| limiter.decide(at).accepted);
        assert_eq!(accepted, [true, true, false, true]);
        assert!(limiter.decide(200 * MS - NS).accepted);
        assert!(!limiter.decide(200 * MS - NS).accepted);
        assert!(limiter.decide(200 * MS).accepted);
    }

    #[test]
    fn the_quota_counts_down_to_the_edge() {
        let mut rule = FixedWindow::new(2, 100 * MS);
        let quota = |remaining, reset| Quota { remaining, reset };
        assert_eq!(rule.quota(30 * MS), quota(2, Duration::ZERO));
        rule.admit(30 * MS);
        assert_eq!(rule.quota(30 * MS), quota(1, 70 * MS));
        rule.admit(99 * MS);
        assert_eq!(rule.quota(99 * MS), quota(0, MS));
        assert_eq!(rule.quota(100 * MS), quota(2, Duration::ZERO));
    }
}
