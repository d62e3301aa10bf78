//! The one alarm: set while somebody waits on time, and for exactly when it is worth looking again.

use std::time::Duration;

use tollgate_core::time::{ManualTimer, Tick, Timer, Wake};

/// What is known about the alarm that is set.
pub(crate) struct AlarmBook {
    /// How alarms ring that are set from now on.
    pub(crate) wake: Wake,
    due: Option<u64>,
    /// The deadline and the time of the ring, by the timer's clock, as of when it was set.
    exact: Option<Tick>,
    rings: Option<Tick>,
    set_ever: u64,
}

impl AlarmBook {
    pub(crate) fn new(wake: Wake) -> Self {
        Self { wake, due: None, exact: None, rings: None, set_ever: 0 }
    }

    /// The alarm that was set before is of no use any more, unless it happens to be right.
    pub(crate) fn must_be_exact(&mut self) {
        self.due = None;
    }

    /// Compares the alarm with when the model says that somebody may go; `now` is the model's time.
    pub(crate) fn compare(&mut self, timer: &ManualTimer, due: Option<u64>, now: u64) {
        let (rings, set_ever) = (timer.next_alarm(), timer.armed_ever());
        assert_eq!(timer.armed(), usize::from(due.is_some()), "alarms set, where somebody is due at {due:?}");
        if let Some(due) = due {
            let deadline = timer.now().as_nanos() + due.saturating_sub(now);
            let exact = Some(Tick::from_nanos(deadline));
            let early_by = |by: Duration| {
                let early = deadline.saturating_sub(by.as_nanos() as u64);
                Some(Tick::from_nanos(early.max(timer.now().as_nanos())))
            };
            let as_told = match self.wake {
                Wake::OnTime => rings == exact,
                Wake::Late(by) => rings == exact.map(|tick| tick + by),
                // Once; then on time.
                Wake::Early(by) => rings == exact || rings == early_by(by),
                Wake::Frozen => rings.is_none(),
            };
            let same =
                (Some(due), rings) == (self.due, self.rings) || (exact, rings) == (self.exact, self.rings);
            let as_before = set_ever == self.set_ever && same;
            let wake = self.wake;
            assert!(
                as_told || as_before,
                "the alarm rings at {rings:?}, {wake:?}, and should be for {exact:?}"
            );
            if set_ever != self.set_ever {
                self.exact = exact;
            }
        }
        (self.due, self.rings, self.set_ever) = (due, rings, set_ever);
    }
}
