//! The paths, each by its name.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tollgate_core::time::ManualTimer;
use tollgate_core::{Rate, Semaphore, Throttle};

/// Goes along a path so many times.
type Run = fn(u64);

/// Those of peers have their name behind a comma; they are shown beside ours and not checked.
pub(crate) const PATHS: &[(&str, Run)] = &[
    ("semaphore: acquire, release", |times| {
        let semaphore = Semaphore::new(10);
        repeat(times, || drop(at_once(black_box(&semaphore).acquire())));
    }),
    ("semaphore: acquire, release, tokio", |times| {
        let semaphore = tokio::sync::Semaphore::new(10);
        repeat(times, || drop(at_once(black_box(&semaphore).acquire())));
    }),
    ("semaphore: acquire, release, async-lock", |times| {
        let semaphore = async_lock::Semaphore::new(10);
        repeat(times, || drop(at_once(black_box(&semaphore).acquire())));
    }),
    ("semaphore: acquire, release, asyncband", |times| {
        let semaphore = asyncband::semaphore::Semaphore::new(10);
        repeat(times, || drop(at_once(black_box(&semaphore).acquire(1))));
    }),
    ("semaphore: try_acquire, release", |times| {
        let semaphore = Semaphore::new(10);
        repeat(times, || drop(black_box(&semaphore).try_acquire()));
    }),
    ("semaphore: queue, grant, release", |times| {
        let semaphore = Semaphore::new(0);
        repeat(times, || {
            after(black_box(&semaphore).acquire(), || semaphore.add_permits(1)).expect("it is open").forget();
        });
    }),
    ("semaphore: queue, grant, release, tokio", |times| {
        let semaphore = tokio::sync::Semaphore::new(0);
        repeat(times, || {
            after(black_box(&semaphore).acquire(), || semaphore.add_permits(1)).expect("it is open").forget();
        });
    }),
    ("semaphore: queue, cancel", |times| {
        let semaphore = Semaphore::new(0);
        repeat(times, || given_up(black_box(&semaphore).acquire()));
    }),
    ("semaphore: queue, cancel, tokio", |times| {
        let semaphore = tokio::sync::Semaphore::new(0);
        repeat(times, || given_up(black_box(&semaphore).acquire()));
    }),
    ("semaphore: queue behind others, cancel", |times| {
        let semaphore = Semaphore::new(0);
        let _first = queued(semaphore.acquire());
        repeat(times, || given_up(black_box(&semaphore).acquire()));
    }),
    ("semaphore: queue behind others, cancel, tokio", |times| {
        let semaphore = tokio::sync::Semaphore::new(0);
        let _first = queued(semaphore.acquire());
        repeat(times, || given_up(black_box(&semaphore).acquire()));
    }),
    ("semaphore: queue behind others, cancel, asyncband", |times| {
        let semaphore = asyncband::semaphore::Semaphore::new(0);
        let _first = queued(semaphore.acquire(1));
        repeat(times, || given_up(black_box(&semaphore).acquire(1)));
    }),
    ("semaphore: cancel at the front", |times| {
        let semaphore = Semaphore::new(0);
        let mut front = queued(semaphore.acquire());
        // The next is there before the one at the front goes.
        (0..times).for_each(|_| front = queued(black_box(&semaphore).acquire()));
    }),
    ("semaphore: cancel at the front, tokio", |times| {
        let semaphore = tokio::sync::Semaphore::new(0);
        let mut front = queued(semaphore.acquire());
        (0..times).for_each(|_| front = queued(black_box(&semaphore).acquire()));
    }),
    ("semaphore: cancel at the front, asyncband", |times| {
        let semaphore = asyncband::semaphore::Semaphore::new(0);
        let mut front = queued(semaphore.acquire(1));
        (0..times).for_each(|_| front = queued(black_box(&semaphore).acquire(1)));
    }),
    ("throttle: concurrency", |times| uncontended(times, None)),
    ("throttle: window", |times| uncontended(times, Some(RATE))),
    ("throttle: window, until answered", |times| uncontended(times, Some(RATE.until_answered()))),
    ("throttle: bucket", |times| uncontended(times, Some(RATE.bucket(10.0)))),
    ("throttle: stepped", |times| uncontended(times, Some(RATE.stepped(200.0)))),
    ("throttle: smooth", |times| uncontended(times, Some(RATE.smooth()))),
    ("throttle: queue, grant by its timer", |times| {
        let (timer, throttle) = throttle(Some(Rate::new(1.0, STEP)));
        drop(at_once(throttle.acquire()));
        repeat(times, || drop(after(black_box(&throttle).acquire(), || timer.advance(STEP))));
    }),
    ("throttle: queue, cancel", |times| {
        let (_timer, throttle) = throttle(Some(Rate::new(1.0, STEP)));
        drop(at_once(throttle.acquire()));
        repeat(times, || given_up(black_box(&throttle).acquire()));
    }),
];

/// How far the clock is moved before each call.
const STEP: Duration = Duration::from_micros(1);

/// Lets in every call of those that come once per step, and has a hundred of them in its log.
const RATE: Rate = Rate::new(200.0, Duration::from_micros(100));

fn repeat(times: u64, path: impl Fn()) {
    (0..times).for_each(|_| path());
}

fn throttle(rate: Option<Rate>) -> (ManualTimer, Throttle<ManualTimer>) {
    let timer = ManualTimer::new();
    let builder = Throttle::builder_on(timer.clone()).concurrency(10);
    let builder = rate.into_iter().fold(builder, |builder, rate| builder.rate(rate));
    (timer, builder.build().expect("a valid rate"))
}

/// Acquires and gives back with nothing in the way.
fn uncontended(times: u64, rate: Option<Rate>) {
    let (timer, throttle) = throttle(rate);
    repeat(times, || {
        timer.advance(STEP);
        drop(at_once(black_box(&throttle).acquire()));
    });
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// What does not have to wait.
fn at_once<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = poll(pin!(future)) else { panic!("it has to wait") };
    output
}

/// What has to wait until something is done.
fn after<F: Future>(future: F, done: impl FnOnce()) -> F::Output {
    let mut future = pin!(future);
    assert!(poll(future.as_mut()).is_pending());
    done();
    at_once(future)
}

/// What has to wait, in a box in which it goes on waiting.
fn queued<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll(future.as_mut()).is_pending());
    future
}

/// What has to wait and does not wait for it.
fn given_up<F: Future>(future: F) {
    assert!(poll(pin!(future)).is_pending());
}
