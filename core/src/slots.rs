//! So many at once, and how long a slot rests after use.

use std::collections::VecDeque;

use crate::rate::Verdict;
use crate::time::Tick;

/// The slots of a throttle: taken, cooling down, or free.
#[derive(Debug)]
pub(crate) struct Slots {
    /// How many there are; 0 for any number.
    limit: usize,
    /// Nanoseconds that a slot rests after use.
    cooldown: u64,
    taken: usize,
    /// When the resting slots are free again, soonest first.
    cooling: VecDeque<Tick>,
}

impl Slots {
    pub(crate) fn new(limit: usize, cooldown: u64) -> Self {
        Self { limit, cooldown, taken: 0, cooling: VecDeque::new() }
    }

    /// Changes limit and cooldown. Slots in use or at rest beyond the new limit go on as they are.
    pub(crate) fn update(&mut self, limit: usize, cooldown: u64) {
        self.limit = limit;
        self.cooldown = cooldown;
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn cooldown(&self) -> u64 {
        self.cooldown
    }

    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// Whether a slot is in use or at rest.
    pub(crate) fn is_idle(&mut self, now: Tick) -> bool {
        self.warm_up(now);
        self.taken == 0 && self.cooling.is_empty()
    }

    /// When a slot is free.
    #[inline]
    pub(crate) fn when(&mut self, now: Tick) -> Verdict {
        if self.limit == 0 || self.taken + self.cooling.len() < self.limit {
            return Verdict::Now;
        }
        self.warm_up(now);
        let Some(over) = (self.taken + self.cooling.len()).checked_sub(self.limit) else {
            return Verdict::Now;
        };
        self.cooling.get(over).map_or(Verdict::OnRelease, |&at| Verdict::At(at))
    }

    #[inline]
    pub(crate) fn take(&mut self) {
        self.taken += 1;
    }

    /// Gives a slot back after use.
    #[inline]
    pub(crate) fn put_back(&mut self, now: Tick) {
        self.taken -= 1;
        if self.cooldown > 0 {
            let free = Tick(now.0.saturating_add(self.cooldown));
            self.cooling.push_back(free);
            // In order, also when the cooldown has been made shorter.
            let mut place = self.cooling.len() - 1;
            while place > 0 && self.cooling[place - 1] > free {
                self.cooling.swap(place - 1, place);
                place -= 1;
            }
        }
    }

    /// Gives a slot back that was never used.
    pub(crate) fn untake(&mut self) {
        self.taken -= 1;
    }

    fn warm_up(&mut self, now: Tick) {
        while self.cooling.front().is_some_and(|&at| at <= now) {
            self.cooling.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_rests_after_use() {
        let mut slots = Slots::new(2, 10);
        slots.take();
        slots.take();
        assert_eq!(slots.when(Tick(0)), Verdict::OnRelease);
        slots.put_back(Tick(5));
        assert_eq!(slots.when(Tick(5)), Verdict::At(Tick(15)));
        assert_eq!(slots.when(Tick(15)), Verdict::Now);
    }

    #[test]
    fn without_a_cooldown_nothing_is_remembered() {
        let mut slots = Slots::new(0, 0);
        for _ in 0..3 {
            slots.take();
            slots.put_back(Tick(7));
        }
        assert!(slots.cooling.is_empty());
    }

    #[test]
    fn after_a_shrink_the_next_slot_is_the_first_within_the_new_limit() {
        let mut slots = Slots::new(3, 10);
        for _ in 0..3 {
            slots.take();
        }
        slots.put_back(Tick(1));
        slots.put_back(Tick(2));
        slots.update(2, 10);
        assert_eq!(slots.when(Tick(3)), Verdict::At(Tick(12)));
        slots.update(1, 10);
        assert_eq!(slots.when(Tick(3)), Verdict::OnRelease);
    }
}
