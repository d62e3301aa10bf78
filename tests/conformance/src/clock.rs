//! The clock of a scenario: seconds to the scenario, ticks to the library.
//!
//! Some timers are coarser than the microsecond to which scenarios are exact (tokio's has a millisecond).
//! On those, time is stretched: one second of the scenario is many of the timer, and whatever is handed
//! to the library is stretched likewise.

mod jump;
mod stretch;

use std::time::Duration;

use tollgate_core::time::{Tick, Timer};

pub use jump::{JumpSleep, JumpTimer};
pub use stretch::stretch_for;

const NANOS_PER_SEC: f64 = 1e9;

/// The clock of one run of a scenario.
pub struct Clock<T: Timer> {
    timer: JumpTimer<T>,
    stretch: u32,
}

impl<T: Timer> Clone for Clock<T> {
    fn clone(&self) -> Self {
        Self { timer: self.timer.clone(), stretch: self.stretch }
    }
}

impl<T: Timer> Clock<T> {
    /// A clock whose scenario begins now, and whose library is told that it is `start` seconds then, and as
    /// many more as it will jump back.
    ///
    /// The start is not stretched: all that matters about it is that it is large.
    pub fn new(timer: T, stretch: u32, start: f64, back: f64) -> Self {
        let start = whole_nanos(start) + whole_nanos(back) * u128::from(stretch);
        Self { timer: JumpTimer::new(timer, u64::try_from(start).unwrap_or(u64::MAX)), stretch }
    }

    /// The timer for the library: it jumps when told to.
    pub fn timer(&self) -> JumpTimer<T>
    where
        T: Clone,
    {
        self.timer.under_test()
    }

    /// How many alarms the library has set.
    pub fn alarms_under_test(&self) -> usize {
        self.timer.alarms_under_test()
    }

    /// Seconds since the scenario began, without the jumps.
    pub fn seconds(&self) -> f64 {
        self.timer.unjumped().as_nanos() as f64 / (NANOS_PER_SEC * f64::from(self.stretch))
    }

    /// A span of the scenario as the library is to see it; none if it is negative or no number.
    pub fn span(&self, seconds: f64) -> Option<Duration> {
        if seconds.is_nan() || seconds < 0.0 {
            return None;
        }
        if seconds >= 1e18 {
            return Some(Duration::MAX);
        }
        let nanos = whole_nanos(seconds) * u128::from(self.stretch);
        let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        Some(u64::try_from(seconds).map_or(Duration::MAX, |seconds| Duration::new(seconds, nanos as u32)))
    }

    /// The reading of the underlying timer at a time of the scenario.
    pub fn reading_at(&self, seconds: f64) -> Tick {
        self.timer.zero() + self.span(seconds).unwrap_or_default()
    }

    /// Waits for a span of the scenario. Jumps shorten or lengthen it: there is one clock.
    pub async fn sleep(&self, seconds: f64) {
        let deadline = self.timer.now() + self.span(seconds).unwrap_or_default();
        while self.timer.now() < deadline {
            self.timer.sleep_until(deadline).await;
        }
    }

    /// The clock source jumps. Nothing rings yet.
    pub fn jump(&self, seconds: f64) {
        let nanos = whole_nanos(seconds.abs()) * u128::from(self.stretch);
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        self.timer.jump(if seconds < 0.0 { -nanos } else { nanos });
    }

    /// Rings the alarms that a jump has made due; returns how many rang.
    pub fn ring(&self) -> usize {
        self.timer.ring()
    }

    /// The reading of the underlying timer at which the next alarm is due.
    pub fn next_alarm(&self) -> Option<Tick> {
        self.timer.next_alarm()
    }
}

/// To whole nanoseconds before anything is multiplied, so that sums of spans stay what they should be.
fn whole_nanos(seconds: f64) -> u128 {
    (seconds * NANOS_PER_SEC).round() as u128
}
