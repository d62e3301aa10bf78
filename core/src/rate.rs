//! What may be admitted when: the rates, as pure arithmetic over [`Tick`](crate::time::Tick).

mod bucket;
mod meter;
mod room;
mod smooth;
mod stepped;
mod window;

use std::time::Duration;

use crate::config::{ConfigError, Value};
use crate::time::nanos;
use crate::units::{MAX_UNITS, Speed, UNIT, to_micros_of_limit};
pub(crate) use meter::{Meter, Uncharged, Verdict};

/// So many units in each period, and how they are to be spread.
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::Rate;
///
/// let second = Duration::from_secs(1);
/// Rate::new(100.0, second);                    // at most 100 in any second
/// Rate::new(100.0, second).smooth();           // one each 10 ms
/// Rate::new(100.0, second).bucket(20.0);       // 20 at once, refilled at 100 per second
/// Rate::new(500.0, 60 * second).until_answered();
/// ```
///
/// The values are checked when a throttle is built from them: [`ConfigError`].
///
/// # Which pacing
/// - [`Window`](Pacing::Window), the default, uses the full quota and is accepted by servers that count
///   in fixed windows, in sliding windows, or with a bucket of the same size.
/// - [`Smooth`](Pacing::Smooth) for servers that dislike bursts.
/// - [`Bucket`](Pacing::Bucket) when the server says that it is one, and how large.
/// - [`Stepped`](Pacing::Stepped) for compatibility with limiters that refill once per period.
///
/// # Units
/// Capacities and costs are counted in millionths. A capacity below 1 means a burst of 1 and the longer
/// spacing that the rate implies: 0.5 per second is one every two seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    capacity: f64,
    period: Duration,
    pacing: Pacing,
    counting: Counting,
}

/// How a [`Rate`] spreads its admissions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Pacing {
    /// Exact sliding window: in no window of one period, wherever it starts, more than the capacity.
    ///
    /// The log behind it is exact up to 4096 admissions per period. Above that, neighbours are counted
    /// together as of the latest of them, at a loss of at most 1/4096 of the quota.
    #[default]
    Window,
    /// Token bucket: holds `burst` units, starts full, and is refilled continuously at the rate.
    ///
    /// In any time `t`, at most `burst + capacity * t / period` are admitted. A burst of 1 gives strict
    /// spacing, which never makes up for a late wake-up. (The arithmetic is that of the generic cell
    /// rate algorithm, ITU-T I.371.)
    Bucket {
        /// Units that may be saved up.
        burst: f64,
    },
    /// Token bucket that is refilled in steps: once at least one `interval` has passed since the last
    /// refill, by all the time that has passed since.
    ///
    /// Around a step up to twice the burst can pass in a moment; servers with sliding windows will
    /// refuse some of that.
    Stepped {
        /// Units that may be saved up.
        burst: f64,
        /// Time between refills; the rate's period if absent.
        interval: Option<Duration>,
    },
    /// Evenly spaced: each admission has its place in a schedule.
    ///
    /// A late wake-up is caught up while somebody waits for this rate, but never beyond the capacity in
    /// any period. Time in which nobody waited earns no credit.
    ///
    /// After a stall of a whole period, the capacity of each period comes in one burst for as long as it is all
    /// used. Above 4096 calls per period, places are kept to 1/2048 of a period.
    Smooth,
}

/// How long an admission counts against a [`Rate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Counting {
    /// From its admission on, for one period.
    #[default]
    FromAdmission,
    /// From its admission until one period after its permit is given back.
    ///
    /// The server stamps a call somewhere between the two, so no delay on the network, however uneven,
    /// can make it see more than the capacity in a period. This costs about one round trip per period.
    UntilAnswered,
}

impl Rate {
    /// `capacity` units in each `period`; window pacing, counted from admission.
    #[must_use]
    pub const fn new(capacity: f64, period: Duration) -> Self {
        Self { capacity, period, pacing: Pacing::Window, counting: Counting::FromAdmission }
    }

