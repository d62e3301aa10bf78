//! A call that has been let in under a key.

use std::fmt;

use super::{Key, Keyed};
use crate::engine::Admitted;
use crate::time::{Tick, Timer};
use crate::units::{Micros, to_micros, to_units};

/// A call that a [`Keyed`] has let in; over when dropped, on any thread.
///
/// Slots of key and total are free then (after their cooldowns), and rates that count until answered
/// count it for one more period.
#[must_use = "a permit that is not kept is given back at once"]
pub struct Permit<K: Key, T: Timer> {
    keyed: Keyed<K, T>,
    /// The number of the key's limits.
    place: usize,
    cost: Micros,
    admitted: Tick,
    /// Given back already.
    over: bool,
}

impl<K: Key, T: Timer> Permit<K, T> {
    /// The permit of a call that has just been let in, which is told.
    pub(crate) fn new(keyed: Keyed<K, T>, place: usize, cost: f64, admitted: &Admitted) -> Self {
        let permit = Self { keyed, place, cost: to_micros(cost), admitted: admitted.at, over: false };
        permit.keyed.engine().voice().admitted(cost, &admitted.told);
        permit
    }

    /// When the call was let in, by the timer.
    #[must_use]
    pub fn admitted_at(&self) -> Tick {
        self.admitted
    }

    /// What the call costs.
    #[must_use]
    pub fn cost(&self) -> f64 {
        to_units(self.cost)
    }
}

impl<K: Key, T: Timer> Permit<K, T> {
    /// Ends a call that was never made: gives back slots and units. The next in line may go at once.
    pub fn refund(mut self) {
        self.over = true;
        let (place, cost, admitted) = (self.place, self.cost, self.admitted);
        self.keyed.engine().change(|state, now| {
            let at = state.steady_at(admitted);
            state.book.unadmit(place, at, now, cost);
        });
    }
}

impl<K: Key, T: Timer> Drop for Permit<K, T> {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let (place, cost) = (self.place, self.cost);
        self.keyed.engine().go_on(|_| true, |state, now| state.book.release(place, now, cost));
    }
}

impl<K: Key, T: Timer> fmt::Debug for Permit<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("cost", &self.cost()).finish_non_exhaustive()
    }
}
