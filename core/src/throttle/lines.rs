//! The throttle's book: one line of callers, and one of those who only take units.

use std::time::Duration;

use super::error::{AdmitError, CostError};
use super::tally::Tally;
use crate::engine::{Book, Granted};
use crate::limits::Limits;
use crate::queue::{Line, Stage, WaiterId, Waiters};
use crate::rate::Verdict;
use crate::time::Tick;
use crate::units::{MAX_UNITS, Micros, to_micros, to_units};

/// Who waits at a throttle.
///
/// Callers want a slot, units, and no pause; consumers want units only, and so may pass callers whom
/// a slot or a pause holds up. Where units are what both wait for, who came first goes first.
pub(crate) struct Lines {
    pub(crate) limits: Limits,
    callers: Line,
    consumers: Line,
    /// How many ever joined a line: the place of the next one.
    joined: u64,
    /// Calls inside whose permits are no more.
    pub(crate) forgotten: Tally,
    /// Calls that have not begun whose reservations are no more.
    pub(crate) forgotten_unbegun: Tally,
}

/// What a caller asks of a throttle. A `cost` that makes no sense is found out when it asks.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    cost: f64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Begins when it is let in.
    Caller,
    /// Will begin later.
    Reserver,
    /// Only takes units.
    Consumer,
}

pub(crate) struct Ask {
    wants: Wants,
    /// While waiting, the place among all who ever joined; once let in, when that was.
    place_or_time: u64,
}

/// A cost, and in the lowest bits for what: one word, for a small slot in the queue.
#[derive(Clone, Copy)]
struct Wants(u64);

impl Wants {
    fn new(cost: Micros, kind: Kind) -> Self {
        // No cost needs the two top bits.
        Self(cost << 2 | kind as u64)
    }

    fn cost(self) -> Micros {
        self.0 >> 2
    }

    fn kind(self) -> Kind {
        match self.0 & 3 {
            0 => Kind::Caller,
            1 => Kind::Reserver,
            _ => Kind::Consumer,
        }
    }
}

impl Ask {
    fn cost(&self) -> Micros {
        self.wants.cost()
    }
}

impl Request {
    pub(crate) fn caller(cost: f64) -> Self {
        Self { cost, kind: Kind::Caller }
    }

    pub(crate) fn reserver(cost: f64) -> Self {
        Self { cost, kind: Kind::Reserver }
    }

    pub(crate) fn consumer(cost: f64) -> Self {
        Self { cost, kind: Kind::Consumer }
    }
}

impl Lines {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            callers: Line::new(),
            consumers: Line::new(),
            joined: 0,
            forgotten: Tally::default(),
            forgotten_unbegun: Tally::default(),
        }
    }
}

/// A cost in whole millionths, if it makes sense and can be admitted.
#[inline]
pub(crate) fn checked_cost(cost: f64, limits: &Limits) -> Result<Micros, CostError> {
    if !(cost >= 0.0 && cost.is_finite()) {
        return Err(CostError::Invalid { cost });
    }
    let max = limits.max_cost();
    match to_micros(cost.min(MAX_UNITS)) {
        micros if micros <= max && cost <= MAX_UNITS => Ok(micros),
        _ => Err(CostError::TooHigh { cost, max: to_units(max) }),
    }
}

impl Book for Lines {
    type Request = Request;
    type Ask = Ask;

    fn cost_of(request: &Request) -> f64 {
        request.cost
    }

    #[inline]
    fn open(&mut self, request: &mut Request, _now: Tick) -> Result<Ask, AdmitError> {
        let cost = checked_cost(request.cost, &self.limits)?;
        self.joined += 1;
        Ok(Ask { wants: Wants::new(cost, request.kind), place_or_time: self.joined })
    }

    fn unfit(&self, ask: &Ask) -> Option<CostError> {
        let max = self.limits.max_cost();
        let (cost, max_units) = (to_units(ask.cost()), to_units(max));
        (ask.cost() > max).then_some(CostError::TooHigh { cost, max: max_units })
    }

