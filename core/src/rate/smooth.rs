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
    /// When the last admission was, and its place.
    last: (Tick, u128),
    log: WindowLog,
    /// Somebody waits for the next place, and for nothing else: what is late is not idle then.
    awaited: bool,
}

impl Smooth {
    pub(crate) fn new(plan: &Plan, log: WindowLog, now: Tick) -> Self {
        let next = plan.speed.at(now.0);
        Self { speed: plan.speed, period: plan.window, next, last: (now, next), log, awaited: false }
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
        if cost == 0 {
            return;
        }
        // What could not have been admitted within one period is not caught up; nor is anything if nobody
        // waited, but for the part of a nanosecond, which nobody can be late by.
        let position = self.speed.at(now.0);
        let place = if self.next + self.speed.at(1) > position {
            self.next
        } else if self.awaited {
            self.next.max(self.speed.at(now.0.saturating_sub(self.period)))
        } else {
            position
        };
        self.last = (now, place);
        self.next = self.last.1 + self.speed.span(cost);
    }

    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        self.log.charge(now, cost);
    }

    /// Takes back a call that was let in at `at` and never made. Its place goes to the next in line, unless
    /// others have been let in since: then it has passed.
    pub(crate) fn unadmit(&mut self, at: Tick, cost: Micros) {
        if at == self.last.0 {
            self.next = self.next.saturating_sub(self.speed.span(cost));
        }
    }

    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        self.log.uncharge(at, cost);
    }

    /// Gives back units that were charged at an unknown time; returns how many there were.
    pub(crate) fn refund(&mut self, now: Tick, cost: Micros) -> Micros {
        let back = self.log.refund(now, cost);
        self.move_back(back);
        back
    }

    /// Moves the schedule back, at most to where the last call was let in.
    pub(crate) fn move_back(&mut self, cost: Micros) {
        let back = self.next.saturating_sub(self.speed.span(cost)).max(self.last.1);
        self.next = self.next.min(back);
    }

    /// What could be admitted at once: nothing before the next place in the schedule.
    pub(crate) fn available(&mut self, now: Tick) -> Micros {
        if self.next <= self.speed.at(now.0) { self.log.available(now) } else { 0 }
    }

    pub(crate) fn log(&mut self) -> &mut WindowLog {
        &mut self.log
    }

    /// The time of the next place.
    pub(crate) fn next(&self) -> Tick {
        Tick(self.speed.nanos(self.next))
    }

    /// Begins the schedule anew, with its first place at `at`.
    pub(crate) fn begin(&mut self, at: Tick) {
        self.next = self.speed.at(at.0);
        self.last = (at, self.next);
    }

    /// Goes on from another schedule: the next place is as far from the last one as this one's speed wants it.
    pub(crate) fn go_on_from(&mut self, old: &Self, burst: Micros) {
        let time = |position: u128| self.speed.at(old.speed.nanos(position));
        self.last = (old.last.0, time(old.last.1));
        self.next = match old.next.checked_sub(old.last.1) {
            Some(span) => self.last.1 + self.speed.span(old.speed.cost(span).min(burst)),
            None => time(old.next),
        };
    }
}
