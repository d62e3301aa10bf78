//! A throttle by definition: a list of calls, and what the documentation says about who goes when.
//!
//! It decides when it is told to look, as a throttle does: at each operation, and when its alarm rings.
//! What has been decided is only ever the state of the calls; everything else is worked out from that, anew
//! each time it is asked for.

use crate::limits::Limits;
use crate::rate::{Meter, When};

pub(crate) type Id = usize;

/// One call, or one who only takes units.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) consumes: bool,
    /// Not if it has been let in, or will be, to begin later.
    pub(crate) begun: bool,
    pub(crate) cost: u64,
    /// Until when it is ready to wait.
    pub(crate) limit: Option<u64>,
    pub(crate) state: State,
    /// When it was let in, if it was; and once it has begun, when that was.
    pub(crate) admitted: u64,
    /// When its slot is free again, once it has come out.
    pub(crate) slot_rests_until: u64,
    /// What had happened by the time it was let in.
    pub(crate) epoch: Epoch,
}

/// What has happened by some time, as far as it matters for what is known about a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Epoch {
    /// How often the clock was stepped back.
    pub(crate) steps_back: usize,
    /// How often settings were changed or units refunded.
    pub(crate) changes: usize,
    /// How often that was such that calls inside cannot be taken back any more.
    pub(crate) commitments: usize,
}

