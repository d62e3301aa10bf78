//! The log behind the sliding window.

use std::collections::VecDeque;

use super::Verdict;
use crate::time::Tick;
use crate::units::Micros;

/// As many entries as the log keeps: 64 KB of them.
const MAX_ENTRIES: usize = 4096;

/// Of so many parts is what is charged evenly.
const FILL_PARTS: u64 = 64;

/// What was charged within the last period, oldest first, and how much more fits.
///
/// A charge at `t` counts in `[t, t + period)`. Up to [`MAX_ENTRIES`] charges at different times are
/// kept as they are. When there are more, neighbours within 1/4096 of a period become one group that
/// counts as of its latest charge: each unit then comes back that little late, and none early.
///
/// Why the groups fit: of `n` groups in the log, those but the oldest began within one period, and each
/// began more than `span` after the one before; so `(n - 2) * (span + 1) < period`, and with
/// `span = period / 4096` there are at most 4097: the log's entries and the one still open.
#[derive(Debug)]
pub(crate) struct WindowLog {
    capacity: Micros,
    period: u64,
    /// The sum of all entries, the open one included.
    used: u128,
    entries: VecDeque<Entry>,
    /// The newest entry, which charges of the same time still join. Empty if its cost is 0.
    open: Entry,
    /// The earliest charge in the open entry.
    open_since: u64,
    grouped: bool,
    /// The time of the last entry that was dropped.
    dropped: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    cost: Micros,
}

impl WindowLog {
    pub(crate) fn new(capacity: Micros, period: u64) -> Self {
        Self {
            capacity,
            period,
            used: 0,
            entries: VecDeque::new(),
            open: Entry { at: 0, cost: 0 },
            open_since: 0,
            grouped: false,
            dropped: None,
        }
    }

    /// When `cost` fits, while `reserved` more is taken up by calls not charged yet.
    #[inline]
    pub(crate) fn when(&mut self, now: Tick, cost: Micros, reserved: u128) -> Verdict {
        self.expire(now.0);
        let total = self.used + reserved + u128::from(cost);
        if total <= u128::from(self.capacity) {
            return Verdict::Now;
        }
        self.when_freed(total - u128::from(self.capacity))
    }

