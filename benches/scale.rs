//! How long a crowd takes to queue, to be let in, and to go away, and what memory it takes: for each of those in it.
//!
//! `cargo xtask bench scale` measures crowds of 1,000 to 1,000,000, ours beside peers. Linear means that a row stays
//! level, but for what memory costs that no cache holds any more; *slope* is the power of the crowd's size by which the
//! time of all grows, from the smallest to the largest (1 is linear, 2 is quadratic). Each time is the best of
//! several runs; compare within one run only.
//!
//! - *queue*: the first poll of each.
//! - *let in*: all at once; each is polled and gives its permit back.
//! - *cancel*: each is dropped, in that order. Freeing the box that every future lives in is part of it
//!   (tokio's futures cannot be moved otherwise).
//! - *bytes*: the box of each, and what the queue takes for it.

mod common {
    pub(crate) mod figures;
    pub(crate) mod gates;
    pub(crate) mod heap;
}

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use common::figures::{Place, is_quick, is_test};
use common::gates::{Gate, ThrottleOnTime};
use common::heap::{self, Heap};

#[global_allocator]
static HEAP: Heap = Heap;

const SIZES: [(usize, &str); 4] = [(1_000, "1e3"), (10_000, "1e4"), (100_000, "1e5"), (1_000_000, "1e6")];

/// One who waits.
type Waiter<F> = Pin<Box<F>>;

#[derive(Clone, Copy)]
enum Way {
    LetIn,
    NewestFirst,
    OldestFirst,
    Shuffled,
}

const WAYS: [(&str, Way); 4] = [
    ("Let in", Way::LetIn),
    ("Cancel newest first", Way::NewestFirst),
    ("Cancel oldest first", Way::OldestFirst),
    ("Cancel shuffled", Way::Shuffled),
];

fn main() {
    if is_test() {
        return;
    }
    // As many runs for each figure as have so many waiters together, and two at least.
    let (waiters, sizes) = if is_quick() { (200_000, &SIZES[..3]) } else { (2_000_000, &SIZES[..]) };
    measure::<tollgate::Semaphore>(sizes, waiters);
    measure::<ThrottleOnTime>(sizes, waiters);
    measure::<tokio::sync::Semaphore>(sizes, waiters);
    measure::<async_lock::Semaphore>(sizes, waiters);
    measure::<asyncband::semaphore::Semaphore>(sizes, waiters);
}

fn measure<G: Gate>(sizes: &[(usize, &str)], waiters: usize) {
    let mut queue = vec![f64::INFINITY; sizes.len()];
    let mut leave = vec![vec![f64::INFINITY; sizes.len()]; WAYS.len()];
    for (column, &(size, row)) in sizes.iter().enumerate() {
        for (times, &(_, way)) in leave.iter_mut().zip(&WAYS) {
            for _ in 0..(waiters / size).max(2) {
                let (queued, left) = run::<G>(size, way);
                queue[column] = queue[column].min(queued);
                times[column] = times[column].min(left);
            }
        }
        Place { table: "Memory of a waiter", row, who: G::NAME }.tell(bytes::<G>(size), "bytes");
    }
    tell::<G>("Queue", sizes, &queue);
    for (&(way, _), times) in WAYS.iter().zip(&leave) {
        tell::<G>(way, sizes, times);
    }
}

fn tell<G: Gate>(table: &str, sizes: &[(usize, &str)], times: &[f64]) {
    for (&(_, row), &nanos) in sizes.iter().zip(times) {
        Place { table, row, who: G::NAME }.tell(nanos, "ns");
    }
    let all = |index: usize| times[index] * sizes[index].0 as f64;
    let last = sizes.len() - 1;
    let slope = (all(last) / all(0)).ln() / (sizes[last].0 as f64 / sizes[0].0 as f64).ln();
    Place { table, row: "slope", who: G::NAME }.tell(slope, "power");
}

/// One crowd that queues and leaves: nanoseconds for each to do the one, and the other.
fn run<G: Gate>(size: usize, way: Way) -> (f64, f64) {
    let gate = G::shut(size);
    let mut waiters: Vec<_> = (0..size).map(|_| Box::pin(gate.acquire())).collect();
    let queued = each(size, || waiters.iter_mut().for_each(|waiter| assert!(poll(waiter).is_pending())));
    if let Way::Shuffled = way {
        shuffle(&mut waiters);
    }
    let left = each(size, || match way {
        Way::LetIn => {
            gate.open(size);
            waiters.iter_mut().for_each(|waiter| assert!(poll(waiter).is_ready()));
        }
        Way::NewestFirst => while waiters.pop().is_some() {},
        Way::OldestFirst | Way::Shuffled => waiters.drain(..).for_each(drop),
    });
    (queued, left)
}

/// The bytes that each of a crowd takes while it waits.
fn bytes<G: Gate>(size: usize) -> f64 {
    let gate = G::shut(size);
    let mut waiters = Vec::with_capacity(size);
    let taken = heap::taken_by(|| {
        waiters.extend((0..size).map(|_| Box::pin(gate.acquire())));
        waiters.iter_mut().for_each(|waiter| assert!(poll(waiter).is_pending()));
    });
    taken as f64 / size as f64
}

fn each(size: usize, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64 / size as f64
}

fn poll<F: Future>(waiter: &mut Waiter<F>) -> Poll<()> {
    waiter.as_mut().poll(&mut Context::from_waker(Waker::noop())).map(drop)
}

/// Each changes places with one before it (Fisher and Yates; a linear congruence by Knuth).
fn shuffle<T>(items: &mut [T]) {
    let mut dice: u64 = 1;
    for place in (1..items.len()).rev() {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        items.swap(place, ((dice >> 33) as usize) % (place + 1));
    }
}
