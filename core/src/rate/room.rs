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

    /// The least room there has been after `at`.
    pub(crate) fn since(&self, at: Tick) -> u128 {
        if at < self.known_since {
            return 0;
        }
        let later = self.least.partition_point(|&(time, _)| time <= at);
        self.least.get(later).map_or(u128::MAX, |&(_, room)| room)
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
        let since = |at| room.since(Tick(at));
        assert_eq!([since(0), since(1), since(2), since(3), since(4)], [3, 3, 4, 4, 6]);
        assert_eq!(since(5), u128::MAX);
    }

    #[test]
    fn what_is_too_long_ago_counts_as_full_since() {
        let mut room = Room::default();
        for at in 0..1_000_u64 {
            room.note(Tick(at), u128::from(at));
        }
        assert_eq!((room.since(Tick(10)), room.since(Tick(998))), (0, 999));
        assert_eq!(room.least.len(), MAX_ENTRIES);
    }
}
