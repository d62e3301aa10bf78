//! How calls come, look what became of them, and go.

use std::time::Duration;

use tollgate_core::time::Tick;
use tollgate_core::{AdmitError, CostError, TryAdmitError};

use crate::bell::Bell;
use crate::callers::{Asking, End, Holds, Outcome};
use crate::judge::check_cost_error;
use crate::limits::units;
use crate::script::{Cost, Pick};
use crate::throttle::{Asks, Id, Refusal, State};
use crate::world::{Caller, Guest, World, chosen};

impl<'g> World<'g> {
    pub(crate) fn come(
        &mut self,
        asks: Asks,
        cost: f64,
        micros: Option<u64>,
        limit: Option<Duration>,
        future: Asking<'g>,
    ) {
        let limit = limit.map(|limit| limit.as_nanos() as u64);
        let id = self.model.come(asks, micros, limit);
        let caller = Caller { id, future, bell: Bell::default(), silent: Vec::new() };
        let refused = self.poll_first(caller);
        if let Some(AdmitError::Cost(error)) = refused {
            check_cost_error(error, cost, self.model.limits.most());
        }
    }

    pub(crate) fn try_come(&mut self, cost: Cost) {
        let (cost, micros) = self.told(cost);
        let answer = self.gate.try_acquire_cost_owned(cost);
        match (answer, self.model.try_come(micros)) {
            (Ok(permit), Ok(Some(id))) => {
                self.let_in(id, Holds::Permit(permit));
            }
            (Err(TryAdmitError::NotNow), Ok(None)) | (Err(TryAdmitError::Closed), Err(Refusal::Closed)) => {}
            (Err(TryAdmitError::Cost(error)), Err(Refusal::Invalid | Refusal::TooHigh(_))) => {
                check_cost_error(error, cost, self.model.limits.most());
            }
            (core, model) => panic!("try_acquire: core says {core:?}, the model {model:?}"),
        }
    }

    /// Polls for the first time: only now has the call come.
    fn poll_first(&mut self, caller: Caller<'g>) -> Option<AdmitError> {
        // Whoever joins and is turned away at once, because it waits no time at all, hears of it next time.
        let joined = !matches!(
            self.model.calls[caller.id].state,
            State::Inside
                | State::Refused(Refusal::Closed | Refusal::QueueFull | Refusal::Invalid)
                | State::Refused(Refusal::TooHigh(_))
        );
        let Caller { id, future, bell, silent } = caller;
        match future.poll(&bell) {
            Outcome::Waits(future) => {
                assert!(joined, "call {id} waits; the model says {:?}", self.model.calls[id].state);
                self.line.push(Caller { id, future, bell, silent });
                None
            }
            outcome => {
                assert!(!joined, "call {id} did not wait; the model says {:?}", self.model.calls[id].state);
                self.settled(id, outcome)
            }
        }
    }

    pub(crate) fn poll(&mut self, mut caller: Caller<'g>, new_waker: bool) {
        if new_waker {
            caller.silent.push(std::mem::take(&mut caller.bell));
            // Those that rang have done so; they must not do it again.
            caller.silent.retain(|bell| bell.rang() == 0);
        }
        let Caller { id, future, bell, silent } = caller;
        let waits = self.model.calls[id].state == State::Waiting;
        match future.poll(&bell) {
            Outcome::Waits(future) => {
                assert!(waits, "call {id} still waits; the model says {:?}", self.model.calls[id].state);
                self.line.push(Caller { id, future, bell, silent });
            }
            outcome => {
                assert!(!waits, "call {id} no longer waits; the model says it does");
                self.settled(id, outcome);
            }
        }
    }

    pub(crate) fn poll_all(&mut self) {
        for caller in std::mem::take(&mut self.line) {
            self.poll(caller, false);
        }
    }

    fn settled(&mut self, id: Id, outcome: Outcome<'g>) -> Option<AdmitError> {
        let state = self.model.calls[id].state;
        match outcome {
            Outcome::In(holds) => {
                assert_eq!(state, State::Inside, "call {id} was let in");
                if let Holds::Run(_) = holds {
                    self.model.begin(id);
                }
                self.let_in(id, holds);
                None
            }
            Outcome::Through => {
                assert_eq!(state, State::Inside, "consumer {id} got its units");
                let call = &self.model.calls[id];
                self.laws.answered(call.cost, call.admitted, call.admitted, call.epoch.changes);
                None
            }
            Outcome::Refused(error) => {
                let agrees = match (&error, state) {
                    (AdmitError::Closed, State::Refused(Refusal::Closed))
                    | (AdmitError::TimedOut, State::Refused(Refusal::TimedOut))
                    | (AdmitError::Cost(CostError::Invalid { .. }), State::Refused(Refusal::Invalid)) => true,
                    (AdmitError::QueueFull { max_waiting }, State::Refused(Refusal::QueueFull)) => {
                        Some(*max_waiting) == self.model.limits.max_waiting
                    }
                    // What the most is may have changed since.
                    (AdmitError::Cost(CostError::TooHigh { .. }), State::Refused(Refusal::TooHigh(_))) => {
                        true
                    }
                    _ => false,
                };
                assert!(agrees, "call {id} ended with {error:?}; the model says {state:?}");
                Some(error)
            }
            Outcome::Waits(_) => unreachable!("it is settled"),
        }
    }

