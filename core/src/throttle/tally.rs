//! Calls whose permits were forgotten: known by number and cost only.

use crate::time::Tick;
use crate::units::Micros;

/// How many calls, and what they cost together.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: usize,
    cost: u128,
    /// When the only one was let in.
    only: Option<Tick>,
}

impl Tally {
    pub(crate) fn add(&mut self, cost: Micros, at: Tick) {
        self.only = (self.calls == 0).then_some(at);
        self.calls += 1;
        self.cost += u128::from(cost);
    }

    /// Takes a call of this cost out; not if none can have had it.
    pub(crate) fn take(&mut self, cost: Micros) -> bool {
        let calls = self.calls.checked_sub(1);
        let (Some(calls), Some(cost)) = (calls, self.cost.checked_sub(u128::from(cost))) else {
            return false;
        };
        if calls == 0 && cost > 0 {
            return false;
        }
        (self.calls, self.cost) = (calls, cost);
        true
    }

    /// When the only call was let in, or the last one that was taken out if it was the only one.
    pub(crate) fn only(&self) -> Option<Tick> {
        self.only
    }
}
