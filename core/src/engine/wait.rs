//! A wait to be let in: what the futures of throttle and keyed have in common.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Book, Engine, State};
use crate::events::{Admission, Delay};
use crate::queue::{Stage, WaiterId};
use crate::sync::{Arc, MutexGuard};
use crate::throttle::{AdmitError, TryAdmitError};
use crate::time::{Tick, Timer, nanos};

/// One caller's way in: asked for, queued, done.
///
/// Whoever owns it calls [`poll`](Wait::poll) until it is ready, and [`abandon`](Wait::abandon) when
/// dropped, both with the same engine. What is asked for is handed in with each poll.
pub(crate) struct Wait {
    /// Nanoseconds to wait at most, until queued; then the tick at which it was.
    limit_or_joined: u64,
    place: Place,
}

/// How a caller was let in.
pub(crate) struct Admitted {
    /// When, by the timer's own clock.
    pub(crate) at: Tick,
    /// What there is to tell of it.
    pub(crate) told: Admission,
}

#[derive(Clone, Copy)]
enum Place {
    Outside,
    Queued(WaiterId),
    Done,
}

impl Wait {
    pub(crate) fn new() -> Self {
        Self { limit_or_joined: u64::MAX, place: Place::Outside }
    }

    /// Gives up after waiting so long.
    pub(crate) fn set_limit(&mut self, limit: Duration) {
        if matches!(self.place, Place::Outside) {
            self.limit_or_joined = nanos(limit);
        }
    }

