//! The work for each caller, counted: it does not depend on how many others there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::crowd::{ORDERS, Order};
use super::heap::Heap;
use tollgate_core::time::{ManualSleep, ManualTimer, Tick, Timer};
use tollgate_core::{Rate, Semaphore, Throttle};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

/// A timer that counts how often it is looked at.
struct Watched {
    timer: ManualTimer,
    looks: Arc<AtomicU64>,
}

impl Timer for Watched {
    type Sleep = ManualSleep;

    fn now(&self) -> Tick {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.timer.now()
    }

    fn sleep_until(&self, deadline: Tick) -> ManualSleep {
        self.timer.sleep_until(deadline)
    }
}

/// Counts how often tasks are woken.
#[derive(Default)]
struct Wakes(AtomicU64);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn queue<F: Future + Unpin>(size: usize, wakes: &Arc<Wakes>, call: impl Fn() -> F) -> Vec<F> {
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let mut waiters = Vec::with_capacity(size);
    for _ in 0..size {
        let mut waiter = call();
        assert!(std::pin::Pin::new(&mut waiter).poll(&mut cx).is_pending());
        waiters.push(waiter);
    }
    waiters
}

fn woken(wakes: &Wakes) -> usize {
    wakes.0.load(Ordering::Relaxed) as usize
}

#[test]
fn each_who_is_granted_is_woken_once_and_nobody_else() {
    let _turn = Heap::watch();
    for size in SIZES {
        let semaphore = Semaphore::new(0);
        let wakes = Arc::default();
        let waiters = queue(size, &wakes, || semaphore.acquire());
        for granted in 1..=size / 2 {
            semaphore.add_permits(1);
            assert_eq!(woken(&wakes), granted);
        }
        semaphore.add_permits(size - size / 2);
        assert_eq!(woken(&wakes), size);
        drop(waiters);
    }
}

#[test]
fn who_is_cancelled_wakes_nobody() {
    let _turn = Heap::watch();
    for (size, order) in SIZES.into_iter().flat_map(|size| ORDERS.map(|order| (size, order))) {
        let semaphore = Semaphore::new(0);
        let wakes = Arc::default();
        let mut waiters = queue(size, &wakes, || semaphore.acquire());
        order.cancel(&mut waiters);
        assert_eq!(woken(&wakes), 0, "{order:?}");
        assert_eq!(Arc::strong_count(&wakes), 1, "no waker is kept");
    }
}

#[test]
fn memory_is_asked_for_a_few_times_and_never_for_each() {
    for size in SIZES {
        let wakes = Arc::default();
        let heap = Heap::watch();
        let semaphore = Semaphore::new(0);
        let mut waiters = queue(size, &wakes, || semaphore.acquire());
        Order::Shuffled.cancel(&mut waiters);
        assert!(heap.allocations() < 100, "{} allocations for {size}", heap.allocations());
    }
}

#[test]
fn each_caller_of_a_throttle_looks_at_the_clock_as_often_however_many_wait() {
    let _turn = Heap::watch();
    let counts = SIZES.map(|size| ORDERS.map(|order| looks(size, order)));
    for (size, of_size) in SIZES.into_iter().zip(counts) {
        for (order, looks) in ORDERS.into_iter().zip(of_size) {
            println!("{size} callers look {looks} times at the clock, cancelled {order:?}");
            assert!(looks <= 3 * size as u64, "{size} callers, {order:?}: {looks}");
        }
    }
}

/// How often a crowd that queues and is cancelled looks at the clock.
fn looks(size: usize, order: Order) -> u64 {
    let (timer, looks) = (ManualTimer::new(), Arc::new(AtomicU64::new(0)));
    let watched = Watched { timer: timer.clone(), looks: looks.clone() };
    let throttle = Throttle::builder_on(watched).rate(Rate::per_second(1.0)).build().expect("sound");
    drop(throttle.try_acquire());
    let wakes = Arc::default();
    let mut waiters = queue(size, &wakes, || throttle.acquire());
    order.cancel(&mut waiters);
    assert_eq!((woken(&wakes), timer.armed(), timer.armed_ever()), (0, 0, 1));
    looks.load(Ordering::Relaxed)
}

#[test]
fn one_alarm_lets_a_whole_crowd_in_and_looks_at_the_clock_twice() {
    let _turn = Heap::watch();
    for size in SIZES {
        let (timer, looks) = (ManualTimer::new(), Arc::new(AtomicU64::new(0)));
        let watched = Watched { timer: timer.clone(), looks: looks.clone() };
        let rate = Rate::per_second(size as f64);
        let throttle = Throttle::builder_on(watched).rate(rate).build().expect("sound");
        drop(throttle.try_acquire_cost(size as f64));
        let wakes = Arc::default();
        let waiters = queue(size, &wakes, || throttle.acquire());
        let before = looks.load(Ordering::Relaxed);
        timer.advance(Duration::from_secs(1));
        assert_eq!((woken(&wakes), throttle.waiting(), timer.armed_ever()), (size, 0, 1));
        assert!(looks.load(Ordering::Relaxed) - before <= 2);
        drop(waiters);
    }
}
