//! The engine behind everything that waits on time: one lock, one alarm, and futures that queue.
//!
//! # Parts
//! - A [`Book`] decides: who is next, whether they may go, and when to look again if not. The
//!   [`Throttle`](crate::Throttle) has one line of waiters, [`Keyed`](crate::Keyed) one per key.
//! - The engine keeps the lock, the clock, the time limits of waiters, and the alarm.
//! - [`Wait`] is what the futures have in common: a place taken when first polled, given up when dropped.
//!
//! # The alarm
//! There is one, and no background task: the engine itself is what the alarm wakes. Whenever the time
//! at which to look again changes, somebody [drives](Engine::drive): looks at the clock, grants all
//! that is due, and sets the alarm anew. [`Alarm`] lets one thread drive at a time and makes it go
//! round again if another one asked meanwhile; the sleep is created, polled and dropped outside the
//! lock of the state. Because granting does not depend on a waiting task being polled, a waiter that
//! nobody polls holds up nobody behind it.
//!
//! # Rules
//! - A waiter is granted under the lock, in the order the book says; wakers are woken after it.
//! - The clock is read under the lock, so that decisions follow each other in time.
//! - Time limits: who is due to be granted at the very moment its limit ends, is granted.

mod alarm;
mod deadlines;
mod wait;

use std::task::{Wake, Waker};
use std::time::Duration;

use crate::config::ConfigError;
use crate::events::Voice;
use crate::queue::{Line, Stage, WaiterId, Waiters};
use crate::sync::{Arc, Mutex, MutexGuard};
use crate::throttle::{AdmitError, CostError};
use crate::time::{Steady, Tick, Timer};
use crate::wakers::{Wakers, Woken};
use alarm::Alarm;
use deadlines::Deadlines;
pub(crate) use wait::{Admitted, Wait};

/// Who is next, whether they may go, and when to look again.
pub(crate) trait Book: Send + 'static {
    /// What a caller wants.
    type Request: Send + Unpin + 'static;
    /// What a waiter's slot remembers of it.
    type Ask: Send + 'static;

    /// What a request costs, whether that makes sense or not.
    fn cost_of(request: &Self::Request) -> f64;

    /// Checks a request and makes it an ask. On an error nothing has changed.
    fn open(&mut self, request: &mut Self::Request, now: Tick) -> Result<Self::Ask, AdmitError>;

    /// Forgets an ask that led to nothing.
    fn discard(&mut self, _ask: Self::Ask, _now: Tick) {}

    /// Why a waiter can no longer be let in, ever: its cost has become too high.
    fn unfit(&self, ask: &Self::Ask) -> Option<CostError>;

    /// Lets the caller in at once, if it may go and overtakes nobody.
    fn admit(&mut self, ask: &mut Self::Ask, now: Tick) -> bool;

    /// The line in which such an ask waits.
    fn line_of(&mut self, ask: &Self::Ask) -> &mut Line;

    /// Waiter `id` has come to the front of its line, or has left it from there.
    fn front_changed(&mut self, _waiters: &Waiters<Self::Ask>, _id: WaiterId, _now: Tick) {}

    /// Lets in all that may go; answers when to look again, if time alone can change anything.
    fn advance(&mut self, waiters: &mut Waiters<Self::Ask>, now: Tick, granted: &mut Granted)
    -> Option<Tick>;

    /// How long the limits make an ask wait at least, whoever else waits.
    fn least_wait(&mut self, ask: &Self::Ask, now: Tick) -> Duration;

    /// Whether an ask that was let in is the first after a pause that has run out. Says so once.
    fn goes_on(&mut self, ask: &Self::Ask) -> bool;

    /// When an ask was let in; only of those that were.
    fn admitted_at(&self, ask: &Self::Ask) -> Tick;

    /// Takes back an admission that was never used.
    fn take_back(&mut self, ask: Self::Ask, now: Tick);
}

/// Collects who was let in.
#[derive(Default)]
pub(crate) struct Granted {
    pub(crate) wakers: Wakers,
    pub(crate) count: usize,
}

/// An alarm that no longer says what it was set to say. Nothing is ever due at zero, so it will be set anew.
const ASTRAY: Option<Tick> = Some(Tick::ZERO);

pub(crate) struct Engine<B: Book, T: Timer> {
    timer: T,
    state: Mutex<State<B>>,
    alarm: Alarm<T::Sleep>,
    voice: Voice,
}