    /// When so much of what counts now counts no more.
    fn when_freed(&self, over: u128) -> Verdict {
        let mut freed = 0;
        for index in 0..=self.entries.len() {
            let entry = self.entries.get(index).unwrap_or(&self.open);
            freed += u128::from(entry.cost);
            if freed >= over {
                return Verdict::At(Tick(entry.at.saturating_add(self.period)));
            }
        }
        Verdict::OnRelease
    }

    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        if cost == 0 {
            return;
        }
        self.expire(now.0);
        self.used += u128::from(cost);
        if self.open.cost > 0
            && self.joins_open(now.0)
            && let Some(sum) = self.open.cost.checked_add(cost)
        {
            self.open = Entry { at: now.0, cost: sum };
            return;
        }
        if self.open.cost > 0 {
            if self.entries.len() == MAX_ENTRIES {
                self.group();
            }
            self.entries.push_back(self.open);
        }
        self.open = Entry { at: now.0, cost };
        self.open_since = now.0;
    }

    /// Charges so much as of times up to `now`, so that it comes back evenly over the period from then on, and none of it
    /// before what was charged last.
    pub(crate) fn fill_evenly(&mut self, now: Tick, cost: Micros) {
        self.expire(now.0);
        let last = if self.open.cost > 0 { self.open.at } else { 0 };
        let from = last.max(now.0.saturating_sub(self.period));
        let mut left = cost;
        for part in 1..=FILL_PARTS {
            let at = from + (u128::from(now.0 - from) * u128::from(part) / u128::from(FILL_PARTS)) as u64;
            let charge = left / (FILL_PARTS - part + 1);
            left -= charge;
            self.charge(Tick(at), charge);
        }
    }

    /// Takes back a charge made at `at`, as if it had not been.
    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        // An entry counts as of its latest charge, so ours is in the first that is not before it.
        if self.dropped.is_some_and(|dropped| at.0 <= dropped) {
            return;
        }
        let index = self.entries.partition_point(|entry| entry.at < at.0);
        let reach = if self.grouped { self.span() } else { 0 };
        let (since, entry) = match self.entries.get_mut(index) {
            Some(entry) => (entry.at.saturating_sub(reach), entry),
            None => (self.open_since, &mut self.open),
        };
        if at.0 < since {
            // It was refunded before, and its entry has gone.
            return;
        }
        let back = cost.min(entry.cost);
        entry.cost -= back;
        self.used -= u128::from(back);
    }

    /// Takes back charges of unknown time: the oldest, so that no window is counted short. Returns how
    /// much there was to take back.
    pub(crate) fn refund(&mut self, now: Tick, mut cost: Micros) -> Micros {
        self.expire(now.0);
        let used = self.used;
        for index in 0..=self.entries.len() {
            let entry = self.entries.get_mut(index).unwrap_or(&mut self.open);
            let back = cost.min(entry.cost);
            entry.cost -= back;
            self.used -= u128::from(back);
            cost -= back;
        }
        (used - self.used) as Micros
    }

    pub(crate) fn available(&mut self, now: Tick) -> Micros {
        self.expire(now.0);
        u128::from(self.capacity).saturating_sub(self.used) as Micros
    }

    pub(crate) fn used(&mut self, now: Tick) -> Micros {
        self.expire(now.0);
        u64::try_from(self.used).unwrap_or(u64::MAX)
    }

    /// Takes over what another log remembers. What has ceased to count under its limit does not come back.
    pub(crate) fn take_over(&mut self, old: &mut Self, now: Tick, capacity: Micros, period: u64) {
        old.expire(now.0);
        std::mem::swap(self, old);
        self.capacity = capacity;
        self.period = period;
    }

    fn joins_open(&self, now: u64) -> bool {
        now == self.open.at || (self.grouped && now - self.open_since <= self.span())
    }

    fn span(&self) -> u64 {
        self.period / MAX_ENTRIES as u64
    }

    fn expire(&mut self, now: u64) {
        let expired = |entry: &Entry| now - entry.at >= self.period;
        while let Some(entry) = self.entries.front().copied().filter(expired) {
            self.entries.pop_front();
            self.used -= u128::from(entry.cost);
            self.dropped = Some(entry.at);
        }
        if self.entries.is_empty() {
            self.grouped &= self.open.cost > 0 && self.open_since < self.open.at;
            if self.open.cost > 0 && expired(&self.open) {
                self.used -= u128::from(self.open.cost);
                self.open.cost = 0;
                self.dropped = Some(self.open.at);
            }
        }
    }

    /// Merges neighbours, to make room.
    fn group(&mut self) {
        self.grouped = true;
        let span = self.span();
        let mut since = None;
        let mut kept = 0;
        for index in 0..self.entries.len() {
            let entry = self.entries[index];
            match since {
                Some(since) if entry.at - since <= span => {
                    let group = &mut self.entries[kept - 1];
                    group.at = entry.at;
                    group.cost = group.cost.saturating_add(entry.cost);
                }
                _ => {
                    self.entries[kept] = entry;
                    kept += 1;
                    since = Some(entry.at);
                }
            }
        }
        self.entries.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Charges as much as fits at each of `times`; returns what was charged when.
    fn greedy(log: &mut WindowLog, times: impl Iterator<Item = u64>, cost: Micros) -> Vec<u64> {
        let fits = |at: &u64| {
            let now = Tick(*at);
            let fits = log.when(now, cost, 0) == Verdict::Now;
            if fits {
                log.charge(now, cost);
            }
            fits
        };
        times.filter(fits).collect()
    }

    #[test]
    fn a_charge_counts_for_exactly_one_period() {
        let mut log = WindowLog::new(2, 100);
        assert_eq!(greedy(&mut log, 0..=250, 1), [0, 1, 100, 101, 200, 201]);
        assert_eq!(log.when(Tick(250), 1, 0), Verdict::At(Tick(300)));
        assert_eq!(log.when(Tick(250), 2, 0), Verdict::At(Tick(301)));
        assert_eq!(log.when(Tick(250), 1, 1), Verdict::At(Tick(301)));
        assert_eq!(log.when(Tick(250), 2, 1), Verdict::OnRelease);
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes long, and is arithmetic only")]
    fn however_many_charges_the_log_stays_small_and_never_admits_too_much() {
        const PERIOD: u64 = 1_000_000_000;
        let capacity = 50_000;
        let mut log = WindowLog::new(capacity, PERIOD);
        // Offered three times as often as the limit allows, for five periods, at uneven times.
        let step = PERIOD / (3 * capacity);
        let admitted = greedy(&mut log, (0..5 * 3 * capacity).map(|n| n * step + n % 7), 1);
        for pair in admitted.windows(capacity as usize + 1) {
            assert!(pair[capacity as usize] - pair[0] >= PERIOD);
        }
        assert!(log.entries.len() <= MAX_ENTRIES);
        assert!(log.entries.capacity() * size_of::<Entry>() <= 64 * 1024);
        let quota = 5 * capacity as usize;
        assert!(quota - admitted.len() <= quota / 4096 + 1, "{} of {quota}", admitted.len());
    }

    #[test]
    fn a_charge_taken_back_leaves_the_others_where_they_are() {
        let mut log = WindowLog::new(3, 100);
        for at in [0, 10, 20] {
            log.charge(Tick(at), 1);
        }
        log.uncharge(Tick(10), 1);
        assert_eq!(log.when(Tick(50), 1, 0), Verdict::Now);
        assert_eq!(log.when(Tick(50), 2, 0), Verdict::At(Tick(100)));
        assert_eq!(log.when(Tick(50), 3, 0), Verdict::At(Tick(120)));
    }

    #[test]
    fn a_charge_that_has_expired_is_not_taken_back_from_another() {
        let mut log = WindowLog::new(2, 100);
        log.charge(Tick(0), 1);
        log.charge(Tick(50), 1);
        assert_eq!(log.available(Tick(100)), 1);
        log.uncharge(Tick(0), 1);
        assert_eq!(log.available(Tick(100)), 1);
    }

    #[test]
    fn a_refund_of_unknown_time_takes_the_oldest() {
        let mut log = WindowLog::new(2, 100);
        log.charge(Tick(0), 1);
        log.charge(Tick(50), 1);
        log.refund(Tick(60), 1);
        log.charge(Tick(60), 1);
        assert_eq!(log.when(Tick(100), 1, 0), Verdict::At(Tick(150)));
    }
}
