//! The token bucket that is refilled in steps.

use super::room::Room;
use super::{Plan, Verdict};
use crate::time::Tick;
use crate::units::{Micros, Speed};

/// A bucket that refills when it is looked at, if its last refill is at least one interval ago.
///
/// A refill brings all that has come together since the last one. While somebody waits, refills happen
/// on their schedule, however late the look is, so that lateness does not add up.
/// (The meaning of `TokenBucket` in Python's async-throttle.)
#[derive(Debug)]
pub(crate) struct Stepped {
    speed: Speed,
    burst: Micros,
    interval: u64,
    /// What is there, in the schedule's unit.
    level: u128,
    refilled: u64,
    /// Somebody waits, for this rate or another one.
    awaited: bool,
    charged: Option<Tick>,
    room: Room,
}

impl Stepped {
    pub(crate) fn new(plan: &Plan, now: Tick) -> Self {
        let level = plan.speed.span(plan.burst);
        let Plan { speed, burst, interval, .. } = *plan;
        Self {
            speed,
            burst,
            interval,
            level,
            refilled: now.0,
            awaited: false,
            charged: None,
            room: Room::default(),
        }
    }

    /// When `cost` is there, while `reserved` more is taken up by calls not charged yet.
    pub(crate) fn when(&mut self, now: Tick, cost: Micros, reserved: u128) -> Verdict {
        self.look(now);
        let wanted = reserved + u128::from(cost);
        if wanted > u128::from(self.burst) {
            return Verdict::OnRelease;
        }
        let lack = (wanted * self.speed.den).saturating_sub(self.level);
        if lack == 0 {
            return Verdict::Now;
        }
        let steps = lack.div_ceil(self.speed.at(self.interval));
        let wait = u64::try_from(steps.saturating_mul(u128::from(self.interval))).unwrap_or(u64::MAX);
        Verdict::At(Tick(self.refilled.saturating_add(wait)))
    }

    /// Whether somebody waits from now on, so that refills happen on time.
    pub(crate) fn awaited(&mut self, now: Tick, awaited: bool) {
        self.look(now);
        self.awaited = awaited;
    }

    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        self.look(now);
        self.level = self.level.saturating_sub(self.speed.span(cost.min(self.burst)));
        self.charged = Some(now);
    }

    /// Takes back a charge made at `at`: as much of it as has not flowed over since.
    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        let back = self.room.take_back(at, self.speed.span(cost.min(self.burst)));
        self.level = (self.level + back).min(self.speed.span(self.burst));
    }

    /// Takes back charges of unknown time: no more than any of those can still matter.
    pub(crate) fn refund(&mut self, now: Tick, cost: Micros) -> Micros {
        self.look(now);
        let lack = self.speed.span(self.burst) - self.level;
        let back = self.room.take_back_any(self.speed.span(cost.min(self.burst)).min(lack));
        self.level += back;
        self.speed.cost(back)
    }

    /// The most that can have been charged within the last `nanos`.
    pub(crate) fn charged_within(&mut self, nanos: u64, now: Tick) -> Micros {
        let refilled = match self.charged {
            Some(last) if now.0 - last.0 < nanos => {
                // A step may have brought an interval's worth just at the beginning.
                self.speed.at(nanos.min(now.0).saturating_add(self.interval).min(now.0))
            }
            _ => 0,
        };
        self.used(now).saturating_add(self.speed.cost(refilled))
    }

    pub(crate) fn available(&mut self, now: Tick) -> Micros {
        self.look(now);
        self.speed.cost(self.level)
    }

    pub(crate) fn used(&mut self, now: Tick) -> Micros {
        self.burst - self.available(now)
    }

    fn look(&mut self, now: Tick) {
        let since = now.0 - self.refilled;
        if since >= self.interval {
            let late = if self.awaited { since % self.interval } else { 0 };
            self.refill(now.0 - late);
        }
    }

    fn refill(&mut self, at: u64) {
        let full = self.speed.span(self.burst);
        self.level = self.level.saturating_add(self.speed.at(at - self.refilled)).min(full);
        self.room.note(Tick(at), full - self.level);
        self.refilled = at;
    }
}