pub(crate) struct State<B: Book> {
    pub(crate) book: B,
    pub(crate) closed: bool,
    pub(crate) max_waiting: usize,
    waiters: Waiters<B::Ask>,
    waiting: usize,
    clock: Steady,
    /// The time limits of waiters. Those of who waits no more are dropped along the way.
    deadlines: Deadlines,
    /// When to look again.
    due: Option<Tick>,
    /// What the alarm was last set to.
    armed: Option<Tick>,
}

impl<B: Book, T: Timer> Engine<B, T> {
    pub(crate) fn new(timer: T, book: B, max_waiting: usize, voice: Voice) -> Arc<Self> {
        let clock = Steady::starting_at(timer.now());
        let state = State {
            book,
            closed: false,
            max_waiting,
            waiters: Waiters::new(),
            waiting: 0,
            clock,
            deadlines: Deadlines::default(),
            due: None,
            armed: None,
        };
        Arc::new(Self { timer, state: Mutex::new(state), alarm: Alarm::new(), voice })
    }

    pub(crate) fn timer(&self) -> &T {
        &self.timer
    }

    /// Who tells what happens. Not to be used under the lock.
    pub(crate) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Looks at something, or changes something that lets nobody in.
    pub(crate) fn peek<R>(&self, look: impl FnOnce(&mut State<B>) -> R) -> R {
        look(&mut self.state.lock())
    }

    /// Looks at something as of now. Should the alarm not be as it ought to be, it is set anew.
    pub(crate) fn look<R>(self: &Arc<Self>, look: impl FnOnce(&mut State<B>, Tick) -> R) -> R {
        let mut state = self.state.lock();
        let now = state.read(&self.timer);
        let result = look(&mut state, now);
        if state.is_astray() {
            self.settle(state, now);
        }
        result
    }

    /// Changes something as of now, and lets in whom that allows.
    pub(crate) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut State<B>, Tick) -> R) -> R {
        let mut state = self.state.lock();
        let now = state.read(&self.timer);
        let result = change(&mut state, now);
        self.settle(state, now);
        result
    }

    /// Changes something that matters only to those who wait. The clock is read only if `needs_time` or somebody does.
    #[inline]
    pub(crate) fn go_on<R>(
        self: &Arc<Self>,
        needs_time: impl FnOnce(&B) -> bool,
        change: impl FnOnce(&mut State<B>, Tick) -> R,
    ) -> R {
        let mut state = self.state.lock();
        let waited_for = state.waiting > 0;
        let now =
            if waited_for || needs_time(&state.book) { state.read(&self.timer) } else { state.clock.now() };
        let result = change(&mut state, now);
        if waited_for {
            self.settle(state, now);
        }
        result
    }

    /// Changes the limits, unless that is an error, and turns away who does not fit them any more.
    pub(crate) fn update(
        self: &Arc<Self>,
        change: impl FnOnce(&mut State<B>, Tick) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        let mut state = self.state.lock();
        let now = state.read(&self.timer);
        change(&mut state, now)?;
        let turned_away = state.turn_away_all(Stage::Unfit);
        self.settle(state, now);
        turned_away.wake().pass_on();
        Ok(())
    }

    /// Turns everybody away, now and from now on.
    pub(crate) fn close(self: &Arc<Self>) {
        let mut state = self.state.lock();
        let now = state.read(&self.timer);
        state.closed = true;
        let turned_away = state.turn_away_all(Stage::Closed);
        self.settle(state, now);
        turned_away.wake().pass_on();
    }

    /// Lets in all that may go, lets go of the lock, wakes, and sees to the alarm.
    fn settle(self: &Arc<Self>, mut state: MutexGuard<'_, State<B>>, now: Tick) {
        let wakers = state.advance(now);
        let rearm = state.due != state.armed;
        drop(state);
        let mut woken = wakers.wake();
        if rearm {
            woken = woken.and(self.drive());
        }
        woken.pass_on();
    }

    /// Looks at the clock, lets in all that is due, and sets the alarm for when to look again.
    fn drive(self: &Arc<Self>) -> Woken {
        let mut woken = Woken::default();
        if !self.alarm.begin() {
            return woken;
        }
        let turn = Turn { engine: self };
        loop {
            let mut state = self.state.lock();
            let now = state.read(&self.timer);
            let wakers = state.advance(now);
            state.armed = state.due;
            let due = state.due.and_then(|due| state.clock.to_raw(due));
            let now = state.clock.raw();
            drop(state);
            woken = woken.and(wakers.wake());
            self.alarm.set(now, due, &self.timer, || Waker::from(self.clone()));
            if self.alarm.end() {
                std::mem::forget(turn);
                return woken;
            }
        }
    }
}