    /// `capacity` units per second.
    #[must_use]
    pub const fn per_second(capacity: f64) -> Self {
        Self::new(capacity, Duration::from_secs(1))
    }

    /// `capacity` units per minute.
    #[must_use]
    pub const fn per_minute(capacity: f64) -> Self {
        Self::new(capacity, Duration::from_secs(60))
    }

    /// Paces by an exact sliding window: [`Pacing::Window`].
    #[must_use]
    pub const fn window(self) -> Self {
        self.pacing(Pacing::Window)
    }

    /// Paces by a token bucket that holds `burst` units, the most that one call can cost: [`Pacing::Bucket`].
    #[must_use]
    pub const fn bucket(self, burst: f64) -> Self {
        self.pacing(Pacing::Bucket { burst })
    }

    /// Paces by a token bucket that is refilled once per period: [`Pacing::Stepped`].
    #[must_use]
    pub const fn stepped(self, burst: f64) -> Self {
        self.pacing(Pacing::Stepped { burst, interval: None })
    }

    /// Spaces admissions evenly: [`Pacing::Smooth`].
    #[must_use]
    pub const fn smooth(self) -> Self {
        self.pacing(Pacing::Smooth)
    }

    /// Paces as told.
    #[must_use]
    pub const fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Counts each call until it is answered: [`Counting::UntilAnswered`].
    #[must_use]
    pub const fn until_answered(self) -> Self {
        self.counting(Counting::UntilAnswered)
    }

    /// Counts as told.
    #[must_use]
    pub const fn counting(mut self, counting: Counting) -> Self {
        self.counting = counting;
        self
    }

    /// The units in each period.
    #[must_use]
    pub const fn capacity(&self) -> f64 {
        self.capacity
    }

    /// The period.
    #[must_use]
    pub const fn period(&self) -> Duration {
        self.period
    }

    /// Whether calls count until they are answered.
    pub(crate) fn is_until_answered(&self) -> bool {
        self.counting == Counting::UntilAnswered
    }

    /// Checks all values and works out what the pacings need.
    pub(crate) fn plan(&self) -> Result<Plan, ConfigError> {
        let units = "a number above 0, at most 1e12";
        let positive = |name, value: f64| match value {
            _ if value > 0.0 && value <= MAX_UNITS => Ok(to_micros_of_limit(value)),
            _ => Err(ConfigError::new(name, Value::Number(value), units)),
        };
        let time = |name, value: Duration| match nanos(value) {
            0 | u64::MAX => {
                let allowed = "at least a nanosecond and less than 584 years";
                Err(ConfigError::new(name, Value::Time(value), allowed))
            }
            nanos => Ok(nanos),
        };
        let capacity = positive("capacity", self.capacity)?.max(UNIT);
        let period = time("period", self.period)?;
        let (burst, interval) = match self.pacing {
            Pacing::Window | Pacing::Smooth => (capacity, period),
            Pacing::Bucket { burst } => (positive("burst", burst)?, period),
            Pacing::Stepped { burst, interval } => {
                (positive("burst", burst)?, time("interval", interval.unwrap_or(self.period))?)
            }
        };
        let speed = Speed::new(self.capacity, period, burst);
        let spacing = speed.nanos(speed.span(UNIT));
        if spacing == u64::MAX {
            let allowed = "large enough for one unit in 584 years";
            return Err(ConfigError::new("capacity", Value::Number(self.capacity), allowed));
        }
        // Below one unit per period, the window is that in which one unit comes together.
        let window = if self.capacity < 1.0 { spacing } else { period };
        Ok(Plan { capacity, window, burst, interval, speed })
    }
}

/// A [`Rate`] with its values checked and made whole numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// What may be admitted in one window; at least one unit.
    pub(crate) capacity: u64,
    /// The length of that window in nanoseconds.
    pub(crate) window: u64,
    /// The most that can be admitted at once.
    pub(crate) burst: u64,
    /// The nanoseconds between refills of a stepped bucket.
    pub(crate) interval: u64,
    pub(crate) speed: Speed,
}
