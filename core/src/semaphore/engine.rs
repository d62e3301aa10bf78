//! The engine behind [`Semaphore`](crate::Semaphore) and [`BoundedSemaphore`](crate::BoundedSemaphore).
//!
//! # State
//! One atomic word holds the free permits and two flags; behind a mutex are the waiters, the permits
//! set aside for them (the escrow) and those owed after a shrink (the debt).
//!
//! - `SLOW` is set while somebody queues or permits are owed. While it is clear, acquiring is one
//!   compare-exchange and releasing one addition, and the mutex is not touched.
//! - While `SLOW` is set, nobody takes from the word but the holder of the mutex. A release still
//!   adds to the word first and then, having seen `SLOW` in the very value that it added to, takes
//!   the mutex to settle: move what is free into the escrow, pay the debt, and grant from the front.
//! - `SLOW` is set and cleared under the mutex only. It is cleared by the same addition that puts the
//!   escrow back, so that no permit is ever both in the word and set aside.
//! - `CLOSED` is set under the mutex, once.
//!
//! # Why no wake-up is lost
//! A waiter sets `SLOW` and then reads what is free, both under the mutex. A release that came before
//! is in what it reads; one that comes after sees `SLOW` and settles. Both go through one word, whose
//! modifications have one order for all threads.
//!
//! # Memory ordering
//! Giving a permit back must happen before the next holder goes on: releases add with `Release`, and
//! whoever takes permits (the compare-exchange, or the fold into the escrow) does so with `Acquire`.
//! The hand-over from the escrow to a waiter goes through the mutex.

use crate::queue::{Line, Stage, WaiterId, Waiters};
use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};
use crate::wakers::Wakers;
use std::task::Waker;

const SLOW: usize = 0b01;
const CLOSED: usize = 0b10;
const FLAGS: usize = SLOW | CLOSED;
/// One permit in the word.
const ONE: usize = 0b100;
const SHIFT: u32 = 2;

/// As many permits as a semaphore can hold; tokio's number. It leaves the word a bit to spare.
pub(crate) const MAX_PERMITS: usize = usize::MAX >> 3;

/// Public in name only: permits reach it through a sealed trait.
pub struct Engine {
    word: AtomicUsize,
    /// How many permits there are to be: free, held, set aside, less the debt.
    capacity: AtomicUsize,
    slow: Mutex<Slow>,
}

struct Slow {
    waiters: Waiters<u32>,
    line: Line,
    escrow: usize,
    debt: usize,
}

/// Why permits were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Closed,
    NoPermits,
}

/// The answer to asking and, if need be, queueing in one step.
pub(crate) enum Asked {
    Granted,
    Closed,
    Queued(WaiterId),
}

impl Engine {
    /// `permits` must not exceed [`MAX_PERMITS`].
    pub(crate) const fn new(permits: usize) -> Self {
        Self::with(permits, 0)
    }

    pub(crate) const fn new_closed() -> Self {
        Self::with(0, CLOSED)
    }

    const fn with(permits: usize, flags: usize) -> Self {
        let slow = Slow { waiters: Waiters::new(), line: Line::new(), escrow: 0, debt: 0 };
        Self {
            word: AtomicUsize::new(permits << SHIFT | flags),
            capacity: AtomicUsize::new(permits),
            slow: Mutex::new(slow),
        }
    }