/// The turn to drive, given back should the timer panic: then nothing is armed, and the next who comes
/// sets the alarm anew.
struct Turn<'a, B: Book, T: Timer> {
    engine: &'a Engine<B, T>,
}

impl<B: Book, T: Timer> Drop for Turn<'_, B, T> {
    fn drop(&mut self) {
        self.engine.state.lock().armed = None;
        self.engine.alarm.give_up();
    }
}

/// The alarm rang.
impl<B: Book, T: Timer> Wake for Engine<B, T> {
    fn wake(self: Arc<Self>) {
        self.alarm.rang();
        // Whoever drives the platform's alarms is not to blame for a task's waker that panics, and may
        // have the alarms of many in hand. The panic has been reported when it began.
        let _reported = self.drive();
    }
}

impl<B: Book> State<B> {
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// When the front of the line has a chance again, if time alone can bring that about.
    pub(crate) fn due(&self) -> Option<Tick> {
        self.due
    }

    /// The steady time at which the timer read `raw`.
    pub(crate) fn steady_at(&self, raw: Tick) -> Tick {
        self.clock.steady_at(raw)
    }

    /// What the timer read last.
    pub(crate) fn raw(&self) -> Tick {
        self.clock.raw()
    }

    /// Whether the alarm is not as it ought to be: the source has stepped back, or the timer has failed.
    fn is_astray(&self) -> bool {
        self.due.is_some() && self.due != self.armed
    }

    fn read<T: Timer>(&mut self, timer: &T) -> Tick {
        let raw = timer.now();
        if raw < self.clock.raw() {
            // The source has stepped back or wrapped around: the alarm would ring at another time than meant.
            self.armed = ASTRAY;
        }
        self.clock.read(raw)
    }

    /// Lets in all that may go at `now`, ends the waits whose time is up, and notes when to look again.
    fn advance(&mut self, now: Tick) -> Wakers {
        let mut granted = Granted::default();
        self.time_out(&mut granted, |limit| limit < now);
        loop {
            let before = granted.count;
            let due = self.book.advance(&mut self.waiters, now, &mut granted);
            self.waiting -= granted.count - before;
            if !self.time_out(&mut granted, |limit| limit <= now) {
                self.due = due.into_iter().chain(self.next_limit()).min();
                return granted.wakers;
            }
        }
    }

    /// Turns away the waiters whose limit `is_up`. Whether there were any.
    fn time_out(&mut self, granted: &mut Granted, is_up: impl Fn(Tick) -> bool) -> bool {
        let mut any = false;
        while let Some((_, id)) = self.deadlines.first().filter(|&(limit, _)| is_up(limit)) {
            self.deadlines.remove(&mut self.waiters, id);
            if self.waiters.stage(id) == Stage::Waiting {
                granted.wakers.push(self.turn_away(id, Stage::TimedOut));
                any = true;
            }
        }
        any
    }

    /// The time limit that ends first, of those who still wait.
    fn next_limit(&mut self) -> Option<Tick> {
        while let Some((limit, id)) = self.deadlines.first() {
            if self.waiters.stage(id) == Stage::Waiting {
                return Some(limit);
            }
            self.deadlines.remove(&mut self.waiters, id);
        }
        None
    }

    /// Takes a waiter out of its line, unserved.
    fn turn_away(&mut self, id: WaiterId, stage: Stage) -> Option<Waker> {
        let front = self.is_front(id);
        let line = self.book.line_of(self.waiters.ask(id));
        let waker = self.waiters.settle(line, id, stage);
        self.waiting -= 1;
        if front {
            let now = self.clock.now();
            self.book.front_changed(&self.waiters, id, now);
        }
        waker
    }

    /// Turns away all who wait; for [`Stage::Unfit`], all of whom that is true.
    fn turn_away_all(&mut self, stage: Stage) -> Wakers {
        let leaves =
            |id: &WaiterId| stage != Stage::Unfit || self.book.unfit(self.waiters.ask(*id)).is_some();
        let ids: Vec<WaiterId> = self.waiters.waiting().filter(leaves).collect();
        let mut wakers = Wakers::default();
        for id in ids {
            wakers.push(self.turn_away(id, stage));
        }
        wakers
    }

    fn is_front(&mut self, id: WaiterId) -> bool {
        self.book.line_of(self.waiters.ask(id)).head() == Some(id)
    }
}
