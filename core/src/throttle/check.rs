//! Looking without entering.

use std::time::Duration;

use super::Throttle;
use super::error::CostError;
use super::lines::checked_cost;
use crate::limits::Held;
use crate::time::Timer;

/// What a call would meet: [`Throttle::check`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// It would be let in at once.
    Ready,
    /// It would have to wait; or be refused, if as many wait as may.
    Wait {
        /// At least so long, as things stand: zero if it depends on others only; longer, if others must end first.
        at_least: Duration,
        /// What holds it back the longest.
        by: Hold,
    },
    /// It would be refused.
    Never(CostError),
    /// The throttle is closed.
    Closed,
}

/// What holds a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold {
    /// Others wait in front of it.
    Line,
    /// No slot is free.
    Slot,
    /// A pause is on.
    Pause,
    /// The rate of this index, in the order in which they were configured.
    Rate(usize),
}

impl Check {
    /// Whether the call would be let in at once.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

impl<T: Timer> Throttle<T> {
    /// Would a call of this cost be let in now, and if not, when at the earliest, or why never?
    ///
    /// Takes nothing, and promises nothing: somebody else may come first.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tollgate_core::{Check, Hold, Rate, Throttle, time::ManualTimer};
    ///
    /// let throttle = Throttle::builder_on(ManualTimer::new()).rate(Rate::per_second(2.0)).build()?;
    /// assert!(throttle.check(2.0).is_ready());
    /// let _inside = throttle.try_acquire()?;
    /// let wait = Check::Wait { at_least: Duration::from_secs(1), by: Hold::Rate(0) };
    /// assert_eq!(throttle.check(2.0), wait);
    /// assert!(matches!(throttle.check(3.0), Check::Never(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn check(&self, cost: f64) -> Check {
        self.engine().look(|state, now| {
            if state.closed {
                return Check::Closed;
            }
            let waiting = state.waiting() > 0;
            let front = state.due();
            let limits = &mut state.book.limits;
            let cost = match checked_cost(cost, limits) {
                Ok(cost) => cost,
                Err(error) => return Check::Never(error),
            };
            match limits.check(now, cost) {
                Some((until, by)) => Check::Wait { at_least: until.since(now), by: by.into() },
                None if waiting => {
                    let at_least = front.map_or(Duration::ZERO, |due| due.since(now));
                    Check::Wait { at_least, by: Hold::Line }
                }
                None => Check::Ready,
            }
        })
    }
}

impl From<Held> for Hold {
    fn from(held: Held) -> Self {
        match held {
            Held::Slot => Self::Slot,
            Held::Pause => Self::Pause,
            Held::Rate(index) => Self::Rate(index),
        }
    }
}
