//! What a server's word does to a throttle.

use std::time::Duration;

use super::Throttle;
use crate::events::Reason;
use crate::time::{Tick, Timer, nanos};
use crate::units::{MAX_UNITS, to_micros};

/// For clients of a server that says when it has had enough.
impl<T: Timer> Throttle<T> {
    /// Holds everybody off for so long, because the server has refused a call that was sent at `sent`; after that, the
    /// rates start from empty.
    ///
    /// As [`pause`](Self::pause), it only ever extends one that is on. A server that has just refused is not sent a
    /// burst as soon as it takes calls again: bucket and stepped are empty at that time, and of a window's units so many
    /// count as used that they come back evenly over one period. An even schedule goes on as ever.
    ///
    /// Answers to calls that were sent before the server refused another one may extend the pause, and change nothing
    /// else.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tollgate_core::{Rate, Throttle, time::{ManualTimer, Timer}};
    ///
    /// let timer = ManualTimer::new();
    /// let rate = Rate::per_second(10.0).bucket(10.0);
    /// let throttle = Throttle::builder_on(timer.clone()).rate(rate).build()?;
    /// throttle.hold_off(Duration::from_secs(2), timer.now());
    /// timer.advance(Duration::from_secs(2));
    /// assert_eq!(throttle.available(), 0.0);
    /// timer.advance(Duration::from_millis(100));
    /// assert_eq!(throttle.available(), 1.0);
    /// # Ok::<(), tollgate_core::ConfigError>(())
    /// ```
    pub fn hold_off(&self, duration: Duration, sent: Tick) {
        let nanos = nanos(duration);
        let holds = self.engine().change(|state, now| {
            let sent = state.steady_at(sent);
            state.book.limits.hold_off(now, Tick(now.0.saturating_add(nanos)), sent)
        });
        self.engine().voice().paused(holds, duration, Reason::Server);
    }

    /// Uses up units until no rate would let in more than `remaining` at once, because the server says that so many
    /// remain. Where less is there already, and where `remaining` is no number from 0 up, nothing changes.
    pub fn tighten(&self, remaining: f64) {
        if remaining >= 0.0 {
            let remaining = to_micros(remaining.min(MAX_UNITS));
            self.engine().change(|state, now| state.book.limits.tighten(now, remaining));
        }
    }
}
