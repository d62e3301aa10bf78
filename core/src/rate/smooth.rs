//! Even spacing.

use super::window::WindowLog;
use super::{Plan, Verdict};
use crate::time::Tick;
use crate::units::{Micros, Speed};

/// A schedule with a place for each admission, and a window log that bounds the catching up.
#[derive(Debug)]
pub(crate) struct Smooth {
    speed: Speed,
    period: u64,
    /// The place of the next admission, as a position in the schedule.
    next: u128,
    log: WindowLog,
    /// Somebody waits for the next place, and for nothing else: what is late is not idle then.
    awaited: bool,
}

impl Smooth {
    pub(crate) fn new(plan: &Plan, log: WindowLog, now: Tick) -> Self {
        let next = plan.speed.at(now.0);
        Self { speed: plan.speed, period: plan.window, next, log, awaited: false }
    }

    /// When the schedule has a place for `cost` and the window has room for it.
    pub(crate) fn when(&mut self, now: Tick, cost: Micros, reserved: u128) -> Verdict {
        let room = self.log.when(now, cost, reserved);
        if cost == 0 || self.next <= self.speed.at(now.0) {
            return room;
        }
        room.max(Verdict::At(Tick(self.speed.nanos(self.next))))
    }

    /// Whether somebody waits for this rate's next place.
    pub(crate) fn awaited(&mut self, awaited: bool) {
        self.awaited = awaited;
    }

    /// Takes the next place in the schedule.
    pub(crate) fn admit(&mut self, now: Tick, cost: Micros) {
        // What could not have been admitted within one period is not caught up.
        let earliest = if self.awaited { now.0.saturating_sub(self.period) } else { now.0 };
        self.next = self.next.max(self.speed.at(earliest)) + self.speed.span(cost);
    }

    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        self.log.charge(now, cost);
    }

    /// Gives the place back of a call that was admitted but never made.
    pub(crate) fn unadmit(&mut self, cost: Micros) {
        self.next = self.next.saturating_sub(self.speed.span(cost));
    }

    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        self.log.uncharge(at, cost);
    }

    pub(crate) fn log(&mut self) -> &mut WindowLog {
        &mut self.log
    }

    /// The log and the time of the next place, for a rate that takes over from this one.
    pub(crate) fn into_parts(self) -> (WindowLog, Tick) {
        (self.log, Tick(self.speed.nanos(self.next)))
    }
}
