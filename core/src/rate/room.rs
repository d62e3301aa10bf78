//! What a charge that is taken back still matters for.

use std::collections::VecDeque;

use crate::time::Tick;

/// As many entries as are kept; charges from before the oldest are not given back.
const MAX_ENTRIES: usize = 64;

/// How full a bucket has been since when.
///
/// A bucket that had been charged less would have been fuller ever since, but never more than full: what
/// flowed over then is gone. So of a charge that is taken back, no more comes back than the least room
/// there has been in the bucket since. Only minima matter: an entry is kept while no later one is lower.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Times, and the room there was; both ascending.
    least: VecDeque<(Tick, u128)>,
    /// Before that, nothing is known.
    known_since: Tick,
}

impl Room {
    /// Notes the room there is at `now`, before anything else is charged then.
    pub(crate) fn note(&mut self, now: Tick, room: u128) {
        if self.least.back().is_some_and(|&(at, _)| at == now) {
            return;
        }
        while self.least.back().is_some_and(|&(_, least)| least >= room) {
            self.least.pop_back();
        }
        if self.least.len() == MAX_ENTRIES
            && let Some((at, _)) = self.least.pop_front()
        {
            self.known_since = at;
        }
        self.least.push_back((now, room));
    }

    /// Takes back up to `charge` made at `at`; returns how much of it still mattered.
    pub(crate) fn take_back(&mut self, at: Tick, charge: u128) -> u128 {
        if at < self.known_since {
            return 0;
        }
        let later = self.least.partition_point(|&(time, _)| time <= at);
        self.lower(later, charge)
    }

    /// Takes back up to `charge` made at an unknown time since the bucket was last full.
    pub(crate) fn take_back_any(&mut self, charge: u128) -> u128 {
        let later = self.least.partition_point(|&(_, room)| room == 0);
        self.lower(later, charge)
    }

    /// When the bucket was last charged, as far as that is known.
    pub(crate) fn last(&self) -> Option<Tick> {
        self.least.back().map(|&(at, _)| at)
    }

    /// Had there been less in the bucket from the entry `first` on, there would have been less room since.
    fn lower(&mut self, first: usize, charge: u128) -> u128 {
        let Some(&(_, least)) = self.least.get(first) else { return charge };
        let back = charge.min(least);
        for (_, room) in self.least.range_mut(first..) {
            *room -= back;
        }
        // Those before that are no minima any more go.
        let lowered = least - back;
        let kept = self.least.range(..first).filter(|&&(_, room)| room < lowered).count();
        if kept < first {
            // By hand, as what `drain` does for this is as large as all the rest of a bucket.
            for place in first..self.least.len() {
                self.least[kept + place - first] = self.least[place];
            }
            self.least.truncate(self.least.len() - (first - kept));
        }
        back
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_room_after_a_time_is_remembered() {
        let mut room = Room::default();
        for (at, least) in [(1, 5), (2, 3), (3, 9), (3, 0), (4, 4), (5, 6)] {
            room.note(Tick(at), least);
        }
        let mut back = |at, charge| room.take_back(Tick(at), charge);
        assert_eq!(back(5, 100), 100);
        assert_eq!(back(4, 2), 2, "6 becomes 4");
        assert_eq!(back(2, 9), 4, "4 becomes 0, also for those before");
        assert_eq!(back(0, 9), 0);
    }

    #[test]
    fn two_charges_taken_back_do_not_both_count_the_same_room() {
        let mut room = Room::default();
        room.note(Tick(0), 0);
        room.note(Tick(5), 5);
        assert_eq!((room.take_back(Tick(0), 3), room.take_back(Tick(0), 9)), (3, 2));
        assert_eq!(room.take_back_any(9), 9, "nothing has flowed over since it was last full");
        room.note(Tick(6), 2);
        assert_eq!(room.take_back_any(9), 2);
    }

    #[test]
    fn what_is_too_long_ago_counts_as_full_since() {
        let mut room = Room::default();
        for at in 0..1_000_u64 {
            room.note(Tick(at), u128::from(at));
        }
        assert_eq!(room.least.len(), MAX_ENTRIES);
        assert_eq!((room.take_back(Tick(10), 5), room.take_back(Tick(998), 5_000)), (0, 999));
    }
}
