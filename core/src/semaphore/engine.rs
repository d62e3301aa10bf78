//! The engine behind [`Semaphore`](crate::Semaphore) and [`BoundedSemaphore`](crate::BoundedSemaphore).
//!
//! # State
//! One atomic word holds the free permits and two flags; behind a mutex are the waiters, the permits
//! set aside for them (the escrow) and those owed after a shrink (the debt).
//!
//! - `SLOW` is set while somebody queues or permits are owed. While it is clear, acquiring is one
//!   compare-exchange and releasing one addition, and the mutex is not touched.
//! - While `SLOW` is set, nobody takes from the word but the holder of the mutex. A release takes the
//!   mutex and puts its permits straight into the escrow, from which it grants. One that had not seen
//!   `SLOW` yet has added to the word; it finds `SLOW` in the very value that it added to, and then
//!   settles: moves what is free into the escrow, pays the debt, and grants from the front.
//! - `SLOW` is set and cleared under the mutex only. It is cleared by the same addition that puts the
//!   escrow back, so that no permit is ever both in the word and set aside.
//! - `CLOSED` is set under the mutex, once.
//!
//! # Tickets
//! Each waiter has a number, one more than the last. As all are granted in the order of the line, one
//! number tells what became of everybody: who is below `served` has been granted. So a grant frees the
//! waiter's slot at once, and the waiter learns of it without the mutex.
//!
//! # Why no wake-up is lost
//! A waiter sets `SLOW` and then reads what is free, both under the mutex. A release that came before
//! is in what it reads; one that comes after sees `SLOW` and settles. Both go through one word, whose
//! modifications have one order for all threads.
//!
//! # Memory ordering
//! Giving a permit back must happen before the next holder goes on: releases add with `Release`, and
//! whoever takes permits (the compare-exchange, or the fold into the escrow) does so with `Acquire`.
//! The hand-over from the escrow to a waiter goes through the mutex and then through `served`, stored
//! with `Release` and read with `Acquire`. `CLOSED` is set with `Release` after the last grant, and read
//! before `served`: who finds it set finds every grant there will ever be.

use std::num::NonZeroU64;
use std::task::Waker;

use crate::queue::{Line, WaiterId, Waiters};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, const_fn};
use crate::wakers::Wakers;

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
    /// All tickets below this one have been granted.
    served: AtomicU64,
    /// How many permits there are to be: free, held, set aside, less the debt.
    capacity: AtomicUsize,
    slow: Mutex<Slow>,
}

struct Slow {
    waiters: Waiters<Ask>,
    line: Line,
    escrow: usize,
    debt: usize,
    /// The ticket of the next waiter.
    next: NonZeroU64,
}

/// What the slot of a waiter remembers.
struct Ask {
    permits: u32,
    ticket: NonZeroU64,
}

/// A waiter's place in the queue. The slot is its own only while it waits.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    ticket: NonZeroU64,
    slot: WaiterId,
}

/// What has become of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Waiting,
    Granted,
    Closed,
    /// Granted, but the semaphore closed before that was noticed: the permits are to be given back.
    Void,
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
    Queued(Place),
}

impl Engine {
    const_fn! {
        /// `permits` must not exceed [`MAX_PERMITS`].
        pub(crate) const fn new(permits: usize) -> Self {
            Self::with(permits, 0)
        }
    }

    const_fn! {
        pub(crate) const fn new_closed() -> Self {
            Self::with(0, CLOSED)
        }
    }