    #[inline]
    fn admit(&mut self, ask: &mut Ask, now: Tick) -> bool {
        let may_go = match ask.wants.kind() {
            Kind::Caller | Kind::Reserver => {
                self.callers.is_empty() && self.consumers.is_empty() && self.limits.admits(now, ask.cost())
            }
            Kind::Consumer => {
                self.consumers.is_empty()
                    && (self.callers.is_empty() || self.limits.gate(now) != Verdict::Now)
                    && self.limits.when_metered(now, ask.cost()) == Verdict::Now
            }
        };
        if may_go {
            self.let_in(ask, now);
        }
        may_go
    }

    fn line_of(&mut self, ask: &Ask) -> &mut Line {
        match ask.wants.kind() {
            Kind::Caller | Kind::Reserver => &mut self.callers,
            Kind::Consumer => &mut self.consumers,
        }
    }

    fn advance(&mut self, waiters: &mut Waiters<Ask>, now: Tick, granted: &mut Granted) -> Option<Tick> {
        loop {
            let caller = self.callers.head();
            let consumer = self.consumers.head();
            let gate = match caller {
                Some(_) => self.limits.gate(now),
                None => Verdict::OnRelease,
            };
            let place = |id: WaiterId| waiters.ask(id).place_or_time;
            // Callers held up at the gate do not stand in the way of consumers.
            let caller_first = match (caller, consumer) {
                (Some(caller), Some(consumer)) => gate == Verdict::Now && place(caller) < place(consumer),
                (caller, _) => caller.is_some(),
            };
            let Some(id) = (if caller_first { caller } else { consumer }) else {
                self.limits.not_awaited(now);
                return None;
            };
            let cost = waiters.ask(id).cost();
            let verdict = if caller_first && gate != Verdict::Now {
                self.limits.not_awaited(now);
                gate
            } else {
                self.limits.wait_metered(now, cost)
            };
            if verdict != Verdict::Now {
                // The gate may open for the callers before a consumer's units are there.
                let gate_opens = if caller_first { None } else { gate.tick() };
                return verdict.tick().into_iter().chain(gate_opens).min();
            }
            self.let_in(waiters.ask_mut(id), now);
            let line = if caller_first { &mut self.callers } else { &mut self.consumers };
            granted.wakers.push(waiters.settle(line, id, Stage::Granted));
            granted.count += 1;
        }
    }

    fn least_wait(&mut self, ask: &Ask, now: Tick) -> Duration {
        let until = match ask.wants.kind() {
            Kind::Caller | Kind::Reserver => self.limits.check(now, ask.cost()).map(|(until, _)| until),
            Kind::Consumer => self.limits.when_metered(now, ask.cost()).tick(),
        };
        until.map_or(Duration::ZERO, |until| until.since(now))
    }

    #[inline]
    fn goes_on(&mut self, ask: &Ask) -> bool {
        // Who only takes units has not been held.
        ask.wants.kind() != Kind::Consumer && self.limits.goes_on(Tick(ask.place_or_time))
    }

    fn admitted_at(&self, ask: &Ask) -> Tick {
        Tick(ask.place_or_time)
    }

    fn take_back(&mut self, ask: Ask, _now: Tick) {
        match ask.wants.kind() {
            Kind::Caller => self.limits.unadmit(Tick(ask.place_or_time), ask.cost()),
            Kind::Reserver => self.limits.unreserve(Some(Tick(ask.place_or_time)), ask.cost()),
            Kind::Consumer => self.limits.unconsume(Tick(ask.place_or_time), ask.cost()),
        }
    }
}

impl Lines {
    #[inline]
    fn let_in(&mut self, ask: &mut Ask, now: Tick) {
        match ask.wants.kind() {
            Kind::Caller => self.limits.admit(now, ask.cost()),
            Kind::Reserver => self.limits.reserve(now, ask.cost()),
            Kind::Consumer => self.limits.consume(now, ask.cost()),
        }
        ask.place_or_time = now.0;
    }
}
