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
    /// The wait after so many retries.
    pub(crate) fn after(&self, retries: u32, random: &mut Random) -> Duration {
        match self {
            Self::FullJitter { base, cap } => {
                let factor = 1_u32.checked_shl(retries).unwrap_or(u32::MAX);
                Duration::from_nanos(random.below(nanos(base.saturating_mul(factor).min(*cap))))
            }
            Self::Linear(step) => step.saturating_mul(retries.saturating_add(1)),
            Self::Fixed(wait) => *wait,
            Self::Custom(wait) => wait(retries),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_as_they_say_and_never_overflow() {
        let mut random = Random(1);
        let mut waits =
            |backoff: Backoff| [0, 1, 2, u32::MAX].map(|retries| backoff.after(retries, &mut random));
        assert_eq!(waits(Backoff::Fixed(SECOND)), [SECOND; 4]);
        assert_eq!(waits(Backoff::Linear(SECOND))[..3], [SECOND, 2 * SECOND, 3 * SECOND]);
        assert_eq!(waits(Backoff::Linear(Duration::MAX)), [Duration::MAX; 4]);
        assert_eq!(
            waits(Backoff::Custom(Arc::new(|n| SECOND * n.min(5))))[1..],
            [SECOND, 2 * SECOND, 5 * SECOND]
        );
        assert!(
            waits(Backoff::FullJitter { base: Duration::MAX, cap: 9 * SECOND })
                .iter()
                .all(|&wait| wait < 9 * SECOND)
        );
    }

    #[test]
    fn full_jitter_is_spread_over_all_that_is_allowed() {
        let mut random = Random(5);
        for (retries, most) in [(0, 500), (1, 1_000), (3, 4_000), (6, 30_000), (40, 30_000)] {
            let waits: Vec<u128> =
                (0..1_000).map(|_| Backoff::default().after(retries, &mut random).as_millis()).collect();
            assert!(waits.iter().all(|&wait| wait < most));
            let mean = waits.iter().sum::<u128>() / 1_000;
            assert!(mean.abs_diff(most / 2) < most / 20, "{mean} of {most}");
        }
    }
}
