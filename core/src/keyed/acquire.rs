//! The future of keyed limits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::book::Request;
use super::permit::Permit;
use super::{Key, Keyed};
use crate::engine::Wait;
use crate::throttle::AdmitError;
use crate::time::Timer;

/// Waits to be let in under a key: [`Keyed::acquire`].
///
/// It takes its place in line when first polled. Dropping it gives the place up; if it had been let in
/// but not been polled again, everything is given back and the next in line goes.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<K: Key, T: Timer> {
    keyed: Keyed<K, T>,
    request: Request<K>,
    wait: Wait,
}

impl<K: Key, T: Timer> Acquire<K, T> {
    pub(crate) fn new(keyed: Keyed<K, T>, request: Request<K>) -> Self {
        Self { keyed, request, wait: Wait::new() }
    }

    /// Waits at most so long, counted from the first poll: [`AdmitError::TimedOut`].
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.wait.set_limit(limit);
        self
    }
}

impl<K: Key, T: Timer> Future for Acquire<K, T> {
    type Output = Result<Permit<K, T>, AdmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let admitted = ready!(this.wait.poll(this.keyed.engine(), &mut this.request, cx))?;
        let request = &this.request;
        Poll::Ready(Ok(Permit::new(this.keyed.clone(), request.place(), request.cost(), &admitted)))
    }
}

impl<K: Key, T: Timer> Drop for Acquire<K, T> {
    fn drop(&mut self) {
        self.wait.abandon(self.keyed.engine());
    }
}

impl<K: Key, T: Timer> fmt::Debug for Acquire<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("cost", &self.request.cost()).finish_non_exhaustive()
    }
}