impl Epoch {
    pub(crate) fn may_be_taken_back(self, now: Self) -> bool {
        (self.steps_back, self.commitments) == (now.steps_back, now.commitments)
    }
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Asks {
    /// To begin a call.
    Call,
    /// To be let in, and begin later.
    Later,
    /// Units alone.
    Units,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum State {
    Waiting,
    /// Let in. Those who only consume are through then.
    Inside,
    Answered,
    /// Gone away while waiting, or after having been let in and before anything was done with it.
    Gone,
    Refused(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    Closed,
    QueueFull,
    TimedOut,
    /// Not a cost.
    Invalid,
    /// More than the given can never be admitted.
    TooHigh(u64),
}

/// What holds a call back the longest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Held {
    Line,
    Pause,
    Slot,
    Rate(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) limits: Limits,
    pub(crate) meters: Vec<Meter>,
    /// All there ever were, in the order in which they came.
    pub(crate) calls: Vec<Call>,
    pub(crate) paused_until: u64,
    /// What was refunded to calls inside: whoever comes out first is charged so much less.
    pub(crate) refunded: u64,
    /// The same of calls that have not begun: whoever begins first is charged so much less.
    pub(crate) refunded_unbegun: u64,
    pub(crate) closed: bool,
    /// When time alone makes it worth looking again, as seen when somebody looked last.
    pub(crate) due: Option<u64>,
    pub(crate) epoch: Epoch,
}

impl Model {
    pub(crate) fn new(limits: Limits) -> Self {
        let meters = limits.rates.iter().map(|&spec| Meter::new(spec, 0)).collect();
        let calls = Vec::new();
        let epoch = Epoch::default();
        Self {
            now: 0,
            limits,
            meters,
            calls,
            paused_until: 0,
            refunded: 0,
            refunded_unbegun: 0,
            closed: false,
            due: None,
            epoch,
        }
    }

    /// A call asks to be let in, and waits if it must. None is for what is not a cost.
    pub(crate) fn come(&mut self, asks: Asks, cost: Option<u64>, limit: Option<u64>) -> Id {
        self.look_if_due();
        let refusal = self.refusal(cost);
        let state = refusal.map_or(State::Waiting, State::Refused);
        let limit = limit.map(|limit| self.now.saturating_add(limit));
        let cost = cost.unwrap_or(0);
        let id = self.add(asks, cost, limit, state);
        if refusal.is_none() {
            if self.may_go_at_once(id) {
                self.let_in(id);
            } else if self.limits.max_waiting.is_some_and(|most| self.waiting().count() > most) {
                self.calls[id].state = State::Refused(Refusal::QueueFull);
            }
            self.look();
        }
        id
    }

    /// A call asks to be let in at once; none if it is not.
    pub(crate) fn try_come(&mut self, cost: Option<u64>) -> Result<Option<Id>, Refusal> {
        self.look_if_due();
        if let Some(refusal) = self.refusal(cost) {
            return Err(refusal);
        }
        let cost = cost.unwrap_or(0);
        let id = self.add(Asks::Call, cost, None, State::Waiting);
        if self.may_go_at_once(id) {
            self.let_in(id);
            return Ok(Some(id));
        }
        self.calls[id].state = State::Gone;
        Ok(None)
    }

    /// A call goes away: out of its line, or having been let in, as if it had never been.
    pub(crate) fn go_away(&mut self, id: Id) {
        if self.calls[id].state == State::Inside {
            let Call { cost, admitted, consumes, begun, .. } = self.calls[id];
            self.calls[id].state = State::Gone;
            if !consumes {
                // What was refunded to calls inside may have been meant for this one.
                self.refunded -= self.refunded.min(cost);
            }
            if !begun {
                self.refunded_unbegun -= self.refunded_unbegun.min(cost);
            }
            for meter in &mut self.meters {
                if begun {
                    meter.not_made(admitted, cost, id);
                } else {
                    meter.not_begun(admitted, cost, id);
                }
            }
            self.look();
        } else if self.calls[id].state == State::Waiting {
            let behind = self.front(self.calls[id].consumes) != Some(id);
            let limited = self.calls[id].limit.is_some();
            self.calls[id].state = State::Gone;
            // Somebody from behind in the line, for whom no alarm is set, makes nobody look.
            if !behind || limited {
                self.look();
            }
        }
    }

    /// A call that was let in to begin later begins.
    pub(crate) fn begin(&mut self, id: Id) {
        let (now, epoch) = (self.now, self.epoch);
        let call = &mut self.calls[id];
        let less = self.refunded_unbegun.min(call.cost);
        self.refunded_unbegun -= less;
        let cost = call.cost - less;
        (call.begun, call.admitted) = (true, now);
        let mut in_full = less == 0;
        for meter in &mut self.meters {
            in_full &= meter.begun(now, cost, id);
            // Whatever becomes of it, its place has passed.
            meter.schedule.last_calls.retain(|&other| other != id);
        }
        // Room was kept for it since it was let in, under the settings of then.
        let known = if in_full { epoch } else { Epoch { commitments: usize::MAX, ..epoch } };
        self.calls[id].epoch = Epoch { changes: self.calls[id].epoch.changes, ..known };
        if self.waiting().next().is_some() {
            self.look();
        }
    }

    pub(crate) fn release(&mut self, id: Id) {
        self.calls[id].state = State::Answered;
        self.calls[id].slot_rests_until = self.now + self.limits.cooldown;
        let less = self.refunded.min(self.calls[id].cost);
        self.refunded -= less;
        let (now, cost) = (self.now, self.calls[id].cost - less);
        for meter in &mut self.meters {
            meter.answered(now, cost, id);
        }
        if self.waiting().next().is_some() {
            self.look();
        }
    }

    pub(crate) fn refund(&mut self, cost: u64) {
        let now = self.now;
        let mut to_come = self.to_come();
        for meter in &mut self.meters {
            let left = cost - meter.refund(now, cost);
            let uncharged =
                if meter.spec.until_answered { &mut to_come.answered } else { &mut to_come.begun };
            *uncharged = left.min(*uncharged);
        }
        let counts =
            |until_answered| self.meters.iter().any(|meter| meter.spec.until_answered == until_answered);
        self.refunded += if counts(true) { to_come.answered } else { 0 };
        self.refunded_unbegun += if counts(false) { to_come.begun } else { 0 };
        for meter in &mut self.meters {
            meter.refund_inside(if meter.spec.until_answered { to_come.answered } else { to_come.begun });
        }
        self.look();
    }

    pub(crate) fn pause(&mut self, nanos: u64) {
        self.paused_until = self.paused_until.max(self.now.saturating_add(nanos));
        self.look();
    }

    pub(crate) fn resume(&mut self) {
        self.paused_until = 0;
        self.look();
    }

    pub(crate) fn close(&mut self) {
        self.closed = true;
        for id in self.waiting().collect::<Vec<_>>() {
            self.calls[id].state = State::Refused(Refusal::Closed);
        }
        self.look();
    }

    pub(crate) fn update(&mut self, limits: Limits) {
        let (now, to_come) = (self.now, self.to_come());
        let mut old: Vec<Option<Meter>> = self.meters.drain(..).map(Some).collect();
        // One that stays as it is goes on; the others are matched by their order.
        let mut stays = |spec| {
            let same = |old: &&mut Option<Meter>| old.as_ref().is_some_and(|old| old.spec == spec);
            old.iter_mut().find(same).and_then(Option::take)
        };
        let kept: Vec<_> = limits.rates.iter().map(|&spec| stays(spec)).collect();
        let mut others = old.into_iter().flatten();
        for (&spec, kept) in limits.rates.iter().zip(kept) {
            let meter = kept.unwrap_or_else(|| match others.next() {
                Some(old) => old.succeeded_by(spec, now, to_come),
                None => Meter::new(spec, now).since(now),
            });
            self.meters.push(meter);
        }
        let most = limits.most();
        for id in self.waiting().filter(|&id| self.calls[id].cost > most).collect::<Vec<_>>() {
            self.calls[id].state = State::Refused(Refusal::TooHigh(most));
        }
        self.limits = limits;
        self.look();
    }

    /// Lets in all that may go, and turns away those whose time is up. At the very moment at which its time
    /// is up, a call may still go.
    pub(crate) fn look(&mut self) {
        self.refresh();
        let now = self.now;
        self.turn_away(|limit| limit < now);
        loop {
            while let Some((id, When::Now)) = self.next() {
                self.let_in(id);
            }
            self.note_who_is_awaited();
            if !self.turn_away(|limit| limit <= now) {
                break;
            }
        }
        self.due = self.worth_looking_at();
    }

    /// Whoever comes while the alarm is late lets those in first who are due.
    fn look_if_due(&mut self) {
        self.refresh();
        if self.due.is_some_and(|due| due <= self.now) {
            self.look();
        }
    }

    /// Somebody looks at what is there, and lets nobody in.
    pub(crate) fn refresh(&mut self) {
        let now = self.now;
        self.meters.iter_mut().for_each(|meter| meter.look(now));
    }
}
