//! Being let in under a key first, and beginning later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::acquire::Acquire;
use super::permit::Permit;
use super::{Key, Keyed};
use crate::engine::Admitted;
use crate::throttle::AdmitError;
use crate::time::{Tick, Timer};
use crate::units::{Micros, to_micros, to_units};

/// A call that a [`Keyed`] has let in, and that has not begun: [`Keyed::reserve_cost`].
///
/// It has its slots, of key and total, and room is kept for it in every rate. Rates that count calls from when they are
/// let in count this one from when it [begins](Self::begin). Dropping it gives all of it back, as if it had never been.
#[must_use = "a reservation that is not kept is given back at once"]
pub struct Reservation<K: Key, T: Timer> {
    /// None once it has begun.
    keyed: Option<Keyed<K, T>>,
    /// The number of the key's limits.
    place: usize,
    cost: Micros,
    reserved: Tick,
}

impl<K: Key, T: Timer> Reservation<K, T> {
    /// That of a call that has just been let in, which is told.
    fn new(keyed: &Keyed<K, T>, place: usize, cost: f64, admitted: &Admitted) -> Self {
        let reservation =
            Self { keyed: Some(keyed.clone()), place, cost: to_micros(cost), reserved: admitted.at };
        keyed.engine().voice().admitted(cost, &admitted.told);
        reservation
    }

    /// Begins the call: the rates count it from now on.
    pub fn begin(mut self) -> Permit<K, T> {
        let keyed = self.keyed.take().expect("it is there until the reservation is used up");
        let (place, cost) = (self.place, self.cost);
        let begin =
            keyed.engine().go_on(|_| true, |state, now| (state.book.begin(place, now, cost), state.raw()));
        let (in_full, begun) = begin;
        Permit::begun(keyed, place, cost, begun, in_full)
    }

    /// What the call costs.
    pub fn cost(&self) -> f64 {
        to_units(self.cost)
    }
}

impl<K: Key, T: Timer> Drop for Reservation<K, T> {
    fn drop(&mut self) {
        let (place, cost) = (self.place, self.cost);
        if let Some(keyed) = &self.keyed {
            keyed.engine().change(|state, now| {
                let at = state.steady_at(self.reserved);
                state.book.not_made(place, now, |limits| limits.unreserve(Some(at), cost));
            });
        }
    }
}

impl<K: Key, T: Timer> fmt::Debug for Reservation<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("cost", &self.cost()).finish_non_exhaustive()
    }
}

/// Waits to be let in under a key, to begin later: [`Keyed::reserve_cost`].
///
/// It takes its place in line when first polled. Dropping it gives the place up, or what has been reserved.
#[must_use = "futures do nothing unless polled"]
pub struct Reserve<K: Key, T: Timer>(pub(super) Acquire<K, T>);

impl<K: Key, T: Timer> Reserve<K, T> {
    /// Waits at most so long, counted from the first poll: [`AdmitError::TimedOut`].
    pub fn timeout(self, limit: Duration) -> Self {
        Self(self.0.timeout(limit))
    }
}

impl<K: Key, T: Timer> Future for Reserve<K, T> {
    type Output = Result<Reservation<K, T>, AdmitError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (place, admitted) = ready!(self.0.poll_place(cx))?;
        Poll::Ready(Ok(Reservation::new(self.0.keyed(), place, self.0.cost(), &admitted)))
    }
}

impl<K: Key, T: Timer> fmt::Debug for Reserve<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("cost", &self.0.cost()).finish_non_exhaustive()
    }
}
