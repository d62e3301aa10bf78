//! tokio's clock as the throttle's timer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::Instant;
use tollgate_core::time::{Tick, Timer};

use crate::sleep::TokioSleep;

/// How much later than asked for tokio's alarms usually ring.
const ROUNDING: Duration = Duration::from_millis(1);

/// tokio's clock and alarms.
///
/// Made anywhere, before any runtime exists; its origin is the moment it is made.
///
/// # Where alarms ring
/// In the runtime from within which they are set, so that tokio's paused clock works in tests. Set from
/// outside of any runtime (a permit dropped on a plain thread, a future polled by another executor),
/// they ring on a helper thread, which is started the first time it is needed. The helper also stands
/// in for a runtime that shuts down or was built without timers, and for a current-thread runtime that
/// nobody runs at the moment: a throttle shared between runtimes goes on when one of them stops. (tokio
/// tells of some of these cases by a panic only, which is caught; its message may be seen.)
///
/// # Resolution
/// tokio counts in milliseconds and rounds up twice, so that its sleeps come a good millisecond late as a
/// rule. This timer asks for an alarm a millisecond before the deadline, which then usually rings on it;
/// one that does ring early is set again for the rest.
///
/// # Paused time
/// In a runtime with a paused clock, time is virtual within that runtime only. A plain thread reads the
/// real clock, so a test on paused time should touch its throttle from within its runtime alone.
///
/// # Sharing
/// One instance serves one throttle: it keeps what was last asked for, to tell why an alarm rang early.
/// A clone has the same origin and is an instance of its own.
#[derive(Debug)]
pub struct TokioTimer {
    origin: Instant,
    /// What tokio was asked for last, in nanoseconds since the origin.
    asked: AtomicU64,
    /// The helper rang in the stead of a runtime that nobody runs, or whose clock is paused.
    stood_in: Arc<AtomicBool>,
}

impl TokioTimer {
    /// A timer whose origin is now.
    #[must_use]
    pub fn new() -> Self {
        Self::since(Instant::now())
    }

    fn since(origin: Instant) -> Self {
        Self { origin, asked: AtomicU64::new(0), stood_in: Arc::default() }
    }

    fn instant(&self, tick: Tick) -> Instant {
        // An instant so far off that it cannot be told is as good as one in a century.
        let century = Duration::from_secs(100 * 365 * 24 * 60 * 60);
        let after = Duration::from_nanos(tick.as_nanos());
        self.origin.checked_add(after).unwrap_or_else(|| Instant::now() + century)
    }
}

/// A clone has the same origin, so that their ticks can be compared.
impl Clone for TokioTimer {
    fn clone(&self) -> Self {
        Self::since(self.origin)
    }
}

impl Default for TokioTimer {
    fn default() -> Self {
        Self::new()
    }
}

impl Timer for TokioTimer {
    type Sleep = TokioSleep;

    fn now(&self) -> Tick {
        let elapsed = Instant::now().saturating_duration_since(self.origin);
        Tick::from_nanos(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
    }

    fn sleep_until(&self, deadline: Tick) -> TokioSleep {
        let left = deadline.since(self.now());
        let ask = if left > ROUNDING { deadline.as_nanos() - nanos(ROUNDING) } else { deadline.as_nanos() };
        self.asked.store(ask, Ordering::Relaxed);
        self.stood_in.store(false, Ordering::Relaxed);
        let at = self.instant(Tick::from_nanos(ask));
        match Handle::try_current() {
            Ok(handle) => TokioSleep::within(&handle, at, &self.stood_in),
            Err(_) => TokioSleep::outside(at),
        }
    }

    fn sleep_again(&self, deadline: Tick) -> TokioSleep {
        // By the real clock, while the runtime's own is paused, the helper may ring early too.
        let stood_in = self.stood_in.swap(false, Ordering::Relaxed);
        if stood_in || self.now().as_nanos() >= self.asked.load(Ordering::Relaxed) {
            return self.sleep_until(deadline);
        }
        // tokio's own alarms ring before what was asked for only when their runtime shuts down.
        TokioSleep::outside(self.instant(deadline))
    }
}

const fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}
