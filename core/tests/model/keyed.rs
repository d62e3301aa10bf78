//! Limits per key by definition: a throttle per key, and one for all together.

use crate::limits::Limits;
use crate::next::slot_is_free;
use crate::rate::{Meter, ToCome, When};
use crate::throttle::{Id, Refusal, State};

#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) key: usize,
    pub(crate) cost: u64,
    limit: Option<u64>,
    pub(crate) state: State,
    /// Not so if it was let in to begin later, and has not.
    pub(crate) begun: bool,
    /// When it was let in, if it was; and once it has begun, when that was.
    pub(crate) admitted: u64,
    answered: u64,
}

/// One key, or all of them together.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// None for all of them.
    key: Option<usize>,
    pub(crate) limits: Limits,
    meters: Vec<Meter>,
    paused_until: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) total: Scope,
    pub(crate) keys: Vec<Scope>,
    pub(crate) calls: Vec<Call>,
    pub(crate) closed: bool,
    pub(crate) due: Option<u64>,
}

impl Model {
    pub(crate) fn new(total: Limits, keys: Vec<Limits>) -> Self {
        let scope = |key, limits: Limits| {
            let meters = limits.rates.iter().map(|&spec| Meter::new(spec, 0)).collect();
            Scope { key, limits, meters, paused_until: 0 }
        };
        let keys = keys.into_iter().enumerate().map(|(key, limits)| scope(Some(key), limits)).collect();
        Self { now: 0, total: scope(None, total), keys, calls: Vec::new(), closed: false, due: None }
    }

    /// A call asks; with `wait` false, it is to be let in at once or not at all.
    pub(crate) fn come(
        &mut self,
        key: usize,
        cost: Option<u64>,
        limit: Option<u64>,
        wait: bool,
        later: bool,
    ) -> Id {
        if self.due.is_some_and(|due| due <= self.now) {
            self.look();
        }
        let most = self.total.limits.most().min(self.keys[key].limits.most());
        let refusal = match cost {
            _ if self.closed => Some(Refusal::Closed),
            None => Some(Refusal::Invalid),
            Some(cost) => (cost > most).then_some(Refusal::TooHigh(most)),
        };
        let id = self.calls.len();
        let state = refusal.map_or(State::Waiting, State::Refused);
        let limit = limit.map(|limit| self.now.saturating_add(limit));
        let (cost, begun) = (cost.unwrap_or(0), !later);
        self.calls.push(Call { key, cost, limit, state, begun, admitted: 0, answered: 0 });
        if refusal.is_some() {
            return id;
        }
        // It slips past nobody of its own key, and past nobody else whom only the total holds up.
        let first = self.front(key) == Some(id) && self.next() == Some(id);
        if first && self.total_allows(id) == When::Now {
            self.let_in(id);
        } else if !wait {
            self.calls[id].state = State::Gone;
        } else if self.total.limits.max_waiting.is_some_and(|most| self.waiting().count() > most) {
            self.calls[id].state = State::Refused(Refusal::QueueFull);
        }
        self.look();
        id
    }

    pub(crate) fn go_away(&mut self, id: Id) {
        let Call { key, cost, admitted, state, limit, begun, .. } = self.calls[id];
        let front = self.front(key) == Some(id);
        self.calls[id].state = State::Gone;
        if state == State::Inside {
            for meter in self.total.meters.iter_mut().chain(&mut self.keys[key].meters) {
                if begun {
                    meter.not_made(admitted, cost, id);
                } else {
                    meter.not_begun(admitted, cost, id);
                }
            }
        }
        if state == State::Inside || (state == State::Waiting && (front || limit.is_some())) {
            self.look();
        }
    }

    /// A call that was let in to begin later begins.
    pub(crate) fn begin(&mut self, id: Id) {
        let call = &mut self.calls[id];
        (call.begun, call.admitted) = (true, self.now);
        let (key, cost) = (call.key, call.cost);
        for meter in self.total.meters.iter_mut().chain(&mut self.keys[key].meters) {
            assert!(meter.begun(self.now, cost, id), "room was kept for it");
        }
        self.look();
    }

    pub(crate) fn release(&mut self, id: Id) {
        let Call { key, cost, .. } = self.calls[id];
        (self.calls[id].state, self.calls[id].answered) = (State::Answered, self.now);
        for meter in self.total.meters.iter_mut().chain(&mut self.keys[key].meters) {
            meter.answered(self.now, cost, id);
        }
        self.look();
    }

