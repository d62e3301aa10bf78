//! The waiters: a slab of them, and first-in-first-out lines threaded through it.
//!
//! A waiter is a slot in a slab with the numbers of its two neighbours. Joining, granting and
//! leaving from anywhere in a line are a few writes each; a wait allocates nothing once the slab has
//! grown, nothing is pinned, and no pointer is involved that could be wrong.
//!
//! Rules:
//! - A slot belongs to one waiting future from [`Waiters::join`] on. There are two ways to end that. Whoever
//!   [settles](Waiters::settle) a waiter takes it out of its line and leaves the slot behind, so that the future
//!   finds there what became of it, and [removes](Waiters::remove) it: the number is never that of a later waiter.
//!   Whoever makes a waiter [leave](Waiters::leave) frees the slot at once; the future must know by other means
//!   that the number is no longer its own (the semaphore's tickets are such).
//! - Only a waiter that is [`Stage::Waiting`] is in a line.
//! - Everything here happens under the owner's lock. Wakers leave through
//!   [`Wakers`](crate::wakers::Wakers) or as return values, to be woken or dropped after it.

use slab::Slab;
use std::task::Waker;

/// No waiter.
const NONE: u32 = u32::MAX;

/// Below so many slots a slab is kept when it empties; larger ones give their memory back.
const KEPT_SLOTS: usize = 256;

/// All waiters of one owner, in whichever lines. `A` is what a waiter asks for.
#[derive(Debug)]
pub(crate) struct Waiters<A> {
    slots: Slab<Waiter<A>>,
}

/// One first-in-first-out line among the [`Waiters`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    head: u32,
    tail: u32,
    len: u32,
}

/// The number of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WaiterId(u32);

/// What has become of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Waiting,
    Granted,
    Closed,
    TimedOut,
    /// Its cost can no longer be admitted.
    Unfit,
}

#[derive(Debug)]
struct Waiter<A> {
    ask: A,
    waker: Option<Waker>,
    /// The neighbours in its line. The `prev` of a line's head means nothing.
    prev: u32,
    next: u32,
    /// Its place among the deadlines, which is theirs to know; or [`NONE`].
    deadline: u32,
    stage: Stage,
}

impl<A> Waiters<A> {
    pub(crate) const fn new() -> Self {
        Self { slots: Slab::new() }
    }

    /// Adds a waiter at the end of `line`.
    #[inline]
    pub(crate) fn join(&mut self, line: &mut Line, ask: A, waker: Waker) -> WaiterId {
        if self.slots.len() == self.slots.capacity() {
            // Grown by an eighth, not doubled: a large crowd then has little slack to pay for.
            self.slots.reserve_exact((self.slots.len() / 8).max(16));
        }
        let waiter = Waiter {
            ask,
            waker: Some(waker),
            prev: line.tail,
            next: NONE,
            deadline: NONE,
            stage: Stage::Waiting,
        };
        let key = self.slots.insert(waiter);
        let id = u32::try_from(key).ok().filter(|&id| id != NONE).expect("fewer than 2^32 - 1 waiters");
        match line.tail {
            NONE => line.head = id,
            tail => self.slots[tail as usize].next = id,
        }
        line.tail = id;
        line.len += 1;
        WaiterId(id)
    }

    /// Takes a waiting `id` out of `line` and notes what became of it; returns its waker.
    pub(crate) fn settle(&mut self, line: &mut Line, id: WaiterId, stage: Stage) -> Option<Waker> {
        let waiter = &mut self.slots[id.0 as usize];
        debug_assert_eq!(waiter.stage, Stage::Waiting);
        let (prev, next) = (waiter.prev, waiter.next);
        waiter.stage = stage;
        let waker = waiter.waker.take();
        self.unlink(line, id, prev, next);
        waker
    }

    /// Takes a waiting `id` out of `line` and frees its slot; returns its waker.
    #[inline]
    pub(crate) fn leave(&mut self, line: &mut Line, id: WaiterId) -> Option<Waker> {
        let Waiter { waker, prev, next, stage, .. } = self.slots.remove(id.0 as usize);
        debug_assert_eq!(stage, Stage::Waiting);
        self.unlink(line, id, prev, next);
        self.shrink();
        waker
    }

    /// Frees the slot of a settled waiter; returns what it asked for.
    pub(crate) fn remove(&mut self, id: WaiterId) -> A {
        let waiter = self.slots.remove(id.0 as usize);
        debug_assert_ne!(waiter.stage, Stage::Waiting);
        self.shrink();
        waiter.ask
    }

    /// Joins the neighbours of one who leaves.
    #[inline]
    fn unlink(&mut self, line: &mut Line, id: WaiterId, prev: u32, next: u32) {
        line.len -= 1;
        if line.tail == id.0 {
            line.tail = if line.head == id.0 { NONE } else { prev };
        } else if line.head != id.0 {
            self.slots[next as usize].prev = prev;
        }
        // The new head keeps its `prev`, which nobody looks at: a slot less to touch for each grant.
        if line.head == id.0 {
            line.head = next;
        } else {
            self.slots[prev as usize].next = next;
        }
    }

