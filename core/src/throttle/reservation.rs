//! Being let in first, and beginning later.

use std::borrow::Borrow;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::acquire::Acquire;
use super::error::{AdmitError, NotInsideError};
use super::lines::Request;
use super::permit::Permit;
use super::{Throttle, micros_of};
use crate::engine::Admitted;
use crate::time::{Tick, Timer};
use crate::units::{Micros, to_micros, to_units};

/// A call that a [`Throttle`] has let in, and that has not begun: [`Throttle::reserve`].
///
/// It has its slot, and room is kept for it in every rate. Rates that count calls from when they are let in count
/// this one from when it [begins](Self::begin). Dropping it gives all of it back, as if it had never been, without a
/// cooldown.
#[must_use = "a reservation that is not kept is given back at once"]
pub struct Reservation<H, T>
where
    H: Borrow<Throttle<T>>,
    T: Timer,
{
    /// None once it has begun or was forgotten.
    throttle: Option<H>,
    cost: Micros,
    reserved: Tick,
    timer: PhantomData<fn() -> T>,
}

impl<H: Borrow<Throttle<T>>, T: Timer> Reservation<H, T> {
    /// That of a call that has just been let in, which is told.
    fn new(throttle: H, cost: f64, admitted: &Admitted) -> Self {
        let reservation = Self {
            throttle: Some(throttle),
            cost: to_micros(cost),
            reserved: admitted.at,
            timer: PhantomData,
        };
        if let Some(throttle) = &reservation.throttle {
            throttle.borrow().engine().voice().admitted(cost, &admitted.told);
        }
        reservation
    }

    /// Begins the call: the rates count it from now on.
    ///
    /// Should the permit be [refunded](Permit::refund), its place in an even schedule does not come back; nor do its
    /// units if the rates have been changed meanwhile and could not take all of it.
    pub fn begin(mut self) -> Permit<H, T> {
        let throttle = self.throttle.take().expect("it is there until the reservation is used up");
        let (in_full, begun) = throttle
            .borrow()
            .engine()
            .go_on(|_| true, |state, now| (state.book.limits.begin(now, self.cost), state.raw()));
        Permit::begun(throttle, self.cost, begun, in_full)
    }

    /// What the call costs.
    pub fn cost(&self) -> f64 {
        to_units(self.cost)
    }

    /// Lets go of the reservation, which stays until [`Throttle::begin`] or [`Throttle::cancel`].
    ///
    /// For bindings to languages that run nothing when a value is no longer in use.
    pub fn forget(mut self) {
        if let Some(throttle) = self.throttle.take() {
            throttle.borrow().engine().peek(|state| {
                let at = state.steady_at(self.reserved);
                state.book.forgotten_unbegun.add(self.cost, at);
            });
        }
    }
}

impl<H: Borrow<Throttle<T>>, T: Timer> Drop for Reservation<H, T> {
    fn drop(&mut self) {
        if let Some(throttle) = &self.throttle {
            throttle.borrow().engine().change(|state, _| {
                let at = state.steady_at(self.reserved);
                state.book.limits.unreserve(Some(at), self.cost);
            });
        }
    }
}

impl<H: Borrow<Throttle<T>>, T: Timer> fmt::Debug for Reservation<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("cost", &self.cost()).finish_non_exhaustive()
    }
}

/// Waits to be let in, to begin later: [`Throttle::reserve`] and its kin.
///
/// It takes its place in line when first polled. Dropping it gives the place up, or what has been reserved.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve<H, T>(Acquire<H, T>)
where
    H: Borrow<Throttle<T>> + Unpin,
    T: Timer;

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> Reserve<H, T> {
    /// Waits at most so long, counted from the first poll: [`AdmitError::TimedOut`].
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> Future for Reserve<H, T> {
    type Output = Result<Reservation<H, T>, AdmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let admitted = ready!(self.0.poll_for(Request::reserver, cx));
        let cost = self.0.cost();
        Poll::Ready(admitted.map(|(throttle, admitted)| Reservation::new(throttle, cost, &admitted)))
    }
}

impl<H: Borrow<Throttle<T>> + Unpin, T: Timer> fmt::Debug for Reserve<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("cost", &self.0.cost()).finish_non_exhaustive()
    }
}

/// Being let in first, and beginning later.
///
/// A call counts from when it is let in, which is a moment before its task runs; or much more than a moment, if
/// something else keeps the thread busy. What the server sees is when it begins. Where that matters, reserve.
impl<T: Timer> Throttle<T> {
    /// Waits to be let in, at a cost of 1, to begin later.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line, or what has been reserved.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tollgate_core::{Rate, Throttle, time::ManualTimer};
    ///
    /// # futures::executor::block_on(async {
    /// let timer = ManualTimer::new();
    /// let throttle = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1.0)).build()?;
    /// let reservation = throttle.reserve().await?;
    /// timer.advance(Duration::from_secs(60));
    /// assert!(throttle.try_acquire().is_err());          // room is kept
    /// let permit = reservation.begin();
    /// timer.advance(Duration::from_secs(1));             // one period from when it began
    /// assert!(throttle.try_acquire().is_ok());
    /// # drop(permit);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn reserve(&self) -> Reserve<&Self, T> {
        self.reserve_cost(1.0)
    }

    /// Waits to be let in, at a cost of so many units of every rate, to begin later.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn reserve_cost(&self, cost: f64) -> Reserve<&Self, T> {
        Reserve(self.acquire_cost(cost))
    }

    /// Like [`reserve_cost`](Self::reserve_cost), with a reservation that can move into a task.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn reserve_cost_owned(&self, cost: f64) -> Reserve<Self, T> {
        Reserve(self.acquire_cost_owned(cost))
    }

    /// Begins a call of this cost whose reservation was [forgotten](Reservation::forget). Its end is told by
    /// [`release`](Self::release).
    ///
    /// # Errors
    /// If there is no such reservation; nothing has changed then.
    pub fn begin(&self, cost: f64) -> Result<(), NotInsideError> {
        let micros = micros_of(cost);
        let known = self.engine().go_on(
            |lines| lines.limits.begin_needs_time(),
            |state, now| {
                let known = state.book.forgotten_unbegun.take(micros);
                if known {
                    state.book.limits.begin(now, micros);
                    state.book.forgotten.add(micros, now);
                }
                known
            },
        );
        if known { Ok(()) } else { Err(NotInsideError { cost }) }
    }

    /// Gives back a reservation of this cost that was [forgotten](Reservation::forget). Unless it was the only one, nobody
    /// knows which place in an even schedule was its, and that has passed.
    ///
    /// # Errors
    /// If there is no such reservation; nothing has changed then.
    pub fn cancel(&self, cost: f64) -> Result<(), NotInsideError> {
        let micros = micros_of(cost);
        let known = self.engine().change(|state, _| {
            let known = state.book.forgotten_unbegun.take(micros);
            if known {
                let at = state.book.forgotten_unbegun.only();
                state.book.limits.unreserve(at, micros);
            }
            known
        });
        if known { Ok(()) } else { Err(NotInsideError { cost }) }
    }
}
