//! The pacings by definition: windows, buckets, even schedules.

use crate::limits::Pace;
use crate::rate::{Charge, Meter, When};

/// Windows: a charge at `t` counts in `[t, t + window)`.
impl Meter {
    pub(crate) fn counting_at(&self, time: u64) -> u128 {
        let counts = |charge: &&Charge| charge.at <= time && time < charge.at + self.window();
        self.charges.iter().filter(counts).map(|charge| charge.fine).sum()
    }

    pub(crate) fn window_allows(&self, now: u64, wanted: u64) -> When {
        let fits = |time: u64| self.counting_at(time) + self.fine(wanted) <= self.fine(self.spec.most());
        if fits(now) {
            return When::Now;
        }
        // Only when a charge ceases to count does anything change.
        let ends = self.charges.iter().map(|charge| charge.at + self.window());
        let first = ends.filter(|&end| end > now && fits(end)).min();
        When::At(first.expect("when all have ceased to count, it fits"))
    }
}

/// Buckets: what is there, told from the beginning.
impl Meter {
    pub(crate) fn level(&self, now: u64) -> u128 {
        self.levels(now).last().expect("there is one for now").1
    }

    /// What is there at each moment at which the bucket overflows or does not: just before the charges of
    /// each moment where it is refilled continuously, at each refill where that is in steps; and last, now.
    fn levels(&self, now: u64) -> Vec<(u64, u128)> {
        let full = self.fine(self.spec.most());
        let stepped = matches!(self.spec.pace, Pace::Stepped { .. });
        let mut moments: Vec<u64> = match stepped {
            true => self.refills.clone(),
            false => self.charges.iter().map(|charge| charge.at).collect(),
        };
        moments.dedup();
        let (mut level, mut last) = (full, self.made);
        let mut levels = Vec::new();
        let mut charges = self.charges.iter().peekable();
        let mut spend = |until: u64, level: &mut u128| {
            while let Some(charge) = charges.next_if(|charge| charge.at < until) {
                *level = level.saturating_sub(charge.fine);
            }
        };
        for moment in moments {
            spend(moment, &mut level);
            level = full.min(level + u128::from(moment - last) * u128::from(self.spec.capacity));
            last = moment;
            levels.push((moment, level));
        }
        spend(now + 1, &mut level);
        if !stepped {
            level = full.min(level + u128::from(now - last) * u128::from(self.spec.capacity));
        }
        levels.push((now, level));
        levels
    }

    /// When the bucket was full for the last time, before what was charged since.
    pub(crate) fn full_last(&self, now: u64) -> u64 {
        let full = self.fine(self.spec.most());
        let levels = self.levels(now);
        levels.iter().rev().skip(1).find(|(_, level)| *level == full).map_or(self.made, |&(at, _)| at)
    }

    /// How much of a charge made when the bucket was last full has not flowed over since.
    pub(crate) fn still_matters(&self, now: u64) -> u128 {
        let full = self.fine(self.spec.most());
        let since = self.full_last(now);
        let levels = self.levels(now);
        let (now, before) = levels.split_last().expect("there is one for now");
        let room = before.iter().filter(|(at, _)| *at > since).chain([now]).map(|(_, level)| full - level);
        room.min().expect("there is one for now")
    }
}

/// Even schedules.
impl Meter {
    pub(crate) fn place_comes(&self, now: u64) -> When {
        let capacity = u128::from(self.spec.capacity);
        let place = u64::try_from(self.schedule.next.div_ceil(capacity)).unwrap();
        if place <= now { When::Now } else { When::At(place) }
    }

    pub(crate) fn take_place(&mut self, now: u64, cost: u64, call: usize) {
        if cost == 0 {
            return;
        }
        // While somebody waits for its place, time does not go by unused: up to a period of it. Nor does the
        // part of a nanosecond by which nobody can be on time.
        let capacity = u128::from(self.spec.capacity);
        let earliest = if self.schedule.awaited { now.saturating_sub(self.window()) } else { now };
        let on_time = self.schedule.next.div_ceil(capacity) >= u128::from(now);
        let earliest = if on_time { 0 } else { u128::from(earliest) * capacity };
        let place = self.schedule.next.max(earliest);
        let next = place + self.fine(cost);
        let schedule = &mut self.schedule;
        if schedule.last_at != now {
            schedule.last_calls.clear();
        }
        schedule.last_calls.push(call);
        (schedule.next, schedule.last_place, schedule.last_at) = (next, place, now);
    }

    pub(crate) fn give_place_back(&mut self, at: u64, cost: u64, call: usize) {
        let fine = self.fine(cost);
        let schedule = &mut self.schedule;
        // Others that have been let in since have had their places behind it.
        if schedule.last_at == at && schedule.last_calls.contains(&call) {
            schedule.next = schedule.next.saturating_sub(fine);
        }
    }
}

/// So long after `from`, where nothing is at once.
pub(crate) fn later(from: u64, nanos: u128) -> When {
    match u64::try_from(nanos) {
        Ok(0) => When::Now,
        Ok(nanos) => When::At(from.saturating_add(nanos)),
        Err(_) => When::At(u64::MAX),
    }
}
