//! The permit: a call that has been let in and is not over.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;

use super::Throttle;
use crate::engine::Admitted;
use crate::time::{Tick, Timer};
use crate::units::{Micros, to_micros, to_units};

/// More than any call can cost.
const OVER: Micros = Micros::MAX;

/// How a call has begun: what there is to be given back if it is not made.
#[derive(Clone, Copy)]
enum Start {
    /// When it was let in.
    AtOnce,
    /// Some time after that: its place in a schedule has passed.
    Later,
    /// The same, and less than its cost could be charged: nobody knows how much.
    Short,
}

/// A call that a [`Throttle`] has let in; over when dropped.
///
/// Usually met as [`ThrottlePermit`](crate::ThrottlePermit) or
/// [`OwnedThrottlePermit`](crate::OwnedThrottlePermit); `H` is how it holds on to its throttle.
///
/// May be dropped on any thread, inside or outside of a runtime. Its slot is free then (after the
/// cooldown, if there is one), and rates that count until answered count it for one more period.
#[must_use = "a permit that is not kept is given back at once"]
pub struct Permit<H, T>
where
    H: Borrow<Throttle<T>>,
    T: Timer,
{
    throttle: H,
    /// [`OVER`] once it has been given back.
    cost: Micros,
    admitted: Tick,
    start: Start,
    timer: PhantomData<fn() -> T>,
}

impl<H: Borrow<Throttle<T>>, T: Timer> Permit<H, T> {
    /// The permit of a call that has just been let in, which is told.
    #[inline]
    pub(crate) fn new(throttle: H, cost: f64, admitted: &Admitted) -> Self {
        let (micros, at) = (to_micros(cost), admitted.at);
        let permit = Self { throttle, cost: micros, admitted: at, start: Start::AtOnce, timer: PhantomData };
        permit.throttle().engine().voice().admitted(cost, &admitted.told);
        permit
    }

    /// The permit of a call that has been let in before, and begins now; `in_full` if all of it was charged.
    pub(crate) fn begun(throttle: H, cost: Micros, now: Tick, in_full: bool) -> Self {
        let start = if in_full { Start::Later } else { Start::Short };
        Self { throttle, cost, admitted: now, start, timer: PhantomData }
    }

    /// When the call was let in, by the throttle's timer.
    ///
    /// That is when the rates count it from. The task that waited may have been polled somewhat later: where
    /// that matters, wait for a [`Reservation`](super::Reservation).
    pub fn admitted_at(&self) -> Tick {
        self.admitted
    }

    /// What the call costs.
    pub fn cost(&self) -> f64 {
        to_units(self.cost)
    }

    /// The throttle that let the call in.
    pub fn throttle(&self) -> &Throttle<T> {
        self.throttle.borrow()
    }

    /// Ends a call that was never made: gives back the slot and its units.
    ///
    /// For a request that failed before it was sent. The next in line may go at once.
    ///
    /// ```
    /// use tollgate_core::{Rate, Throttle, time::ManualTimer};
    ///
    /// let throttle = Throttle::builder_on(ManualTimer::new()).rate(Rate::per_second(1.0)).build()?;
    /// throttle.try_acquire()?.refund();
    /// assert!(throttle.try_acquire().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn refund(mut self) {
        let cost = std::mem::replace(&mut self.cost, OVER);
        self.throttle().engine().change(|state, _| {
            let at = state.steady_at(self.admitted);
            let limits = &mut state.book.limits;
            match self.start {
                Start::AtOnce => limits.unadmit(at, cost),
                Start::Later => limits.unbegin(at, cost),
                Start::Short => limits.not_made(cost),
            }
        });
    }

    /// Lets go of the permit without ending the call, which stays inside until [`Throttle::release`].
    ///
    /// For bindings to languages that run nothing when a value is no longer in use.
    pub fn forget(mut self) {
        let cost = std::mem::replace(&mut self.cost, OVER);
        self.throttle().engine().peek(|state| {
            let at = state.steady_at(self.admitted);
            state.book.forgotten.add(cost, at);
        });
    }
}

impl<H: Borrow<Throttle<T>>, T: Timer> Drop for Permit<H, T> {
    #[inline]
    fn drop(&mut self) {
        if self.cost != OVER {
            self.throttle.borrow().end(self.cost);
        }
    }
}

impl<H: Borrow<Throttle<T>>, T: Timer> fmt::Debug for Permit<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("cost", &self.cost()).finish_non_exhaustive()
    }
}