    /// Asks at the first poll, and then again and again what became of it.
    pub(crate) fn poll<B: Book, T: Timer>(
        &mut self,
        engine: &Arc<Engine<B, T>>,
        request: &mut B::Request,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Admitted, AdmitError>> {
        let outcome = match self.place {
            Place::Outside => self.enter(engine, request, cx.waker()),
            Place::Queued(id) => self.look(engine, id, cx.waker()),
            Place::Done => panic!("an `acquire` future was polled after it was ready"),
        };
        if let Poll::Ready(Err(error)) = &outcome {
            engine.voice.refused(B::cost_of(request), error);
        }
        outcome
    }

    /// Gives up the place, or hands on what was granted and not taken.
    pub(crate) fn abandon<B: Book, T: Timer>(&mut self, engine: &Arc<Engine<B, T>>) {
        let Place::Queued(id) = std::mem::replace(&mut self.place, Place::Done) else { return };
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        let now = state.read(&engine.timer);
        let stage = state.waiters.stage(id);
        let front = stage == Stage::Waiting && state.is_front(id);
        let waker = if stage == Stage::Waiting { state.turn_away(id, Stage::Closed) } else { None };
        let limited = state.deadlines.remove(&mut state.waiters, id);
        let ask = state.waiters.remove(id);
        match stage {
            Stage::Granted => state.book.take_back(ask, now),
            _ => state.book.discard(ask, now),
        }
        // Behind the front, one who leaves changes nothing for the others.
        if front || limited || stage == Stage::Granted || state.is_astray() {
            engine.settle(guard, now);
        } else {
            drop(guard);
        }
        drop(waker);
    }

    fn enter<B: Book, T: Timer>(
        &mut self,
        engine: &Arc<Engine<B, T>>,
        request: &mut B::Request,
        waker: &Waker,
    ) -> Poll<Result<Admitted, AdmitError>> {
        self.place = Place::Done;
        let watched = engine.voice.is_heard_on_delays();
        let (mut guard, now) = engine.up_to_date();
        let state = &mut *guard;
        let mut ask = match state.open(request, now) {
            Ok(ask) => ask,
            Err(error) => return Poll::Ready(Err(error)),
        };
        if state.book.admit(&mut ask, now) {
            return Poll::Ready(Ok(state.at_once(&ask)));
        }
        if state.waiting >= state.max_waiting {
            state.book.discard(ask, now);
            return Poll::Ready(Err(AdmitError::QueueFull { max_waiting: state.max_waiting }));
        }
        let delay = watched.then(|| state.delay(&ask, now));
        let id = state.waiters.join(state.book.line_of(&ask), ask, waker.clone());
        state.waiting += 1;
        self.place = Place::Queued(id);
        let limit = std::mem::replace(&mut self.limit_or_joined, now.0);
        let limited = limit != u64::MAX;
        if limited {
            state.deadlines.insert(&mut state.waiters, Tick(now.0.saturating_add(limit)), id);
        }
        let front = state.is_front(id);
        if front {
            state.book.front_changed(&state.waiters, id, now);
        }
        // Behind the front, one who joins changes nothing. (Should the alarm not be set as it ought to be,
        // because the timer failed, this is a chance to make it good.)
        if front || limited || state.due != state.armed {
            engine.settle(guard, now);
        } else {
            drop(guard);
        }
        if let Some(delay) = delay {
            engine.voice.delayed(B::cost_of(request), &delay);
        }
        Poll::Pending
    }

    fn look<B: Book, T: Timer>(
        &mut self,
        engine: &Arc<Engine<B, T>>,
        id: WaiterId,
        waker: &Waker,
    ) -> Poll<Result<Admitted, AdmitError>> {
        let mut guard = engine.state.lock();
        let state = &mut *guard;
        let stage = state.waiters.stage(id);
        if stage == Stage::Waiting {
            let stale = state.waiters.update_waker(id, waker);
            drop(guard);
            drop(stale);
            return Poll::Pending;
        }
        self.place = Place::Done;
        state.deadlines.remove(&mut state.waiters, id);
        let ask = state.waiters.remove(id);
        let error = match stage {
            Stage::Granted => {
                return Poll::Ready(Ok(state.admitted(&ask, Tick(self.limit_or_joined))));
            }
            Stage::TimedOut => AdmitError::TimedOut,
            Stage::Unfit => state.book.unfit(&ask).map_or(AdmitError::Closed, AdmitError::Cost),
            Stage::Waiting | Stage::Closed => AdmitError::Closed,
        };
        let now = state.clock.now();
        state.book.discard(ask, now);
        Poll::Ready(Err(error))
    }
}

impl<B: Book, T: Timer> Engine<B, T> {
    /// Lets the caller in at once, or not at all.
    pub(crate) fn try_admit(self: &Arc<Self>, request: &mut B::Request) -> Result<Admitted, TryAdmitError> {
        let (mut guard, now) = self.up_to_date();
        let state = &mut *guard;
        let mut ask = match state.open(request, now) {
            Ok(ask) => ask,
            Err(error) => {
                drop(guard);
                self.voice.refused(B::cost_of(request), &error);
                return Err(error.into());
            }
        };
        if state.book.admit(&mut ask, now) {
            return Ok(state.at_once(&ask));
        }
        // That is between the two of us: whoever tries expects it.
        state.book.discard(ask, now);
        Err(TryAdmitError::NotNow)
    }
}

impl<B: Book, T: Timer> Engine<B, T> {
    /// The state as of now. If the alarm is late, those who are due go first.
    fn up_to_date(self: &Arc<Self>) -> (MutexGuard<'_, State<B>>, Tick) {
        let mut state = self.state.lock();
        let mut now = state.read(&self.timer);
        if state.is_astray() {
            self.settle(state, now);
            state = self.state.lock();
            now = state.read(&self.timer);
        }
        // At the end of its time nothing is due any more.
        while now < Tick::MAX && state.due.is_some_and(|due| due <= now) {
            self.settle(state, now);
            state = self.state.lock();
            now = state.read(&self.timer);
        }
        (state, now)
    }
}

impl<B: Book> State<B> {
    fn open(&mut self, request: &mut B::Request, now: Tick) -> Result<B::Ask, AdmitError> {
        if self.closed { Err(AdmitError::Closed) } else { self.book.open(request, now) }
    }

    /// How a caller was let in that did not wait: just now.
    #[inline]
    fn at_once(&mut self, ask: &B::Ask) -> Admitted {
        let now = self.clock.now();
        Admitted { at: self.clock.raw(), told: Admission::after(now, now, self.book.goes_on(ask)) }
    }

    /// How a caller was let in that has waited.
    fn admitted(&mut self, ask: &B::Ask, joined: Tick) -> Admitted {
        let admitted = self.book.admitted_at(ask);
        let told = Admission::after(joined, admitted, self.book.goes_on(ask));
        Admitted { at: self.clock.raw_at(admitted), told }
    }

    /// What a caller meets that is about to join its line.
    fn delay(&mut self, ask: &B::Ask, now: Tick) -> Delay {
        Delay { ahead: self.book.line_of(ask).len(), wait: self.book.least_wait(ask, now) }
    }
}
