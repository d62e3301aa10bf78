//! What the black-box tests share.

#![allow(dead_code, reason = "each test file uses some of it")]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::stream::{FuturesOrdered, StreamExt};
use tollgate_core::time::ManualTimer;
use tollgate_core::{OwnedThrottlePermit, Rate, Settings, Throttle};

pub(crate) type Gate = Throttle<ManualTimer>;
pub(crate) type Pass = OwnedThrottlePermit<ManualTimer>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that must be ready by now.
pub(crate) fn ready<F: Future + Unpin>(mut future: F) -> F::Output {
    match poll(&mut future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("still waiting"),
    }
}

/// A future that has taken its place in line.
pub(crate) fn waiting<F: Future + Unpin>(mut future: F) -> F {
    assert!(poll(&mut future).is_pending(), "let in at once");
    future
}

/// Takes as many permits of cost 1 as there are to be had at once.
pub(crate) fn fill(gate: &Gate) -> Vec<Pass> {
    std::iter::from_fn(|| gate.try_acquire_owned().ok()).take(100_000).collect()
}

/// A throttle on a clock of its own.
pub(crate) fn build(settings: Settings) -> (ManualTimer, Gate) {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).settings(settings).build().unwrap();
    (timer, gate)
}

pub(crate) fn with(rate: Rate) -> (ManualTimer, Gate) {
    build(Settings::new().rate(rate))
}

/// Admits `count` greedy callers of cost 1; returns when each was let in, in milliseconds.
pub(crate) fn admissions(timer: &ManualTimer, gate: &Gate, count: usize) -> Vec<u64> {
    let mut callers: FuturesOrdered<_> = (0..count).map(|_| gate.acquire_owned()).collect();
    let mut times = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while times.len() < count {
        match callers.poll_next_unpin(&mut cx) {
            Poll::Ready(Some(permit)) => {
                times.push(permit.unwrap().admitted_at().as_nanos() / 1_000_000);
            }
            Poll::Ready(None) => break,
            Poll::Pending => {
                let next = timer.next_alarm().expect("an alarm is set while somebody waits");
                timer.advance_to(next);
            }
        }
    }
    times
}
