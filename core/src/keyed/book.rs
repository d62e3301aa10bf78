//! The keyed book: a line per key, and who of their fronts goes next.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use slab::Slab;

use super::Key;
use crate::engine::{Book, Granted};
use crate::limits::Limits;
use crate::queue::{Line, Stage, WaiterId, Waiters};
use crate::rate::Verdict;
use crate::throttle::{AdmitError, CostError, Settings, checked_cost};
use crate::time::Tick;
use crate::units::{Micros, to_units};

/// Below so many keys, nobody looks for idle ones.
const SWEEP_AT_LEAST: usize = 64;

/// The hosts (or whatever the keys are), each with its limits and its line.
///
/// The front of each line is in one of three states: its key would let it in ([`ready`](Self::ready), by
/// order of arrival), its key will do so at a known time ([`timed`](Self::timed)), or only after a permit
/// of that key has come back (in neither). The first of the ready ones is next, and waits for the total.
pub(crate) struct Hosts<K> {
    pub(crate) total: Limits,
    per_key: Settings,
    special: HashMap<K, Settings>,
    index: HashMap<K, usize>,
    hosts: Slab<Host<K>>,
    ready: BTreeSet<(u64, usize)>,
    timed: BTreeSet<(Tick, usize)>,
    /// Those whose limits have changed since their front was placed.
    touched: Vec<usize>,
    /// How many ever asked: the place of the next one.
    asked: u64,
    /// Look for idle keys when there are so many.
    sweep_at: usize,
}

struct Host<K> {
    key: K,
    limits: Limits,
    line: Line,
    front: Front,
    /// Calls inside, waiters, and asks under way.
    users: usize,
}

/// Where the front of a line is found.
#[derive(Clone, Copy, PartialEq)]
enum Front {
    Nowhere,
    /// By order of arrival, and since when.
    Ready(u64, Tick),
    Timed(Tick),
}

impl Front {
    fn was_ready_before(self, now: Tick) -> bool {
        matches!(self, Self::Ready(_, since) if since < now)
    }
}

/// What a caller asks. Once asked, it knows the place of its key.
pub(crate) struct Request<K> {
    key: Result<K, usize>,
    cost: f64,
}

pub(crate) struct Ask {
    place: usize,
    cost: Micros,
    /// While waiting, the order of arrival; once let in, when that was.
    order_or_time: u64,
}

impl<K> Request<K> {
    pub(crate) fn new(key: K, cost: f64) -> Self {
        Self { key: Ok(key), cost }
    }

    pub(crate) fn cost(&self) -> f64 {
        self.cost
    }

    /// The place of the key; only once it has been let in.
    pub(crate) fn place(&self) -> usize {
        *self.key.as_ref().err().expect("a request that was let in knows its place")
    }
}

impl<K: Key> Hosts<K> {
    pub(crate) fn new(total: Limits, per_key: Settings, special: HashMap<K, Settings>) -> Self {
        Self {
            total,
            per_key,
            special,
            index: HashMap::new(),
            hosts: Slab::new(),
            ready: BTreeSet::new(),
            timed: BTreeSet::new(),
            touched: Vec::new(),
            asked: 0,
            sweep_at: SWEEP_AT_LEAST,
        }
    }

    /// Forgets the keys that are idle; answers how many are left.
    pub(crate) fn sweep(&mut self, now: Tick) -> usize {
        let index = &mut self.index;
        self.hosts.retain(|_, host| {
            let keep = host.users > 0 || !host.limits.is_fresh(now);
            if !keep {
                index.remove(&host.key);
            }
            keep
        });
        let left = self.hosts.len();
        self.sweep_at = SWEEP_AT_LEAST.max(2 * left);
        if self.hosts.capacity() > 4 * self.sweep_at {
            self.hosts.shrink_to_fit();
            self.index.shrink_to(self.sweep_at);
        }
        left
    }

    /// A call has come out.
    pub(crate) fn release(&mut self, place: usize, now: Tick, cost: Micros) {
        self.total.release(now, cost);
        self.hosts[place].limits.release(now, cost);
        self.touch(place);
        self.leave(place, now);
    }