    /// Takes `n` permits if they are free and nobody queues.
    #[inline]
    pub(crate) fn try_acquire(&self, n: usize) -> Result<(), Refusal> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Err(Refusal::Closed);
            }
            // Whoever asks for nothing takes nothing from those who queue.
            if n > 0 && (word & SLOW != 0 || word >> SHIFT < n) {
                return Err(Refusal::NoPermits);
            }
            let taken = word - (n << SHIFT);
            match self.word.compare_exchange_weak(word, taken, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Takes `n` permits, or joins the queue for them.
    pub(crate) fn ask(&self, n: u32, waker: &Waker) -> Asked {
        let mut slow = self.slow.lock();
        let word = self.word.fetch_or(SLOW, Ordering::Relaxed);
        if word & CLOSED != 0 {
            self.leave_slow(&mut slow);
            return Asked::Closed;
        }
        self.fold(&mut slow);
        if slow.line.is_empty() && slow.escrow >= n as usize {
            slow.escrow -= n as usize;
            self.leave_slow(&mut slow);
            return Asked::Granted;
        }
        let Slow { waiters, line, .. } = &mut *slow;
        Asked::Queued(waiters.join(line, n, waker.clone()))
    }

    /// Asks what became of a waiter; one that is settled is removed.
    pub(crate) fn poll(&self, id: WaiterId, waker: &Waker) -> Stage {
        let mut slow = self.slow.lock();
        let stage = slow.waiters.stage(id);
        let stale = match stage {
            Stage::Waiting => slow.waiters.update_waker(id, waker),
            _ => {
                slow.waiters.remove(id);
                None
            }
        };
        drop(slow);
        drop(stale);
        stage
    }

    /// Removes a waiter whose future is dropped. What it was granted goes to the next in line.
    pub(crate) fn cancel(&self, id: WaiterId) {
        let mut slow = self.slow.lock();
        let stage = slow.waiters.stage(id);
        let waker = match stage {
            Stage::Waiting => {
                let Slow { waiters, line, .. } = &mut *slow;
                waiters.settle(line, id, Stage::Closed)
            }
            _ => None,
        };
        let n = slow.waiters.remove(id) as usize;
        match stage {
            Stage::Waiting => self.settle(slow).wake().pass_on(),
            Stage::Granted => {
                drop(slow);
                self.release(n);
            }
            _ => {}
        }
        drop(waker);
    }

    /// Gives `n` permits back.
    #[inline]
    pub(crate) fn release(&self, n: usize) {
        if n == 0 {
            return;
        }
        let before = self.word.fetch_add(n << SHIFT, Ordering::Release);
        if before & SLOW != 0 {
            self.settle(self.slow.lock()).wake().pass_on();
        }
    }

    /// Adds `n` new permits.
    ///
    /// # Panics
    /// When there would be more than [`MAX_PERMITS`]; nothing is added then.
    #[track_caller]
    pub(crate) fn add(&self, n: usize) {
        let fits = |now: usize| now.checked_add(n).filter(|&sum| sum <= MAX_PERMITS);
        let added = self.capacity.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        if let Err(now) = added {
            panic!(
                "{n} permits more than {now} are more than a semaphore can have (MAX_PERMITS, {MAX_PERMITS})"
            );
        }
        self.release(n);
    }

    /// Takes up to `n` free permits away for good; returns how many.
    pub(crate) fn forget(&self, n: usize) -> usize {
        let mut forgotten = 0;
        let fewer = |word: usize| {
            forgotten = if word & SLOW == 0 { n.min(word >> SHIFT) } else { 0 };
            Some(word - (forgotten << SHIFT))
        };
        // Always `Ok`: the closure refuses nothing.
        let _ = self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, fewer);
        self.uncount(forgotten);
        forgotten
    }

    /// Notes that `n` permits in somebody's hands will never come back.
    ///
    /// They count against the capacity; when a shrink has left less than that, against the debt,
    /// which they can no longer pay.
    pub(crate) fn uncount(&self, n: usize) {
        let fewer = |now: usize| Some(now.saturating_sub(n));
        let before = self.capacity.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        let owed = n.saturating_sub(before.unwrap_or(n));
        if owed > 0 {
            let mut slow = self.slow.lock();
            slow.debt = slow.debt.saturating_sub(owed);
            self.settle(slow).wake().pass_on();
        }
    }

    /// Makes the permits `capacity` in all. What cannot be taken away now is owed by later releases.
    pub(crate) fn resize(&self, capacity: usize) {
        let mut slow = self.slow.lock();
        self.word.fetch_or(SLOW, Ordering::Relaxed);
        let before = self.capacity.swap(capacity, Ordering::Relaxed);
        if capacity >= before {
            slow.escrow += capacity - before;
        } else {
            slow.debt += before - capacity;
        }
        self.settle(slow).wake().pass_on();
    }

    pub(crate) fn close(&self) {
        let mut slow = self.slow.lock();
        self.word.fetch_or(SLOW | CLOSED, Ordering::Relaxed);
        let mut wakers = Wakers::default();
        let Slow { waiters, line, .. } = &mut *slow;
        while let Some(id) = line.head() {
            wakers.push(waiters.settle(line, id, Stage::Closed));
        }
        self.fold(&mut slow);
        self.leave_slow(&mut slow);
        drop(slow);
        wakers.wake().pass_on();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Free permits; 0 while anybody queues, for then they are spoken for.
    pub(crate) fn available(&self) -> usize {
        let word = self.word.load(Ordering::Acquire);
        if word & SLOW != 0 { 0 } else { word >> SHIFT }
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity.load(Ordering::Relaxed)
    }

    pub(crate) fn waiting(&self) -> usize {
        if self.word.load(Ordering::Acquire) & SLOW == 0 { 0 } else { self.slow.lock().line.len() }
    }

    /// Grants what can be granted and lets go of the lock; the wakers are for the caller to wake.
    fn settle(&self, mut slow: MutexGuard<'_, Slow>) -> Wakers {
        let mut wakers = Wakers::default();
        if self.word.load(Ordering::Relaxed) & SLOW == 0 {
            // Somebody else settled first; what we released is in the word, free to take.
            return wakers;
        }
        self.fold(&mut slow);
        let Slow { waiters, line, escrow, .. } = &mut *slow;
        while let Some(id) = line.head() {
            let n = *waiters.ask(id) as usize;
            if n > *escrow {
                break;
            }
            *escrow -= n;
            wakers.push(waiters.settle(line, id, Stage::Granted));
        }
        self.leave_slow(&mut slow);
        wakers
    }

    /// Moves what is free into the escrow, and pays the debt from it. Only while `SLOW` is set.
    fn fold(&self, slow: &mut Slow) {
        slow.escrow += self.word.fetch_and(FLAGS, Ordering::Acquire) >> SHIFT;
        let paid = slow.debt.min(slow.escrow);
        slow.debt -= paid;
        slow.escrow -= paid;
    }

    /// Clears `SLOW` and frees the escrow, if nobody queues and nothing is owed. Only while it is set.
    fn leave_slow(&self, slow: &mut Slow) {
        if slow.line.is_empty() && slow.debt == 0 {
            let escrow = std::mem::take(&mut slow.escrow);
            // One addition: `SLOW` is bit 0 and set, so taking 1 away clears it.
            self.word.fetch_add((escrow * ONE).wrapping_sub(SLOW), Ordering::Release);
        }
    }
}
