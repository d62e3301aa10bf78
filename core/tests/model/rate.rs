//! What a rate allows, by definition: told anew from all that was ever charged, every time it is asked.
//!
//! Amounts are in millionths of a unit times the period in nanoseconds ("fine"), so that everything is a
//! whole number: a bucket gains `capacity` fine each nanosecond. A window only adds amounts up.

use crate::limits::{Pace, Spec, UNIT};
use crate::paces::later;

/// From when on something is allowed. The later of two is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum When {
    Now,
    At(u64),
    /// Not before somebody comes out.
    Release,
}

/// What calls inside will be charged.
#[derive(Clone, Copy, Default)]
pub(crate) struct ToCome {
    /// Once they are answered: all of them.
    pub(crate) answered: u64,
    /// Once they begin: those that have not.
    pub(crate) begun: u64,
}

/// Something charged. Taken back, it becomes less, and stays in the list.
#[derive(Clone, Debug)]
pub(crate) struct Charge {
    pub(crate) at: u64,
    pub(crate) fine: u128,
    /// Whose it is, if it is that of one call.
    call: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Meter {
    pub(crate) spec: Spec,
    /// All there ever were, oldest first.
    pub(crate) charges: Vec<Charge>,
    pub(crate) made: u64,
    /// Set in an update: calls that were let in until then are not taken back from it.
    since: Option<u64>,
    /// Of a stepped bucket: when it was refilled.
    pub(crate) refills: Vec<u64>,
    /// Of a stepped bucket: somebody waits for rates, so that its refills are on time.
    refill_is_awaited: bool,
    /// Of an even schedule.
    pub(crate) schedule: Schedule,
}

/// The places of an even schedule, as times in nanoseconds times the capacity.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) next: u128,
    /// The place and time of whoever was let in last, and who came in at that moment.
    pub(crate) last_place: u128,
    pub(crate) last_at: u64,
    pub(crate) last_calls: Vec<usize>,
    /// Whoever is first in line waits for this rate.
    pub(crate) awaited: bool,
}

impl Meter {
    pub(crate) fn new(spec: Spec, now: u64) -> Self {
        let place = u128::from(now) * u128::from(spec.capacity);
        let schedule =
            Schedule { next: place, last_place: place, last_at: now, last_calls: Vec::new(), awaited: false };
        let (charges, refills) = (Vec::new(), Vec::new());
        Self { spec, charges, made: now, since: None, refills, refill_is_awaited: false, schedule }
    }

    /// The same, set while calls may be inside.
    pub(crate) fn since(mut self, now: u64) -> Self {
        self.since = Some(now);
        self
    }

    /// The length of the window in which the capacity comes together, which is never below one unit.
    pub(crate) fn window(&self) -> u64 {
        if self.spec.capacity >= UNIT {
            return self.spec.period;
        }
        (UNIT * self.spec.period).div_ceil(self.spec.capacity)
    }

    /// Time has come to `now`: a stepped bucket that is due for a refill gets it when somebody looks.
    pub(crate) fn look(&mut self, now: u64) {
        let Pace::Stepped { interval, .. } = self.spec.pace else { return };
        let due = |meter: &Self| meter.refills.last().unwrap_or(&meter.made) + interval;
        while self.refill_is_awaited && due(self) <= now {
            self.refills.push(due(self));
        }
        if due(self) <= now {
            self.refills.push(now);
            self.refill_is_awaited = false;
        }
    }

    /// From when on `cost` is allowed, if all goes on as it is.
    pub(crate) fn when(&self, now: u64, cost: u64, to_come: ToCome) -> When {
        if cost == 0 {
            return When::Now;
        }
        let wanted = cost + self.reserved(to_come);
        if wanted > self.spec.most() {
            // Whatever the pace is, so much at once is never there.
            return When::Release;
        }
        match self.spec.pace {
            Pace::Window => self.window_allows(now, wanted),
            Pace::Smooth => self.window_allows(now, wanted).max(self.place_comes(now)),
            Pace::Bucket { .. } => {
                let missing = self.fine(wanted).saturating_sub(self.level(now));
                later(now, missing.div_ceil(u128::from(self.spec.capacity)))
            }
            Pace::Stepped { interval, .. } => {
                let missing = self.fine(wanted).saturating_sub(self.level(now));
                if missing == 0 {
                    return When::Now;
                }
                let step = u128::from(interval) * u128::from(self.spec.capacity);
                let last = *self.refills.last().unwrap_or(&self.made);
                later(last, missing.div_ceil(step) * u128::from(interval))
            }
        }
    }