    /// A call that was let in at `at` has not been made.
    pub(crate) fn unadmit(&mut self, place: usize, at: Tick, now: Tick, cost: Micros) {
        self.total.unadmit(at, cost);
        self.hosts[place].limits.unadmit(at, cost);
        self.touch(place);
        self.leave(place, now);
    }

    /// Holds the calls of one key. Whether for longer than before.
    pub(crate) fn pause_key(&mut self, key: &K, until: Tick, now: Tick) -> bool {
        let place = self.place(key.clone(), now);
        self.touch(place);
        self.hosts[place].limits.pause(now, until)
    }

    /// The server has refused a call of one key that was sent at `sent`. Whether that holds them for longer than before.
    pub(crate) fn hold_off_key(&mut self, key: &K, until: Tick, now: Tick, sent: Tick) -> bool {
        let place = self.place(key.clone(), now);
        self.touch(place);
        self.hosts[place].limits.hold_off(now, until, sent)
    }

    /// No more than so much of one key's units remain.
    pub(crate) fn tighten_key(&mut self, key: &K, now: Tick, remaining: Micros) {
        let place = self.place(key.clone(), now);
        self.hosts[place].limits.tighten(now, remaining);
        self.touch(place);
    }

    /// Ends the pause of one key. Whether one was on.
    pub(crate) fn resume_key(&mut self, key: &K, now: Tick) -> bool {
        let Some(&place) = self.index.get(key) else { return false };
        self.touch(place);
        self.hosts[place].limits.resume(now)
    }

    /// The front of this key's line has to be placed anew.
    fn touch(&mut self, place: usize) {
        if !self.hosts[place].line.is_empty() {
            self.touched.push(place);
        }
    }

    /// The place of a key, made now if it is new.
    fn place(&mut self, key: K, now: Tick) -> usize {
        if let Some(&place) = self.index.get(&key) {
            return place;
        }
        if self.hosts.len() >= self.sweep_at {
            self.sweep(now);
        }
        let settings = self.special.get(&key).unwrap_or(&self.per_key);
        let limits = settings.limits(now).expect("checked when it was built");
        let host = Host { key: key.clone(), limits, line: Line::new(), front: Front::Nowhere, users: 0 };
        let place = self.hosts.insert(host);
        self.index.insert(key, place);
        place
    }

    /// One user of a key has gone.
    fn leave(&mut self, place: usize, now: Tick) {
        let host = &mut self.hosts[place];
        host.users -= 1;
        if host.users == 0 && host.limits.is_fresh(now) {
            let host = self.hosts.remove(place);
            self.index.remove(&host.key);
        }
    }

    /// Finds out anew where the front of a line is to be found.
    fn place_front(&mut self, place: usize, waiters: &Waiters<Ask>, now: Tick) {
        let host = &mut self.hosts[place];
        let before = std::mem::replace(&mut host.front, Front::Nowhere);
        match before {
            Front::Nowhere => {}
            Front::Ready(order, _) => drop(self.ready.remove(&(order, place))),
            Front::Timed(tick) => drop(self.timed.remove(&(tick, place))),
        }
        let Some(front) = host.line.head().map(|id| waiters.ask(id)) else {
            host.limits.not_awaited(now);
            return;
        };
        host.front = match host.limits.wait(now, front.cost) {
            Verdict::Now => match before {
                Front::Ready(order, since) if order == front.order_or_time => Front::Ready(order, since),
                _ => Front::Ready(front.order_or_time, now),
            },
            Verdict::At(tick) => Front::Timed(tick),
            Verdict::OnRelease => Front::Nowhere,
        };
        match host.front {
            Front::Nowhere => {}
            Front::Ready(order, _) => drop(self.ready.insert((order, place))),
            Front::Timed(tick) => drop(self.timed.insert((tick, place))),
        }
    }

    fn let_in(&mut self, ask: &mut Ask, now: Tick) {
        self.total.admit(now, ask.cost);
        self.hosts[ask.place].limits.admit(now, ask.cost);
        ask.order_or_time = now.0;
    }
}

impl<K: Key> Book for Hosts<K> {
    type Request = Request<K>;
    type Ask = Ask;

    fn cost_of(request: &Request<K>) -> f64 {
        request.cost
    }

