//! How long a crowd takes to queue, to be let in, and to go away: nanoseconds for each of those in it.
//!
//! `cargo xtask bench scale` prints a table for crowds of 1,000 to 1,000,000, with tokio's semaphore beside
//! them. Linear means that a row stays level, but for what memory costs that no cache holds any more. Each
//! figure is the best of several runs; compare within one run only.
//!
//! - *queue*: the first poll of each.
//! - *let in*: all at once; each is polled and gives its permit back.
//! - *cancel*: each is dropped, in that order. Freeing the box that every future lives in is part of it
//!   (tokio's futures cannot be moved otherwise).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use tollgate_core::time::ManualTimer;
use tollgate_core::{Rate, Semaphore, Throttle};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// As many runs for each figure as have so many waiters together, and two at least.
const WAITERS: usize = 2_000_000;

/// What a crowd waits for.
trait Gate {
    const NAME: &str;

    /// One that lets nobody in yet, and then all of a crowd.
    fn shut(crowd: usize) -> Self;

    fn acquire(&self) -> impl Future<Output: Sized>;

    fn open(&self, crowd: usize);
}

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
    ("let in", Way::LetIn),
    ("cancel newest first", Way::NewestFirst),
    ("cancel oldest first", Way::OldestFirst),
    ("cancel shuffled", Way::Shuffled),
];

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    print!("{:<16} {:<20}", "ns per waiter", "");
    SIZES.iter().for_each(|size| print!("{size:>11}"));
    println!();
    rows::<Semaphore>();
    rows::<tokio::sync::Semaphore>();
    rows::<ThrottleOnTime>();
}

fn rows<G: Gate>() {
    let mut queue = [f64::INFINITY; SIZES.len()];
    let mut leave = [[f64::INFINITY; SIZES.len()]; WAYS.len()];
    for (column, &size) in SIZES.iter().enumerate() {
        for (row, &(_, way)) in leave.iter_mut().zip(&WAYS) {
            for _ in 0..(WAITERS / size).max(2) {
                let (queued, left) = run::<G>(size, way);
                queue[column] = queue[column].min(queued);
                row[column] = row[column].min(left);
            }
        }
    }
    row(G::NAME, "queue", &queue);
    for (&(way, _), figures) in WAYS.iter().zip(&leave) {
        row(G::NAME, way, figures);
    }
}

fn row(gate: &str, what: &str, figures: &[f64]) {
    print!("{gate:<16} {what:<20}");
    figures.iter().for_each(|figure| print!("{figure:>11.1}"));
    println!();
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

impl Gate for Semaphore {
    const NAME: &str = "Semaphore";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }

    fn open(&self, crowd: usize) {
        self.add_permits(crowd);
    }
}

impl Gate for tokio::sync::Semaphore {
    const NAME: &str = "tokio Semaphore";

    fn shut(_crowd: usize) -> Self {
        Self::new(0)
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.acquire()
    }

    fn open(&self, crowd: usize) {
        self.add_permits(crowd);
    }
}

/// A throttle whose quota is used up until a second has passed.
struct ThrottleOnTime {
    timer: ManualTimer,
    throttle: Throttle<ManualTimer>,
}

const PERIOD: Duration = Duration::from_secs(1);

impl Gate for ThrottleOnTime {
    const NAME: &str = "Throttle, rate";

    fn shut(crowd: usize) -> Self {
        let timer = ManualTimer::new();
        let rate = Rate::new(crowd as f64, PERIOD);
        let throttle = Throttle::builder_on(timer.clone()).rate(rate).build().expect("a sound rate");
        drop(throttle.try_acquire_cost(crowd as f64).expect("nobody is inside"));
        Self { timer, throttle }
    }

    fn acquire(&self) -> impl Future<Output: Sized> {
        self.throttle.acquire()
    }

    fn open(&self, _crowd: usize) {
        self.timer.advance(PERIOD);
    }
}
