//! Core under the model checker loom: each test runs in every order that threads and memory allow, up to a
//! number of preemptions.
//!
//! `cargo xtask test --only loom`. A lost wake-up shows as a deadlock, a lost or doubled permit in the counts at
//! the end. `LOOM_MAX_PREEMPTIONS` sets how far the search goes; CONTRIBUTING.md says how to go further.
#![cfg(loom)]

#[path = "loom/bounded.rs"]
mod bounded;
#[path = "loom/memory.rs"]
mod memory;
#[path = "loom/resize.rs"]
mod resize;
#[path = "loom/semaphore.rs"]
mod semaphore;
#[path = "loom/throttle.rs"]
mod throttle;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls once, with a waker that does nothing.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A future that has taken its place in line.
fn waiting<F: Future + Unpin>(mut future: F) -> F {
    assert!(poll(&mut future).is_pending(), "let in at once");
    future
}
