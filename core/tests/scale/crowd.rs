//! A million callers, and what they take in memory.

use super::common::{ready, waiting};
use super::heap::Heap;

pub(crate) const CROWD: usize = 1_000_000;

/// Below so many, what is kept for the next few weighs more than they do.
const MANY: usize = 10_000;

/// After so many the heap is looked at; what it has come to is put down to the first of them.
const STEP: usize = 16;

/// What may be left behind: the places that a queue keeps for the next few, an alarm.
const LEFT: usize = 16 * 1024;

/// Callers who wait.
pub(crate) struct Crowd<F> {
    name: String,
    heap: Heap,
    waiters: Vec<F>,
    most_per_waiter: f64,
}

/// The order in which a crowd goes away.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
    Shuffled,
}

pub(crate) const ORDERS: [Order; 3] = [Order::NewestFirst, Order::OldestFirst, Order::Shuffled];

impl<F: Future + Unpin> Crowd<F> {
    /// Lets them come, one after the other, and prints what the queue takes.
    pub(crate) fn queue(name: &str, call: impl Fn() -> F) -> Self {
        let (heap, mut waiters) = Heap::watch_beside(|| Vec::with_capacity(CROWD));
        let (mut most, mut moving, mut before): (f64, f64, usize) = (0.0, 0.0, 0);
        while waiters.len() < CROWD {
            let count = waiters.len() + 1;
            waiters.extend((0..STEP).map(|_| waiting(call())));
            let live = heap.live();
            if count >= MANY && live != before {
                most = most.max(live as f64 / count as f64);
                // Where the allocator cannot extend a block, there are two for a moment.
                moving = moving.max((before + live) as f64 / count as f64);
            }
            before = live;
        }
        println!(
            "{name}: {:.1} bytes per waiter at rest, {most:.1} at most, {moving:.1} while the queue moves; \
             {} allocations",
            heap.live() as f64 / CROWD as f64,
            heap.allocations(),
        );
        Self { name: name.to_owned(), heap, waiters, most_per_waiter: most }
    }

    /// The most bytes that the queue took for each who waited, however many there were.
    pub(crate) fn most_per_waiter(&self) -> f64 {
        self.most_per_waiter
    }

    /// Lets them go; then all the memory has come back.
    pub(crate) fn leave(mut self, go: impl FnOnce(&mut Vec<F>)) {
        go(&mut self.waiters);
        assert!(self.waiters.is_empty());
        let (peak, left) = (self.heap.peak() as f64 / CROWD as f64, self.heap.live());
        println!("{}: {peak:.1} bytes per waiter at the peak, {left} bytes left in all", self.name);
        assert!(left <= LEFT, "{}: {left} bytes are left", self.name);
    }

    pub(crate) fn leave_in(self, order: Order) {
        self.leave(|waiters| order.cancel(waiters));
    }
}

impl Order {
    /// Drops all who wait.
    pub(crate) fn cancel<F>(self, waiters: &mut Vec<F>) {
        match self {
            Self::NewestFirst => while waiters.pop().is_some() {},
            Self::OldestFirst => waiters.drain(..).for_each(drop),
            Self::Shuffled => {
                // Each changes places with one before it (Fisher and Yates; a linear congruence by Knuth).
                let mut dice: u64 = 1;
                for place in (1..waiters.len()).rev() {
                    dice =
                        dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    waiters.swap(place, ((dice >> 33) as usize) % (place + 1));
                }
                waiters.clear();
            }
        }
    }
}

/// All have been let in: takes what each got, oldest first, and gives it back before the next.
pub(crate) fn take<F: Future<Output = Result<P, E>> + Unpin, P, E>(waiters: &mut Vec<F>) {
    waiters.drain(..).for_each(|waiter| assert!(ready(waiter).is_ok()));
}

/// All have been turned away.
pub(crate) fn refused<F: Future<Output = Result<P, E>> + Unpin, P, E>(waiters: &mut Vec<F>) {
    waiters.drain(..).for_each(|waiter| assert!(ready(waiter).is_err()));
}