    pub(crate) fn pause(&mut self, key: Option<usize>, nanos: u64) {
        let until = self.now.saturating_add(nanos);
        let scope = key.map_or(&mut self.total, |key| &mut self.keys[key]);
        scope.paused_until = scope.paused_until.max(until);
        self.look();
    }

    pub(crate) fn resume(&mut self, key: Option<usize>) {
        key.map_or(&mut self.total, |key| &mut self.keys[key]).paused_until = 0;
        self.look();
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        for id in self.waiting().collect::<Vec<_>>() {
            self.calls[id].state = State::Refused(Refusal::Closed);
        }
        self.look();
    }

    pub(crate) fn look(&mut self) {
        let now = self.now;
        self.turn_away(|limit| limit < now);
        loop {
            while let Some(id) = self.next().filter(|&id| self.total_allows(id) == When::Now) {
                self.let_in(id);
            }
            if !self.turn_away(|limit| limit <= now) {
                break;
            }
        }
        let at = |when: When| if let When::At(at) = when { Some(at) } else { None };
        let limits = self.waiting().filter_map(|id| self.calls[id].limit);
        let keys = (0..self.keys.len()).filter_map(|key| self.front(key));
        let keys = keys.filter_map(|id| at(self.key_allows(id)));
        let total = self.next().and_then(|id| at(self.total_allows(id)));
        self.due = limits.chain(keys).chain(total).min().filter(|&due| due < u64::MAX);
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = Id> + '_ {
        (0..self.calls.len()).filter(|&id| self.calls[id].state == State::Waiting)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.calls.iter().filter(|call| call.state == State::Inside).count()
    }

    /// Whether this key is as good as new, leaving aside who is inside or waits.
    pub(crate) fn is_idle(&self, key: usize) -> bool {
        let scope = &self.keys[key];
        let cooldown = scope.limits.cooldown;
        let mut answered = self.calls.iter().filter(|call| call.key == key && call.state == State::Answered);
        scope.paused_until <= self.now
            && scope.meters.iter().all(|meter| meter.used(self.now) == 0)
            && answered.all(|call| call.answered + cooldown <= self.now)
    }

    fn front(&self, key: usize) -> Option<Id> {
        self.waiting().find(|&id| self.calls[id].key == key)
    }

    /// Who came first of those whom their own keys would let in, each the front of its line.
    fn next(&self) -> Option<Id> {
        let fronts = (0..self.keys.len()).filter_map(|key| self.front(key));
        fronts.filter(|&id| self.key_allows(id) == When::Now).min()
    }

    fn key_allows(&self, id: Id) -> When {
        self.allows(&self.keys[self.calls[id].key], id)
    }

    fn total_allows(&self, id: Id) -> When {
        self.allows(&self.total, id)
    }

    /// A slot and no pause first, and then the rates.
    fn allows(&self, scope: &Scope, id: Id) -> When {
        let those = || self.calls.iter().filter(|call| scope.key.is_none_or(|key| call.key == key));
        let inside = || those().filter(|call| call.state == State::Inside);
        let answered = those().filter(|call| call.state == State::Answered);
        let rests: Vec<u64> = answered.map(|call| call.answered + scope.limits.cooldown).collect();
        let slot = slot_is_free(self.now, scope.limits.concurrency, inside().count(), &rests);
        let paused = scope.paused_until > self.now;
        let gate = if paused { slot.max(When::At(scope.paused_until)) } else { slot };
        if gate != When::Now {
            return gate;
        }
        let (cost, answered) = (self.calls[id].cost, inside().map(|call| call.cost).sum());
        let begun = inside().filter(|call| !call.begun).map(|call| call.cost).sum();
        let to_come = ToCome { answered, begun };
        let rates = scope.meters.iter().map(|meter| meter.when(self.now, cost, to_come));
        rates.max().unwrap_or(When::Now)
    }

    fn let_in(&mut self, id: Id) {
        let call = &mut self.calls[id];
        (call.state, call.admitted) = (State::Inside, self.now);
        let (key, cost, begun) = (call.key, call.cost, call.begun);
        for meter in self.total.meters.iter_mut().chain(&mut self.keys[key].meters) {
            meter.take_place(self.now, cost, id);
            if begun {
                meter.begun(self.now, cost, id);
            }
        }
    }

    fn turn_away(&mut self, is_up: impl Fn(u64) -> bool) -> bool {
        let up = |&id: &Id| self.calls[id].limit.is_some_and(&is_up);
        let those: Vec<Id> = self.waiting().filter(up).collect();
        for &id in &those {
            self.calls[id].state = State::Refused(Refusal::TimedOut);
        }
        !those.is_empty()
    }
}
