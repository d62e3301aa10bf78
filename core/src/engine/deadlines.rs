//! When whose wait is to end: the time limits of waiters.

use crate::queue::{WaiterId, Waiters};
use crate::time::Tick;

/// Below so many limits the memory is kept when the last one goes; more give theirs back.
const KEPT: usize = 256;

/// The time limits of waiters, the one that ends first in front.
///
/// A binary heap in which each waiter's slot knows its place. To join, and to leave from anywhere, takes at most one
/// move for each level of the heap, and who has left takes no memory. Limits that end at the same time are in the
/// order of their waiters' numbers.
#[derive(Default)]
pub(super) struct Deadlines {
    heap: Vec<Deadline>,
}

/// Packed, as there may be a million of them: 12 bytes instead of 16.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
struct Deadline {
    at: Tick,
    waiter: WaiterId,
}

impl Deadlines {
    /// The limit that ends first, and whose it is.
    pub(super) fn first(&self) -> Option<(Tick, WaiterId)> {
        self.heap.first().map(|deadline| (deadline.at, deadline.waiter))
    }

    /// Limits a wait, which has no limit yet.
    pub(super) fn insert<A>(&mut self, waiters: &mut Waiters<A>, at: Tick, waiter: WaiterId) {
        let deadline = Deadline { at, waiter };
        if self.heap.len() == self.heap.capacity() {
            // Grown by an eighth, as the waiters' slab is.
            self.heap.reserve_exact((self.heap.len() / 8).max(16));
        }
        self.heap.push(deadline);
        self.place(waiters, self.heap.len() - 1, deadline);
    }

    /// Ends the limit of a wait. Whether it had one.
    pub(super) fn remove<A>(&mut self, waiters: &mut Waiters<A>, waiter: WaiterId) -> bool {
        let Some(free) = waiters.take_deadline(waiter) else { return false };
        // The last one takes the place that is free, or one near it.
        if let Some(last) = self.heap.pop()
            && free < self.heap.len()
        {
            self.place(waiters, free, last);
        }
        if self.heap.is_empty() && self.heap.capacity() > KEPT {
            self.heap = Vec::new();
        }
        true
    }

    /// Puts a deadline at a free place, or where it belongs above or below it.
    fn place<A>(&mut self, waiters: &mut Waiters<A>, mut free: usize, deadline: Deadline) {
        while free > 0 && deadline < self.heap[(free - 1) / 2] {
            let above = (free - 1) / 2;
            self.put(waiters, free, self.heap[above]);
            free = above;
        }
        loop {
            let mut below = 2 * free + 1;
            if below + 1 < self.heap.len() && self.heap[below + 1] < self.heap[below] {
                below += 1;
            }
            match self.heap.get(below) {
                Some(&first) if first < deadline => self.put(waiters, free, first),
                _ => break,
            }
            free = below;
        }
        self.put(waiters, free, deadline);
    }

    fn put<A>(&mut self, waiters: &mut Waiters<A>, place: usize, deadline: Deadline) {
        self.heap[place] = deadline;
        waiters.set_deadline(deadline.waiter, place);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::task::Waker;

    use super::*;
    use crate::queue::Line;

    /// A few numbers, all of them equally likely, always the same.
    fn numbers() -> impl Iterator<Item = u64> {
        std::iter::successors(Some(7_u64), |n| {
            Some(n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
        })
        .map(|n| n >> 40)
    }

    #[test]
    fn whoever_joins_and_leaves_the_first_one_is_in_front() {
        let (mut waiters, mut line) = (Waiters::new(), Line::new());
        let (mut deadlines, mut model) = (Deadlines::default(), BTreeSet::new());
        let mut numbers = numbers();
        let mut next = || numbers.next().expect("there is no end to them");
        // Each looks at all of them, which takes miri long.
        let steps = if cfg!(miri) { 100 } else { 3_000 };
        for step in 0..steps {
            // More and more at first, and then fewer and fewer.
            if next() % steps >= step {
                let id = waiters.join(&mut line, (), Waker::noop().clone());
                let at = Tick(next() % 50);
                deadlines.insert(&mut waiters, at, id);
                model.insert((at, id));
            } else if !model.is_empty() {
                let (at, id) = *model.iter().nth(next() as usize % model.len()).expect("within bounds");
                assert!(deadlines.remove(&mut waiters, id));
                assert!(!deadlines.remove(&mut waiters, id), "it is gone");
                model.remove(&(at, id));
                waiters.leave(&mut line, id);
            }
            assert_eq!(deadlines.first(), model.first().copied(), "step {step}");
            assert_eq!(deadlines.heap.len(), model.len());
            for (place, deadline) in deadlines.heap.iter().enumerate().skip(1) {
                assert!(deadlines.heap[(place - 1) / 2] < *deadline, "step {step}");
            }
        }
    }

    #[test]
    fn a_deadline_is_small_and_a_crowd_of_them_gives_its_memory_back() {
        assert_eq!(size_of::<Deadline>(), 12);
        let (mut waiters, mut line, mut deadlines) = (Waiters::new(), Line::new(), Deadlines::default());
        let join = |n| {
            let id = waiters.join(&mut line, (), Waker::noop().clone());
            deadlines.insert(&mut waiters, Tick(n), id);
            id
        };
        let ids: Vec<WaiterId> = (0..1_000).map(join).collect();
        assert!(deadlines.heap.capacity() <= 1_000 + 1_000 / 8);
        for id in ids {
            deadlines.remove(&mut waiters, id);
        }
        assert_eq!(deadlines.heap.capacity(), 0);
    }
}