    fn open(&mut self, request: &mut Request<K>, now: Tick) -> Result<Ask, AdmitError> {
        checked_cost(request.cost, &self.total)?;
        let place = match std::mem::replace(&mut request.key, Err(usize::MAX)) {
            Ok(key) => self.place(key, now),
            Err(place) => place,
        };
        request.key = Err(place);
        self.hosts[place].users += 1;
        match checked_cost(request.cost, &self.hosts[place].limits) {
            Ok(cost) => {
                self.asked += 1;
                Ok(Ask { place, cost, order_or_time: self.asked })
            }
            Err(error) => {
                self.leave(place, now);
                Err(error.into())
            }
        }
    }

    fn discard(&mut self, ask: Ask, now: Tick) {
        self.leave(ask.place, now);
    }

    fn unfit(&self, ask: &Ask) -> Option<CostError> {
        let max = self.total.max_cost().min(self.hosts[ask.place].limits.max_cost());
        let (cost, max_units) = (to_units(ask.cost), to_units(max));
        (ask.cost > max).then_some(CostError::TooHigh { cost, max: max_units })
    }

    fn admit(&mut self, ask: &mut Ask, now: Tick) -> bool {
        let host = &mut self.hosts[ask.place];
        // Whoever is ready waits for the total, and was here first; so was one whose time has come while
        // the alarm is late.
        let is_due = |timed: Option<&(Tick, usize)>| timed.is_some_and(|&(tick, _)| tick <= now);
        let nobody_first = host.line.is_empty() && self.ready.is_empty() && !is_due(self.timed.first());
        let free = nobody_first && host.limits.admits(now, ask.cost) && self.total.admits(now, ask.cost);
        if free {
            self.let_in(ask, now);
        }
        free
    }

    fn line_of(&mut self, ask: &Ask) -> &mut Line {
        &mut self.hosts[ask.place].line
    }

    fn front_changed(&mut self, waiters: &Waiters<Ask>, id: WaiterId, now: Tick) {
        self.place_front(waiters.ask(id).place, waiters, now);
    }

    fn advance(&mut self, waiters: &mut Waiters<Ask>, now: Tick, granted: &mut Granted) -> Option<Tick> {
        while let Some(place) = self.touched.pop() {
            if self.hosts.contains(place) {
                self.place_front(place, waiters, now);
            }
        }
        while let Some(&(_, place)) = self.timed.first().filter(|(tick, _)| *tick <= now) {
            self.place_front(place, waiters, now);
        }
        let total_due = loop {
            let Some(&(_, place)) = self.ready.first() else {
                self.total.not_awaited(now);
                break None;
            };
            let host = &mut self.hosts[place];
            let id = host.line.head().expect("a ready line has a front");
            let verdict = self.total.wait(now, waiters.ask(id).cost);
            if verdict != Verdict::Now {
                break verdict.tick();
            }
            if host.front.was_ready_before(now) {
                // It was the total that held it up, not its own rates.
                host.limits.not_awaited(now);
            }
            granted.wakers.push(waiters.settle(&mut host.line, id, Stage::Granted));
            granted.count += 1;
            self.let_in(waiters.ask_mut(id), now);
            self.place_front(place, waiters, now);
        };
        self.timed.first().map(|&(tick, _)| tick).into_iter().chain(total_due).min()
    }

    fn least_wait(&mut self, ask: &Ask, now: Tick) -> Duration {
        let limits = [&mut self.total, &mut self.hosts[ask.place].limits];
        let until =
            limits.into_iter().filter_map(|limits| limits.check(now, ask.cost)).map(|(until, _)| until);
        until.max().map_or(Duration::ZERO, |until| until.since(now))
    }

    fn goes_on(&mut self, ask: &Ask) -> bool {
        let admitted = Tick(ask.order_or_time);
        // Both, so that neither is told again.
        self.total.goes_on(admitted) | self.hosts[ask.place].limits.goes_on(admitted)
    }

    fn admitted_at(&self, ask: &Ask) -> Tick {
        Tick(ask.order_or_time)
    }

    fn take_back(&mut self, ask: Ask, now: Tick) {
        self.unadmit(ask.place, Tick(ask.order_or_time), now, ask.cost);
    }
}
