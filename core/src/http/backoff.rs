//! How long to wait when nobody says.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::random::Random;
use crate::time::nanos;

/// How long to wait before a retry, where the server does not say.
#[derive(Clone)]
#[non_exhaustive]
pub enum Backoff {
    /// Anything from nothing up to `base` times 2 to the number of retries before, and at most `cap`: those who
    /// failed together do not come back together.
    FullJitter {
        /// The most before the first retry.
        base: Duration,
        /// The most before any.
        cap: Duration,
    },
    /// So much before the first retry, twice as much before the second, and so on.
    Linear(Duration),
    /// The same before each.
    Fixed(Duration),
    /// Whatever this says, told how many retries there were before.
    Custom(Arc<dyn Fn(u32) -> Duration + Send + Sync>),
}

impl fmt::Debug for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FullJitter { base, cap } => {
                f.debug_struct("FullJitter").field("base", base).field("cap", cap).finish()
            }
            Self::Linear(step) => f.debug_tuple("Linear").field(step).finish(),
            Self::Fixed(wait) => f.debug_tuple("Fixed").field(wait).finish(),
            Self::Custom(_) => f.write_str("Custom"),
        }
    }
}

impl Default for Backoff {
    /// Full jitter from half a second, up to 30 seconds.
    fn default() -> Self {
        Self::FullJitter { base: Duration::from_millis(500), cap: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The nanoseconds to wait after so many retries.
    pub(crate) fn after(&self, retries: u32, random: &Random) -> u64 {
        let (step, factor) = match self {
            Self::FullJitter { base, .. } => (*base, 1_u64.checked_shl(retries).unwrap_or(u64::MAX)),
            Self::Linear(step) => (*step, u64::from(retries) + 1),
            Self::Fixed(wait) => (*wait, 1),
            Self::Custom(wait) => (wait(retries), 1),
        };
        let wait = nanos(step).saturating_mul(factor);
        if let Self::FullJitter { cap, .. } = self { random.below(wait.min(nanos(*cap))) } else { wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_grow_as_they_say_and_never_overflow() {
        let random = Random::new(1);
        let waits = |backoff: Backoff| [0, 1, 2, u32::MAX].map(|retries| backoff.after(retries, &random));
        assert_eq!(waits(Backoff::Fixed(seconds(1))), [SECOND; 4]);
        assert_eq!(waits(Backoff::Linear(seconds(1)))[..3], [SECOND, 2 * SECOND, 3 * SECOND]);
        assert_eq!(waits(Backoff::Linear(Duration::MAX)), [u64::MAX; 4]);
        assert_eq!(
            waits(Backoff::Custom(Arc::new(|n| seconds(u64::from(n.min(5)))))),
            [0, SECOND, 2 * SECOND, 5 * SECOND]
        );
        let capped = waits(Backoff::FullJitter { base: Duration::MAX, cap: seconds(9) });
        assert!(capped.iter().all(|&wait| wait < 9 * SECOND));
        assert_eq!(waits(Backoff::FullJitter { base: Duration::ZERO, cap: seconds(9) }), [0; 4]);
    }

    #[test]
    fn full_jitter_is_spread_over_all_that_is_allowed() {
        let random = Random::new(5);
        for (retries, most) in [(0, 500), (1, 1_000), (3, 4_000), (6, 30_000), (40, 30_000)] {
            let wait = || Backoff::default().after(retries, &random) / 1_000_000;
            let waits: Vec<u64> = (0..1_000).map(|_| wait()).collect();
            assert!(waits.iter().all(|&wait| wait < most));
            let mean = waits.iter().sum::<u64>() / 1_000;
            assert!(mean.abs_diff(most / 2) < most / 20, "{mean} of {most}");
        }
    }
}