    /// Gives the memory of a crowd back once it is gone.
    #[inline]
    fn shrink(&mut self) {
        if self.slots.is_empty() && self.slots.capacity() > KEPT_SLOTS {
            self.slots = Slab::new();
        }
    }

    pub(crate) fn stage(&self, id: WaiterId) -> Stage {
        self.slots[id.0 as usize].stage
    }

    pub(crate) fn ask(&self, id: WaiterId) -> &A {
        &self.slots[id.0 as usize].ask
    }

    pub(crate) fn ask_mut(&mut self, id: WaiterId) -> &mut A {
        &mut self.slots[id.0 as usize].ask
    }

    /// Notes where among the deadlines that of a waiter is.
    pub(crate) fn set_deadline(&mut self, id: WaiterId, place: usize) {
        self.slots[id.0 as usize].deadline = place as u32;
    }

    /// Where among the deadlines that of a waiter was, if it had one. Now it has none.
    pub(crate) fn take_deadline(&mut self, id: WaiterId) -> Option<usize> {
        let place = std::mem::replace(&mut self.slots[id.0 as usize].deadline, NONE);
        (place != NONE).then_some(place as usize)
    }

    /// Everybody who waits, in whichever line, in no order.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = WaiterId> {
        let waiting = self.slots.iter().filter(|(_, waiter)| waiter.stage == Stage::Waiting);
        waiting.map(|(key, _)| WaiterId(key as u32))
    }

    /// Makes sure that `waker` is what will be woken; returns the one it replaces.
    pub(crate) fn update_waker(&mut self, id: WaiterId, waker: &Waker) -> Option<Waker> {
        match &mut self.slots[id.0 as usize].waker {
            Some(kept) if kept.will_wake(waker) => None,
            kept => kept.replace(waker.clone()),
        }
    }
}

impl Line {
    pub(crate) const fn new() -> Self {
        Self { head: NONE, tail: NONE, len: 0 }
    }

    pub(crate) fn head(&self) -> Option<WaiterId> {
        (self.head != NONE).then_some(WaiterId(self.head))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head == NONE
    }

    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    fn line_of(asks: &[u32]) -> (Waiters<u32>, Line, Vec<WaiterId>) {
        let (mut waiters, mut line) = (Waiters::new(), Line::new());
        let ids = asks.iter().map(|&ask| waiters.join(&mut line, ask, Waker::noop().clone())).collect();
        (waiters, line, ids)
    }

    fn drain(waiters: &mut Waiters<u32>, line: &mut Line) -> Vec<u32> {
        let mut asks = Vec::new();
        while let Some(id) = line.head() {
            waiters.settle(line, id, Stage::Granted);
            asks.push(waiters.remove(id));
        }
        asks
    }

    #[test]
    fn waiters_leave_from_the_front_middle_and_back_and_the_rest_keep_their_order() {
        let (mut waiters, mut line, ids) = line_of(&[0, 1, 2, 3, 4, 5]);
        for leaver in [0, 3, 5] {
            assert!(waiters.settle(&mut line, ids[leaver], Stage::Closed).is_some());
            assert_eq!(waiters.remove(ids[leaver]), leaver as u32);
        }
        assert_eq!(line.len(), 3);
        assert_eq!(drain(&mut waiters, &mut line), [1, 2, 4]);
        assert!(line.is_empty());
    }

    #[test]
    fn the_memory_of_a_crowd_has_little_slack_grows_seldom_and_comes_back() {
        let (mut waiters, mut line) = (Waiters::new(), Line::new());
        let (mut capacity, mut growths) = (0, 0);
        for n in 1..=10_000 {
            waiters.join(&mut line, 7_u32, Waker::noop().clone());
            growths += usize::from(waiters.slots.capacity() != capacity);
            capacity = waiters.slots.capacity();
            assert!(capacity <= n + (n / 8).max(16), "{capacity} slots for {n}");
        }
        assert!(growths < 60, "{growths}");
        drain(&mut waiters, &mut line);
        assert_eq!(waiters.slots.capacity(), 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "miri may give a waker's clone a vtable of its own")]
    fn a_waker_is_replaced_only_by_another_one() {
        let [one, two] = [(); 2].map(|()| Waker::from(std::sync::Arc::new(NobodyToWake)));
        let (mut waiters, mut line) = (Waiters::new(), Line::new());
        let id = waiters.join(&mut line, (), one.clone());
        assert!(waiters.update_waker(id, &one).is_none());
        assert!(waiters.update_waker(id, &two).is_some_and(|old| old.will_wake(&one)));
        assert!(waiters.update_waker(id, &two).is_none());
    }

    struct NobodyToWake;

    impl std::task::Wake for NobodyToWake {
        fn wake(self: std::sync::Arc<Self>) {}
    }

    #[test]
    fn a_waiter_is_small() {
        // Two words of what is asked for; with the slack of a growth by an eighth, less than 64 bytes.
        assert!(size_of::<Waiter<[u64; 2]>>() <= 48);
    }
}
