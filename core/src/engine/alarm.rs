//! The one alarm, and who may set it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::sync::{AtomicBool, AtomicU8, Mutex, Ordering};
use crate::time::{Tick, Timer};

/// At rest.
const IDLE: u8 = 0;
/// Somebody drives.
const BUSY: u8 = 1;
/// Somebody drives, and has to go round again.
const AGAIN: u8 = 2;

/// Holds the sleep that is armed, if any, and sees to it that one thread at a time handles it.
///
/// A sleep may wake its waker from anywhere, even from within its own `poll` or `drop`. So the threads
/// do not wait for each other: whoever comes while another one drives leaves word, and goes.
pub(crate) struct Alarm<S> {
    turn: AtomicU8,
    /// The sleep that is armed has done its duty.
    rang: AtomicBool,
    /// Locked by whoever drives, and so never fought over.
    sleep: Mutex<Option<(Tick, Pin<Box<S>>)>>,
}

impl<S: Future<Output = ()>> Alarm<S> {
    pub(crate) fn new() -> Self {
        Self { turn: AtomicU8::new(IDLE), rang: AtomicBool::new(false), sleep: Mutex::new(None) }
    }

    /// Takes the turn to drive. If somebody else has it, they will go round again.
    pub(crate) fn begin(&self) -> bool {
        let next = |turn| Some(if turn == IDLE { BUSY } else { AGAIN });
        self.turn.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) == Ok(IDLE)
    }

    /// Gives the turn back; false if there is another round to go first.
    pub(crate) fn end(&self) -> bool {
        let next = |turn| Some(if turn == AGAIN { BUSY } else { IDLE });
        self.turn.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) == Ok(BUSY)
    }

    /// Gives the turn back with nothing armed, after a panic.
    pub(crate) fn give_up(&self) {
        *self.sleep.lock() = None;
        self.turn.store(IDLE, Ordering::Release);
    }

    /// Notes that the sleep has woken us. It is not polled again, but replaced.
    pub(crate) fn rang(&self) {
        self.rang.store(true, Ordering::Release);
    }

    /// Sets the alarm for `due`, or takes it off. Only by whoever has the turn.
    pub(crate) fn set(
        &self,
        now: Tick,
        due: Option<Tick>,
        timer: &impl Timer<Sleep = S>,
        waker: impl FnOnce() -> Waker,
    ) {
        let rang = self.rang.swap(false, Ordering::Acquire);
        let mut armed = self.sleep.lock();
        let armed_for = armed.as_ref().map(|(at, _)| *at);
        if !rang && armed_for == due {
            return;
        }
        let Some(due) = due else {
            *armed = None;
            return;
        };
        let early = rang && armed_for.is_some_and(|at| at > now);
        let sleep = if early { timer.sleep_again(due) } else { timer.sleep_until(due) };
        let (at, sleep) = match &mut *armed {
            Some((at, old)) => {
                // The box is used again.
                old.set(sleep);
                (at, old)
            }
            none => {
                let (at, sleep) = none.insert((due, Box::pin(sleep)));
                (at, sleep)
            }
        };
        *at = due;
        let waker = waker();
        if sleep.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Ready(()) {
            *armed = None;
            // The time has come already: have a look at once.
            self.turn.store(AGAIN, Ordering::Release);
        }
    }
}
