//! Who is next and when, told from the list of calls.

use crate::rate::{Meter, ToCome, When};
use crate::throttle::{Asks, Call, Held, Id, Model, Refusal, State};

/// Who is next, and when.
impl Model {
    pub(crate) fn waiting(&self) -> impl Iterator<Item = Id> + '_ {
        (0..self.calls.len()).filter(|&id| self.calls[id].state == State::Waiting)
    }

    /// The first of those who wait, of one kind.
    pub(crate) fn front(&self, consumes: bool) -> Option<Id> {
        self.waiting().find(|&id| self.calls[id].consumes == consumes)
    }

    pub(crate) fn worth_looking_at(&self) -> Option<u64> {
        let limits = self.waiting().filter_map(|id| self.calls[id].limit);
        let at = |when: When| if let When::At(at) = when { Some(at) } else { None };
        let next = self.next().and_then(|(_, when)| at(when));
        // Those who only consume wait for units, and meanwhile the gate may open for the callers.
        let both = self.front(false).is_some() && self.front(true).is_some();
        let gate = if both { at(self.gate()) } else { None };
        // The end of time never comes.
        limits.chain(next).chain(gate).min().filter(|&due| due < u64::MAX)
    }

    /// Who goes next, and when.
    ///
    /// Callers want a slot, no pause, and units; consumers only units. Callers whom a slot or a pause holds
    /// up let consumers pass; if units are what both want, who came first goes first.
    pub(crate) fn next(&self) -> Option<(Id, When)> {
        match (self.front(false), self.front(true)) {
            (Some(caller), None) if self.gate() != When::Now => Some((caller, self.gate())),
            (Some(caller), None) => Some((caller, self.rates(caller))),
            (Some(caller), Some(consumer)) if self.gate() == When::Now && caller < consumer => {
                Some((caller, self.rates(caller)))
            }
            (_, Some(consumer)) => Some((consumer, self.rates(consumer))),
            (None, None) => None,
        }
    }

    /// One who has just come slips past nobody, but for consumers past callers whom slot or pause holds up.
    pub(crate) fn may_go_at_once(&self, id: Id) -> bool {
        let others =
            |consumes| self.waiting().any(|other| other < id && self.calls[other].consumes == consumes);
        let free = if self.calls[id].consumes {
            !others(true) && (!others(false) || self.gate() != When::Now)
        } else {
            !others(true) && !others(false) && self.gate() == When::Now
        };
        free && self.rates(id) == When::Now
    }

    fn gate(&self) -> When {
        self.pause_ends().max(self.slot_is_free())
    }

    pub(crate) fn pause_ends(&self) -> When {
        if self.paused_until > self.now { When::At(self.paused_until) } else { When::Now }
    }

    fn slot_is_free(&self) -> When {
        let callers = || self.calls.iter().filter(|call| !call.consumes);
        let inside = callers().filter(|call| call.state == State::Inside).count();
        let answered = callers().filter(|call| call.state == State::Answered);
        let rests: Vec<u64> = answered.map(|call| call.slot_rests_until).collect();
        slot_is_free(self.now, self.limits.concurrency, inside, &rests)
    }

    fn rates(&self, id: Id) -> When {
        let cost = self.calls[id].cost;
        self.meters.iter().map(|meter| self.rate(meter, cost)).max().unwrap_or(When::Now)
    }

    fn rate(&self, meter: &Meter, cost: u64) -> When {
        meter.when(self.now, cost, self.to_come())
    }

    /// A rate knows whether somebody waits for rates, and whether for this one and none that takes longer.
    pub(crate) fn note_who_is_awaited(&mut self) {
        let for_rates = |id: Id| self.calls[id].consumes || self.gate() == When::Now;
        let next = self.next().filter(|&(id, _)| for_rates(id));
        let holds = |meter: &Meter| match next {
            Some((id, when)) => when != When::Release && self.rate(meter, self.calls[id].cost) == when,
            None => false,
        };
        let holds: Vec<bool> = self.meters.iter().map(holds).collect();
        for (meter, holds) in self.meters.iter_mut().zip(holds) {
            meter.awaited(next.is_some(), holds);
        }
    }
}

