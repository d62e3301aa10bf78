//! The token bucket with continuous refill.

use super::room::Room;
use super::{Plan, Verdict};
use crate::time::Tick;
use crate::units::{Micros, Speed};

/// A bucket told by the moment at which it will be full again.
///
/// One position in the schedule says it all: nothing has to be refilled, looking changes nothing, and
/// no rounding can add up. (The "theoretical arrival time" of the generic cell rate algorithm.)
#[derive(Debug)]
pub(crate) struct Bucket {
    speed: Speed,
    burst: Micros,
    /// When the bucket is full, as a position in the schedule.
    full: u128,
    room: Room,
}

impl Bucket {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { speed: plan.speed, burst: plan.burst, full: 0, room: Room::default() }
    }

    /// When `cost` is there, while `reserved` more is taken up by calls not charged yet.
    pub(crate) fn when(&self, now: Tick, cost: Micros, reserved: u128) -> Verdict {
        let wanted = reserved + u128::from(cost);
        if wanted > u128::from(self.burst) {
            return Verdict::OnRelease;
        }
        // The bucket may lack at most `burst - wanted` at that moment.
        let lack = (u128::from(self.burst) - wanted) * self.speed.den;
        let position = self.full.saturating_sub(lack);
        if position <= self.speed.at(now.0) {
            Verdict::Now
        } else {
            Verdict::At(Tick(self.speed.nanos(position)))
        }
    }

    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        self.room.note(now, self.lack(now));
        // More than all there is cannot be missing.
        let span = self.lack(now) + self.speed.span(cost.min(self.burst));
        self.full = self.speed.at(now.0) + span.min(self.speed.span(self.burst));
    }

    /// Takes back a charge made at `at`: as much of it as has not flowed over since.
    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        let span = self.speed.span(cost.min(self.burst));
        self.full = self.full.saturating_sub(self.room.take_back(at, span));
    }

    /// Takes back charges of unknown time: no more than any of those can still matter.
    pub(crate) fn refund(&mut self, now: Tick, cost: Micros) -> Micros {
        let span = self.speed.span(cost.min(self.burst)).min(self.lack(now));
        let back = self.room.take_back_any(span);
        self.full = self.full.saturating_sub(back);
        self.speed.cost(back)
    }

    /// The most that can have been charged within the last `nanos`.
    pub(crate) fn charged_within(&self, nanos: u64, now: Tick) -> Micros {
        let refilled = match self.room.last() {
            Some(last) if now.0 - last.0 < nanos => self.speed.at(nanos.min(now.0)),
            _ => 0,
        };
        self.used(now).saturating_add(self.speed.cost(refilled))
    }

    /// What is there, rounded down.
    pub(crate) fn available(&self, now: Tick) -> Micros {
        let room = u128::from(self.burst) * self.speed.den;
        self.speed.cost(room.saturating_sub(self.lack(now)))
    }

    /// What is missing to a full bucket, rounded up.
    pub(crate) fn used(&self, now: Tick) -> Micros {
        self.burst - self.available(now)
    }

    fn lack(&self, now: Tick) -> u128 {
        self.full.saturating_sub(self.speed.at(now.0))
    }
}