    const_fn! {
        const fn with(permits: usize, flags: usize) -> Self {
            let next = NonZeroU64::MIN;
            let slow = Slow { waiters: Waiters::new(), line: Line::new(), escrow: 0, debt: 0, next };
            Self {
                word: AtomicUsize::new(permits << SHIFT | flags),
                served: AtomicU64::new(next.get()),
                capacity: AtomicUsize::new(permits),
                slow: Mutex::new(slow),
            }
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
        // Cloning is foreign code, and it will be needed but for a race.
        let waker = waker.clone();
        let mut slow = self.slow.lock();
        if self.word.load(Ordering::Relaxed) & SLOW == 0 {
            self.word.fetch_or(SLOW, Ordering::Relaxed);
        }
        if self.word.load(Ordering::Relaxed) & CLOSED != 0 {
            self.leave_slow(&mut slow);
            drop(slow);
            return Asked::Closed;
        }
        self.fold(&mut slow);
        if slow.line.is_empty() && slow.escrow >= n as usize {
            slow.escrow -= n as usize;
            self.leave_slow(&mut slow);
            drop(slow);
            return Asked::Granted;
        }
        let ticket = slow.next;
        let Slow { waiters, line, next, .. } = &mut *slow;
        let slot = waiters.join(line, Ask { permits: n, ticket }, waker);
        *next = ticket.checked_add(1).expect("fewer than 2^64 waits");
        Asked::Queued(Place { ticket, slot })
    }

    /// Asks what became of a waiter for `n` permits; one that waits will be woken through `waker`.
    #[inline]
    pub(crate) fn poll(&self, place: Place, n: u32, waker: &Waker) -> Fate {
        let fate = match self.fate(place) {
            Fate::Waiting => self.stay(place, waker),
            settled => settled,
        };
        if fate == Fate::Void {
            self.release(n as usize);
        }
        fate
    }

    #[cold]
    fn stay(&self, place: Place, waker: &Waker) -> Fate {
        let mut slow = self.slow.lock();
        // Granting and closing take the mutex: what is so now stays so.
        let fate = self.fate(place);
        let stale = if fate == Fate::Waiting { slow.waiters.update_waker(place.slot, waker) } else { None };
        drop(slow);
        drop(stale);
        fate
    }

    /// Gives up the place of a waiter whose future is dropped. What it was granted, `n` permits, goes to
    /// the next in line.
    pub(crate) fn cancel(&self, place: Place, n: u32) {
        if self.fate(place) == Fate::Waiting {
            let mut slow = self.slow.lock();
            if self.fate(place) == Fate::Waiting {
                let front = slow.line.head() == Some(place.slot);
                let Slow { waiters, line, .. } = &mut *slow;
                let waker = waiters.leave(line, place.slot);
                // Behind the front, one who leaves changes nothing for the others.
                if front {
                    self.settle(slow, 0);
                } else {
                    drop(slow);
                }
                drop(waker);
                return;
            }
        }
        if matches!(self.fate(place), Fate::Granted | Fate::Void) {
            self.release(n as usize);
        }
    }

    #[inline]
    fn fate(&self, place: Place) -> Fate {
        let closed = self.word.load(Ordering::Acquire) & CLOSED != 0;
        let granted = place.ticket.get() < self.served.load(Ordering::Acquire);
        match (granted, closed) {
            (false, false) => Fate::Waiting,
            (true, false) => Fate::Granted,
            (false, true) => Fate::Closed,
            (true, true) => Fate::Void,
        }
    }

    /// Gives `n` permits back.
    #[inline]
    pub(crate) fn release(&self, n: usize) {
        if n == 0 {
            return;
        }
        if self.word.load(Ordering::Relaxed) & SLOW != 0 {
            self.hand_on(n);
        } else if self.word.fetch_add(n << SHIFT, Ordering::Release) & SLOW != 0 {
            self.hand_on(0);
        }
    }

    /// Gives `n` permits, and what is free, to those who queue.
    #[cold]
    fn hand_on(&self, n: usize) {
        self.settle(self.slow.lock(), n);
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
        let forgotten = self.take_free(n);
        self.uncount(forgotten);
        forgotten
    }

    /// Takes up to `n` out of the free permits, unless they are spoken for; returns how many.
    fn take_free(&self, n: usize) -> usize {
        let mut taken = 0;
        let fewer = |word: usize| {
            taken = if word & SLOW == 0 { n.min(word >> SHIFT) } else { 0 };
            Some(word - (taken << SHIFT))
        };
        // Always `Ok`: the closure refuses nothing.
        let _ = self.word.fetch_update(Ordering::Acquire, Ordering::Relaxed, fewer);
        taken
    }

    /// Notes that `n` permits in somebody's hands will never come back.
    ///
    /// They count against the capacity; when a shrink has left less than that, against the debt,
    /// which they can no longer pay. Under the lock, so that no resize comes between the two.
    pub(crate) fn uncount(&self, n: usize) {
        if n == 0 {
            return;
        }
        let mut slow = self.slow.lock();
        let fewer = |now: usize| Some(now.saturating_sub(n));
        let before = self.capacity.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        slow.debt = slow.debt.saturating_sub(n.saturating_sub(before.unwrap_or(n)));
        self.settle(slow, 0);
    }

    /// Makes the permits `capacity` in all. What cannot be taken away now is owed by later releases.
    pub(crate) fn resize(&self, capacity: usize) {
        let mut slow = self.slow.lock();
        let before = self.capacity.swap(capacity, Ordering::Relaxed);
        let more = capacity.saturating_sub(before);
        let fewer = before.saturating_sub(capacity);
        slow.debt += fewer - self.take_free(fewer);
        if slow.debt > 0 {
            self.word.fetch_or(SLOW, Ordering::Relaxed);
        }
        self.settle(slow, more);
    }

    pub(crate) fn close(&self) {
        let mut slow = self.slow.lock();
        self.word.fetch_or(SLOW | CLOSED, Ordering::Release);
        let mut wakers = Wakers::default();
        let Slow { waiters, line, .. } = &mut *slow;
        while let Some(id) = line.head() {
            wakers.push(waiters.leave(line, id));
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

    /// Takes `n` permits back, grants what can be granted, lets go of the lock, and wakes.
    #[inline]
    fn settle(&self, mut slow: MutexGuard<'_, Slow>, n: usize) {
        if self.word.load(Ordering::Relaxed) & SLOW == 0 {
            // Somebody else settled first, and nobody can begin to queue while we hold the lock.
            self.word.fetch_add(n << SHIFT, Ordering::Release);
            return;
        }
        slow.escrow += n;
        self.fold(&mut slow);
        let mut wakers = Wakers::default();
        let Slow { waiters, line, escrow, .. } = &mut *slow;
        while let Some(id) = line.head() {
            let &Ask { permits, ticket } = waiters.ask(id);
            if permits as usize > *escrow {
                break;
            }
            *escrow -= permits as usize;
            wakers.push(waiters.leave(line, id));
            self.served.store(ticket.get() + 1, Ordering::Release);
        }
        self.leave_slow(&mut slow);
        drop(slow);
        wakers.wake().pass_on();
    }

    /// Moves what is free into the escrow, and pays the debt from it. Only while `SLOW` is set.
    fn fold(&self, slow: &mut Slow) {
        // What comes in after this look sees `SLOW`, and settles.
        if self.word.load(Ordering::Relaxed) >> SHIFT > 0 {
            slow.escrow += self.word.fetch_and(FLAGS, Ordering::Acquire) >> SHIFT;
        }
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
