//! The futures of a throttle.

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Throttle;
use super::error::AdmitError;
use super::lines::Request;
use super::permit::Permit;
use crate::engine::{Admitted, Wait};
use crate::time::Timer;

/// Waits to be let in: [`Throttle::acquire`] and its kin.
///
/// It takes its place in line when first polled. Dropping it gives the place up; if it had been let in
/// but not been polled again, slot and units are given back and the next in line goes.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<H, T>
where
    H: Borrow<Throttle<T>> + Unpin,
    T: Timer,
{
    /// None once the permit has been handed out.
    throttle: Option<H>,
    cost: f64,
    wait: Wait,
    timer: PhantomData<fn() -> T>,
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> Acquire<H, T> {
    #[inline]
    pub(crate) fn new(throttle: H, cost: f64) -> Self {
        Self { throttle: Some(throttle), cost, wait: Wait::new(), timer: PhantomData }
    }

    /// Asks, and asks what became of it. Once let in, answers with the throttle, and with when and how.
    #[inline]
    pub(super) fn poll_for(
        &mut self,
        ask: impl FnOnce(f64) -> Request,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(H, Admitted), AdmitError>> {
        let throttle = self.throttle.as_ref().expect("a future was polled after it was ready");
        let admitted = ready!(self.wait.poll(throttle.borrow().engine(), &mut ask(self.cost), cx));
        let throttle = self.throttle.take().expect("it was there above");
        Poll::Ready(admitted.map(|admitted| (throttle, admitted)))
    }

    pub(super) fn cost(&self) -> f64 {
        self.cost
    }

    /// Waits at most so long, counted from the first poll: [`AdmitError::TimedOut`].
    ///
    /// All time limits of a throttle share its one alarm.
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::FutureExt;
    /// use tollgate_core::{AdmitError, Rate, Throttle, time::ManualTimer};
    ///
    /// let timer = ManualTimer::new();
    /// let throttle = Throttle::builder_on(timer.clone()).rate(Rate::per_minute(1.0)).build()?;
    /// let first = throttle.try_acquire()?;
    /// let mut second = throttle.acquire().timeout(Duration::from_secs(2));
    /// assert!((&mut second).now_or_never().is_none());
    /// timer.advance(Duration::from_secs(2));
    /// assert_eq!(second.now_or_never().unwrap().unwrap_err(), AdmitError::TimedOut);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.wait.set_limit(limit);
        self
    }
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> Future for Acquire<H, T> {
    type Output = Result<Permit<H, T>, AdmitError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let admitted = ready!(self.poll_for(Request::caller, cx));
        Poll::Ready(admitted.map(|(throttle, admitted)| Permit::new(throttle, self.cost, &admitted)))
    }
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> Drop for Acquire<H, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(throttle) = &self.throttle {
            self.wait.abandon(throttle.borrow().engine());
        }
    }
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> fmt::Debug for Acquire<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// Waits for units alone: [`Throttle::consume`].
///
/// Dropping it gives up its place; units already granted are given back.
#[must_use = "futures do nothing unless polled"]
pub struct Consume<'a, T: Timer> {
    throttle: &'a Throttle<T>,
    cost: f64,
    wait: Wait,
}

impl<'a, T: Timer> Consume<'a, T> {
    pub(crate) fn new(throttle: &'a Throttle<T>, cost: f64) -> Self {
        Self { throttle, cost, wait: Wait::new() }
    }

    /// Waits at most so long, counted from the first poll: [`AdmitError::TimedOut`].
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.wait.set_limit(limit);
        self
    }
}

impl<T: Timer> Future for Consume<'_, T> {
    type Output = Result<(), AdmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let engine = this.throttle.engine();
        let admitted = ready!(this.wait.poll(engine, &mut Request::consumer(this.cost), cx))?;
        engine.voice().admitted(this.cost, &admitted.told);
        Poll::Ready(Ok(()))
    }
}

impl<T: Timer> Drop for Consume<'_, T> {
    fn drop(&mut self) {
        self.wait.abandon(self.throttle.engine());
    }
}

impl<T: Timer> fmt::Debug for Consume<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consume").field("cost", &self.cost).finish_non_exhaustive()
    }
}
