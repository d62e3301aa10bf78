//! What must hold whatever the model says: never over, never idle.

use tollgate_core::{Check, Hold};

use crate::common::Gate;
use crate::limits::{Pace, Spec, units};
use crate::throttle::Model;

/// The calls that were made.
#[derive(Default)]
pub(crate) struct Record(Vec<Call>);

#[derive(Clone, Copy)]
struct Call {
    cost: u64,
    admitted: u64,
    answered: u64,
    /// How many changes there had been when it was let in.
    changes: usize,
}

impl Record {
    pub(crate) fn answered(&mut self, cost: u64, admitted: u64, answered: u64, changes: usize) {
        self.0.push(Call { cost, admitted, answered, changes });
    }

    /// In no window more than was configured, wherever it starts and however long it is.
    ///
    /// Where calls count until they are answered, their server may see them at any time between admission
    /// and answer: whichever that is, no window has too much. Only calls since that change are looked at.
    pub(crate) fn never_over(&self, spec: &Spec, since: usize) {
        let calls = || self.0.iter().filter(|call| call.changes >= since);
        let last = |call: &Call| if spec.until_answered { call.answered } else { call.admitted };
        let at_most = |from: u64, to: u64| {
            // Seen in `from..=to`: let in by then, and not seen before.
            let seen = |call: &&Call| call.admitted <= to && last(call) >= from;
            let units: u64 = calls().filter(seen).map(|call| call.cost).sum();
            u128::from(units) * u128::from(spec.period)
        };
        let earned = |from: u64, to: u64| u128::from(to - from) * u128::from(spec.capacity);
        let most = u128::from(spec.most()) * u128::from(spec.period);
        for to in calls().map(|call| call.admitted) {
            let starts = calls().map(last).filter(|&from| from <= to);
            for from in starts.chain([to]) {
                let (seen, limit) = match spec.pace {
                    Pace::Window | Pace::Smooth if to - from >= spec.period => continue,
                    Pace::Window | Pace::Smooth => (at_most(from, to), most),
                    Pace::Bucket { .. } => (at_most(from, to), most + earned(from, to)),
                    // What has come together since the last refill is there at once at the next.
                    Pace::Stepped { .. } => (at_most(from, to), 2 * most + earned(from, to)),
                };
                assert!(seen <= limit, "over: {spec:?} from {from} to {to}: {seen} of {limit}");
            }
        }
    }

    /// If somebody waits, then whoever is first cannot go: so says core itself, asked about its cost.
    pub(crate) fn never_idle(&self, gate: &Gate, model: &Model) {
        let late = model.due.is_some_and(|due| due <= model.now);
        let only_callers = model.front(true).is_none();
        if let Some(front) = model.front(false).filter(|_| only_callers && !late) {
            let held = gate.check(units(model.calls[front].cost));
            assert!(
                matches!(held, Check::Wait { by, .. } if by != Hold::Line),
                "call {front} waits, but {held:?}"
            );
        }
    }
}
