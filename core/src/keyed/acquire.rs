//! The future of keyed limits.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::book::Request;
use super::permit::Permit;
use super::{Key, Keyed};
use crate::engine::{Admitted, Wait};
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

impl<K: Key, T: Timer> Acquire<K, T> {
    /// Asks, and asks what became of it. Once let in, answers with the place of the key and what there is to tell.
    pub(super) fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Result<(usize, Admitted), AdmitError>> {
        let admitted = ready!(self.wait.poll(self.keyed.engine(), &mut self.request, cx))?;
        Poll::Ready(Ok((self.request.place(), admitted)))
    }

    pub(super) fn keyed(&self) -> &Keyed<K, T> {
        &self.keyed
    }

    pub(super) fn cost(&self) -> f64 {
        self.request.cost()
    }
}

impl<K: Key, T: Timer> Future for Acquire<K, T> {
    type Output = Result<Permit<K, T>, AdmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (place, admitted) = ready!(self.poll_place(cx))?;
        Poll::Ready(Ok(Permit::new(self.keyed.clone(), place, self.cost(), &admitted)))
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