    /// What would be allowed at once, in whole millionths.
    pub(crate) fn available(&self, now: u64, to_come: ToCome) -> u64 {
        let room = match self.spec.pace {
            Pace::Smooth if self.place_comes(now) != When::Now => 0,
            _ => self.spec.most() - self.used(now).min(self.spec.most()),
        };
        room.saturating_sub(self.reserved(to_come))
    }

    /// What counts as used, rounded up to whole millionths.
    pub(crate) fn used(&self, now: u64) -> u64 {
        let fine = match self.spec.pace {
            Pace::Window | Pace::Smooth => self.counting_at(now),
            _ => self.fine(self.spec.most()) - self.level(now),
        };
        u64::try_from(fine.div_ceil(u128::from(self.spec.period))).unwrap()
    }

    pub(crate) fn charge(&mut self, now: u64, cost: u64, call: Option<usize>) {
        if cost > 0 {
            let fine = match self.spec.pace {
                Pace::Window | Pace::Smooth => self.fine(cost),
                // More than all there is cannot be missing.
                _ => self.fine(cost).min(self.level(now)),
            };
            self.charges.push(Charge { at: now, fine, call });
        }
    }

    /// A call begins; counted from now on, or from its answer on. Whether there was room for all of it.
    pub(crate) fn begun(&mut self, now: u64, cost: u64, call: usize) -> bool {
        if self.spec.until_answered {
            return true;
        }
        self.charge(now, cost, Some(call));
        cost == 0 || self.charges.last().is_some_and(|charge| charge.fine == self.fine(cost))
    }

    pub(crate) fn answered(&mut self, now: u64, cost: u64, call: usize) {
        if self.spec.until_answered {
            self.charge(now, cost, Some(call));
        }
    }

    /// A call that was let in at `at` was never made. If it was charged by then, so much is taken back.
    pub(crate) fn not_made(&mut self, at: u64, cost: u64, call: usize) {
        if self.since.is_some_and(|since| at <= since) {
            return;
        }
        self.not_begun(at, cost, call);
        let charged_then = |charge: &&Charge| charge.call == Some(call) && charge.at == at;
        if self.charges.iter().any(|charge| charged_then(&charge)) {
            // Refunds may have taken some of it already; of calls of one moment, no matter of which.
            let mut back = self.fine(cost);
            let of_that_moment = self.charges.iter_mut().filter(|charge| charge.at == at);
            take_from(of_that_moment, &mut back);
        }
    }

    /// A call that was let in at `at` did not begin.
    pub(crate) fn not_begun(&mut self, at: u64, cost: u64, call: usize) {
        if self.since.is_none_or(|since| at > since) {
            self.give_place_back(at, cost, call);
        }
    }

    /// Takes back units of unknown calls; returns how much there was to take back, in whole millionths.
    pub(crate) fn refund(&mut self, now: u64, cost: u64) -> u64 {
        let wanted = self.fine(cost);
        let window = self.window();
        let mut left = match self.spec.pace {
            Pace::Window | Pace::Smooth => wanted,
            _ => wanted.min(self.still_matters(now)),
        };
        let back = left;
        let since = match self.spec.pace {
            Pace::Window | Pace::Smooth => (now + 1).saturating_sub(window),
            _ => self.full_last(now),
        };
        take_from(self.charges.iter_mut().filter(|charge| charge.at >= since), &mut left);
        let back = u64::try_from((back - left) / u128::from(self.spec.period)).unwrap();
        if self.spec.pace == Pace::Smooth {
            self.refund_inside(back);
        }
        back
    }

