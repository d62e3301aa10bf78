//! Time as the throttle sees it: a [`Tick`] to compare, and a [`Timer`] to read and to wait on.

mod manual;
mod steady;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use manual::{ManualSleep, ManualTimer, Wake};
pub(crate) use steady::Steady;

/// A point in time: nanoseconds since the timer's own origin.
///
/// Ticks of different timers cannot be compared. A `u64` of nanoseconds lasts for 584 years.
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::time::Tick;
///
/// let tick = Tick::from_nanos(1_000) + Duration::from_micros(2);
/// assert_eq!(tick.as_nanos(), 3_000);
/// assert_eq!(tick.since(Tick::from_nanos(1_000)), Duration::from_micros(2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub(crate) u64);

impl Tick {
    /// The timer's origin.
    pub const ZERO: Self = Self(0);
    /// The last tick there is. Something due then is never due.
    pub const MAX: Self = Self(u64::MAX);

    /// The tick this many nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this tick; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Saturates at [`Tick::MAX`].
impl std::ops::Add<Duration> for Tick {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl fmt::Debug for Tick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tick({}ns)", self.0)
    }
}

/// The nanoseconds of a duration, saturating after 584 years.
#[inline(never)]
pub(crate) fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs();
    if seconds > u64::MAX / NANOS_PER_SECOND {
        return u64::MAX;
    }
    (seconds * NANOS_PER_SECOND).saturating_add(u64::from(duration.subsec_nanos()))
}

pub(crate) const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A clock to read and an alarm to wait on: what a throttle needs from its platform.
///
/// The throttle trusts [`now`](Timer::now) and nothing else. A wake-up only makes it look at the
/// clock again, so an alarm that rings early, late or twice costs a look and changes no decision.
///
/// # Shape
/// The throttle itself is what the alarm wakes, and a [`Waker`](std::task::Waker) may travel to any
/// thread; hence the `Send` and `Sync` bounds. A platform whose alarms are bound to one thread wraps
/// them in something that checks the thread.
///
/// A sleep is polled once, with the throttle's waker, and is dropped when it has rung or is no
/// longer wanted. It is created and polled outside every lock.
///
/// # What an implementation must keep
/// - `now` does not go back as seen from one thread after another. Should the source step back all
///   the same, the throttle counts that step as no time at all and goes on from the new reading.
/// - A sleep whose deadline has not come is not ready on its first poll.
/// - A sleep whose deadline has come is ready on its first poll, or wakes its waker soon.
pub trait Timer: Send + Sync + 'static {
    /// The alarm: completes at the deadline, or somewhat early or late.
    type Sleep: Future<Output = ()> + Send + 'static;

    /// The current time.
    fn now(&self) -> Tick;

    /// An alarm for `deadline`, in this timer's own ticks.
    fn sleep_until(&self, deadline: Tick) -> Self::Sleep;

    /// An alarm for `deadline`, after the last one rang before its time.
    ///
    /// For platforms where an early ring has a meaning: that whatever drives the alarms is going away,
    /// say.
    fn sleep_again(&self, deadline: Tick) -> Self::Sleep {
        self.sleep_until(deadline)
    }
}
