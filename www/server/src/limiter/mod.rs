//! The rate limiter: who gets in, decided on a time that is handed in.
//!
//! Nothing here reads a clock, sleeps or locks. Every time is the [`Duration`] since the
//! server's start, must not go backwards, and is taken to the nanosecond: the algorithms count
//! in whole nanoseconds and never in floating point, so the edges of windows are exact.

mod bucket;
mod fixed;
mod sliding;
mod spacing;

use std::fmt;
use std::time::Duration;

use crate::config::Algorithm;

/// A rate limiter of one of the [algorithms](Algorithm), or none at all.
///
/// ```
/// use std::time::Duration;
/// use tollgate_server::{Algorithm, limiter::Limiter};
///
/// let period = Duration::from_secs(1);
/// let mut limiter = Limiter::new(Algorithm::Sliding, 1, period);
/// assert!(limiter.decide(Duration::ZERO).accepted);
/// assert!(!limiter.decide(period - Duration::from_nanos(1)).accepted);
/// assert!(limiter.decide(period).accepted);
/// ```
pub struct Limiter {
    rule: Option<Box<dyn Rule>>,
}

/// What the limiter says to one arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether the arrival gets in.
    pub accepted: bool,
    /// What is left after this decision; `None` if there is no rate limit.
    pub quota: Option<Quota>,
}

/// What a limiter would let in at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many requests would be accepted right now.
    pub remaining: u32,
    /// How long until `remaining` next grows on its own: with nothing remaining, the wait until
    /// a request is accepted again. Zero if it cannot grow any more.
    pub reset: Duration,
}

/// One algorithm's account of what was accepted.
///
/// Asking and recording are apart, so that past arrivals can be replayed into new limits.
trait Rule: Send {
    /// What is left at `now`.
    fn quota(&mut self, now: Duration) -> Quota;

    /// Counts a request accepted at `now`, whether or not there is quota for it.
    fn admit(&mut self, now: Duration);
}

impl Limiter {
    /// A limiter to which nothing has arrived yet. Capacity and period must not be zero.
    pub fn new(algorithm: Algorithm, capacity: u32, period: Duration) -> Self {
        let rule: Option<Box<dyn Rule>> = match algorithm {
            Algorithm::Fixed => Some(Box::new(fixed::FixedWindow::new(capacity, period))),
            Algorithm::Sliding => Some(Box::new(sliding::SlidingLog::new(capacity, period))),
            Algorithm::Bucket => Some(Box::new(bucket::TokenBucket::new(capacity, period))),
            Algorithm::Spacing => Some(Box::new(spacing::Spacing::new(capacity, period))),
            Algorithm::None => None,
        };
        Self { rule }
    }

    /// Decides on a request that arrives at `now`. One that is refused costs nothing.
    pub fn decide(&mut self, now: Duration) -> Decision {
        let Some(rule) = &mut self.rule else {
            return Decision { accepted: true, quota: None };
        };
        let accepted = rule.quota(now).remaining > 0;
        if accepted {
            rule.admit(now);
        }
        Decision { accepted, quota: Some(rule.quota(now)) }
    }

    /// What is left at `now`, without deciding on anything; `None` if there is no rate limit.
    pub fn quota(&mut self, now: Duration) -> Option<Quota> {
        self.rule.as_mut().map(|rule| rule.quota(now))
    }

    /// Counts a request that was accepted at `now`, even beyond the limit.
    ///
    /// Replaying all that was accepted into a new limiter makes it continue as if it had been in
    /// force from the start.
    pub fn admit(&mut self, now: Duration) {
        if let Some(rule) = &mut self.rule {
            rule.admit(now);
        }
    }
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_rate_limit_everything_gets_in() {
        let mut limiter = Limiter::new(Algorithm::None, 1, Duration::from_secs(1));
        for _ in 0..100 {
            let decision = limiter.decide(Duration::ZERO);
            assert!(decision.accepted);
            assert_eq!(decision.quota, None);
        }
    }

    #[test]
    fn a_refusal_promises_the_exact_next_moment() {
        // For every algorithm: refused one nanosecond before `now + reset`, accepted at it.
        // A period that the capacity does not divide makes the rounding visible.
        let period = Duration::from_nanos(1_000_000_007);
        for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Bucket, Algorithm::Spacing] {
            let mut limiter = Limiter::new(algorithm, 3, period);
            let mut now = Duration::from_nanos(11);
            for _ in 0..50 {
                while limiter.decide(now).accepted {}
                let reset = limiter.quota(now).expect("there is a rate limit").reset;
                let early = limiter.decide(now + reset - Duration::from_nanos(1));
                assert!(!early.accepted, "{algorithm:?} let one in too early");
                now += reset;
                assert!(limiter.decide(now).accepted, "{algorithm:?} is late");
            }
        }
    }
}