    /// Calls inside will be charged less: their places in the schedule are free again.
    pub(crate) fn refund_inside(&mut self, cost: u64) {
        let fine = self.fine(cost);
        let schedule = &mut self.schedule;
        let back = schedule.next.saturating_sub(fine).max(schedule.last_place);
        schedule.next = schedule.next.min(back);
    }

    /// Whether whoever is next in line waits for rates, and whether this one holds it back the longest.
    pub(crate) fn awaited(&mut self, waits: bool, holds: bool) {
        self.schedule.awaited = holds;
        self.refill_is_awaited = waits;
    }

    /// The rate that takes over from this one. What was used stays used.
    pub(crate) fn succeeded_by(mut self, spec: Spec, now: u64, to_come: ToCome) -> Self {
        if self.spec.until_answered && !spec.until_answered {
            // Calls that have begun are charged now, as they will not be when they come out.
            self.charge(now, to_come.answered.saturating_sub(to_come.begun), None);
        }
        let mut new = Self::new(spec, now).since(now);
        let windows = |pace: Pace| matches!(pace, Pace::Window | Pace::Smooth);
        if windows(self.spec.pace) && windows(spec.pace) {
            let (period, window) = (u128::from(self.spec.period), self.window());
            let counts = self.charges.into_iter().filter(|charge| charge.at + window > now);
            let again = |charge: Charge| {
                let fine = charge.fine / period * u128::from(spec.period);
                Charge { fine, ..charge }
            };
            new.charges = counts.map(again).collect();
            new.since = self.since;
            if self.spec.pace == Pace::Smooth {
                // As far behind the last call as the new rate wants it.
                let old = self.schedule;
                let capacity = u128::from(spec.capacity);
                let place = |place: u128| place.div_ceil(u128::from(self.spec.capacity)) * capacity;
                let schedule = &mut new.schedule;
                schedule.last_place = place(old.last_place);
                schedule.next = match old.next.checked_sub(old.last_place) {
                    None => place(old.next),
                    Some(gap) => {
                        schedule.last_place
                            + (gap / period).min(u128::from(spec.most())) * u128::from(spec.period)
                    }
                };
                (schedule.last_at, schedule.last_calls) = (old.last_at, old.last_calls);
            }
        } else {
            let used = if windows(spec.pace) && !windows(self.spec.pace) {
                self.most_within(new.window(), now)
            } else {
                self.used(now)
            };
            new.charge(now, used.min(spec.most()), None);
        }
        new
    }

    /// The most that can have been let in within so many nanoseconds, for all that a bucket tells.
    fn most_within(&self, nanos: u64, now: u64) -> u64 {
        let recent = self.charges.last().is_some_and(|last| last.at.saturating_add(nanos) > now);
        let within = match self.spec.pace {
            _ if !recent => 0,
            // A step may have brought an interval's worth just at the beginning.
            Pace::Stepped { interval, .. } => nanos.saturating_add(interval).min(now),
            _ => nanos.min(now),
        };
        let refilled = u128::from(within) * u128::from(self.spec.capacity) / u128::from(self.spec.period);
        let most = u128::from(self.used(now)) + refilled;
        let since = |charge: &&Charge| charge.at + nanos > now;
        let really: u128 = self.charges.iter().filter(since).map(|charge| charge.fine).sum();
        assert!(self.fine(1) * (most + 1) > really, "the model itself counts too little");
        u64::try_from(most).unwrap()
    }

    fn reserved(&self, to_come: ToCome) -> u64 {
        if self.spec.until_answered { to_come.answered } else { to_come.begun }
    }

    pub(crate) fn fine(&self, cost: u64) -> u128 {
        u128::from(cost) * u128::from(self.spec.period)
    }
}

/// Takes `back` from these, oldest first, as far as they go.
fn take_from<'a>(charges: impl Iterator<Item = &'a mut Charge>, back: &mut u128) {
    for charge in charges {
        let part = charge.fine.min(*back);
        charge.fine -= part;
        *back -= part;
    }
}
