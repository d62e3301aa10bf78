//! Calls whose permits were forgotten: known by number and cost only.

use crate::units::Micros;

/// How many calls, and what they cost together.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    calls: usize,
    cost: u128,
}

impl Tally {
    pub(crate) fn add(&mut self, cost: Micros) {
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
        *self = Self { calls, cost };
        true
    }
}