/// What can be asked from outside.
impl Model {
    pub(crate) fn in_flight(&self) -> usize {
        self.calls.iter().filter(|call| call.state == State::Inside && !call.consumes).count()
    }

    /// In millionths; none if there is no rate.
    pub(crate) fn available(&self) -> Option<u64> {
        self.meters.iter().map(|meter| meter.available(self.now, self.to_come())).min()
    }

    /// Until when one more call could not go at least, and what holds it back the longest.
    pub(crate) fn check(&self, cost: u64) -> (u64, Held) {
        let mut latest = (When::Now, Held::Line);
        let mut until = self.now;
        let gate = [(self.pause_ends(), Held::Pause), (self.slot_is_free(), Held::Slot)];
        let rates = self.meters.iter().map(|meter| self.rate(meter, cost)).zip((0..).map(Held::Rate));
        for hold in gate.into_iter().chain(rates) {
            if let When::At(at) = hold.0 {
                until = until.max(at);
            }
            latest = if hold.0 > latest.0 { hold } else { latest };
        }
        (until, latest.1)
    }

    pub(crate) fn refusal(&self, cost: Option<u64>) -> Option<Refusal> {
        match cost {
            _ if self.closed => Some(Refusal::Closed),
            None => Some(Refusal::Invalid),
            Some(cost) if cost > self.limits.most() => Some(Refusal::TooHigh(self.limits.most())),
            Some(_) => None,
        }
    }

    pub(crate) fn cost_inside_in_full(&self) -> u64 {
        let inside = self.calls.iter().filter(|call| call.state == State::Inside && !call.consumes);
        inside.map(|call| call.cost).sum()
    }

    pub(crate) fn to_come(&self) -> ToCome {
        let unbegun = self.calls.iter().filter(|call| call.state == State::Inside && !call.begun);
        ToCome {
            answered: self.cost_inside_in_full() - self.refunded,
            begun: unbegun.map(|call| call.cost).sum::<u64>() - self.refunded_unbegun,
        }
    }

    pub(crate) fn add(&mut self, asks: Asks, cost: u64, limit: Option<u64>, state: State) -> Id {
        let (admitted, slot_rests_until, epoch) = (0, 0, self.epoch);
        let (consumes, begun) = (asks == Asks::Units, asks != Asks::Later);
        self.calls.push(Call { consumes, begun, cost, limit, state, admitted, slot_rests_until, epoch });
        self.calls.len() - 1
    }

    pub(crate) fn let_in(&mut self, id: Id) {
        let now = self.now;
        let call = &mut self.calls[id];
        call.state = State::Inside;
        (call.admitted, call.epoch) = (now, self.epoch);
        let (cost, consumes, begun) = (call.cost, call.consumes, call.begun);
        for meter in &mut self.meters {
            meter.take_place(now, cost, id);
            if begun {
                meter.begun(now, cost, id);
            }
            if consumes {
                meter.answered(now, cost, id);
            }
        }
    }

    pub(crate) fn turn_away(&mut self, is_up: impl Fn(u64) -> bool) -> bool {
        let up = |&id: &Id| self.calls[id].limit.is_some_and(&is_up);
        let those: Vec<Id> = self.waiting().filter(up).collect();
        for &id in &those {
            self.calls[id].state = State::Refused(Refusal::TimedOut);
        }
        !those.is_empty()
    }
}

/// When one of so many slots is free, if so many calls are inside and each of the others rests until then.
pub(crate) fn slot_is_free(now: u64, slots: usize, inside: usize, rests: &[u64]) -> When {
    let free_at = |time: u64| {
        let resting = rests.iter().filter(|&&until| until > time).count();
        slots == 0 || inside + resting < slots
    };
    if free_at(now) {
        return When::Now;
    }
    let ends = rests.iter().copied().filter(|&until| until > now && free_at(until));
    ends.min().map_or(When::Release, When::At)
}