    fn let_in(&mut self, id: Id, holds: Holds<'g>) {
        let call = &self.model.calls[id];
        if let Holds::Permit(permit) = &holds {
            assert_eq!(permit.cost(), units(call.cost), "cost of call {id}");
            // Told by the timer's clock, if that has not been stepped back since.
            if call.epoch.steps_back == self.model.epoch.steps_back {
                let then = self.raw - (self.model.now - call.admitted);
                assert_eq!(permit.admitted_at(), Tick::from_nanos(then), "when call {id} was let in");
            }
        }
        self.inside.push(Guest { id, holds });
    }

    pub(crate) fn cancel(&mut self, pick: Pick) {
        if self.line.is_empty() {
            return;
        }
        let leaver = self.line.remove(chosen(pick, self.line.len()));
        self.model.go_away(leaver.id);
        drop(leaver);
        // One who leaves from behind the front makes nobody look, even if the alarm is late. For the
        // comparison somebody does.
        if self.model.due.is_some_and(|due| due <= self.model.now) {
            self.gate.pause(Duration::ZERO);
            self.model.pause(0);
        }
    }

    /// One of those who were let in to begin later begins: by what it holds, or having forgotten that.
    pub(crate) fn begin(&mut self, pick: Pick) {
        let those = |guest: &Guest<'_>| matches!(guest.holds, Holds::Reservation(_));
        let count = self.inside.iter().filter(|guest| those(guest)).count();
        if count == 0 {
            return;
        }
        let place = chosen(pick, count);
        let (index, _) = self.inside.iter().enumerate().filter(|(_, guest)| those(guest)).nth(place).unwrap();
        let Guest { id, holds } = self.inside.remove(index);
        let Holds::Reservation(reservation) = holds else { unreachable!("it was looked for") };
        let cost = reservation.cost();
        assert_eq!(cost, units(self.model.calls[id].cost), "cost of call {id}");
        let holds = if pick.0 < 128 {
            let permit = reservation.begin();
            assert_eq!(permit.admitted_at(), Tick::from_nanos(self.raw), "when call {id} began");
            Holds::Permit(permit)
        } else {
            reservation.forget();
            self.gate.begin(cost).expect("it is there");
            Holds::Forgotten
        };
        self.model.begin(id);
        self.inside.push(Guest { id, holds });
    }

    pub(crate) fn come_out(&mut self, pick: Pick, end: End) {
        if self.inside.is_empty() {
            return;
        }
        let index = chosen(pick, self.inside.len());
        if let Holds::Reservation(_) = self.inside[index].holds {
            return self.come_out_unbegun(index, pick, end);
        }
        let guest = self.inside.remove(index);
        let call = &self.model.calls[guest.id];
        let (cost, admitted, now, changes) = (call.cost, call.admitted, self.model.now, call.epoch.changes);
        let taken_back = match guest.holds {
            // After a step back of the clock it is not known any more when that was; and after a change of
            // the rates, what became of the charge.
            Holds::Permit(permit)
                if end == End::NotMade && call.epoch.may_be_taken_back(self.model.epoch) =>
            {
                permit.refund();
                true
            }
            Holds::Forgotten => {
                self.gate.release(units(cost)).expect("it is inside");
                false
            }
            holds => {
                holds.end(end);
                false
            }
        };
        if taken_back {
            self.model.go_away(guest.id);
            return;
        }
        self.laws.answered(cost, admitted, now, changes);
        self.model.release(guest.id);
    }

    /// One who was let in to begin later gives that up, or begins and ends at once.
    fn come_out_unbegun(&mut self, index: usize, pick: Pick, end: End) {
        let Guest { id, holds } = self.inside.remove(index);
        let Holds::Reservation(reservation) = holds else { unreachable!("it was looked for") };
        let cost = reservation.cost();
        // Otherwise it is not known any more when it was let in, or what became of its places.
        let is_known = self.model.calls[id].epoch.may_be_taken_back(self.model.epoch);
        match end {
            End::NotMade if is_known && pick.0 >= 128 => {
                reservation.forget();
                self.gate.cancel(cost).expect("it is there");
                self.model.go_away(id);
            }
            End::NotMade | End::Panic if is_known => {
                drop(reservation);
                self.model.go_away(id);
            }
            _ => {
                self.model.begin(id);
                drop(reservation.begin());
                let now = self.model.now;
                let call = &self.model.calls[id];
                self.laws.answered(call.cost, now, now, call.epoch.changes);
                self.model.release(id);
            }
        }
    }
}
