//! The last period, seen from a moment that moves on.

use std::collections::VecDeque;
use std::time::Duration;

/// The times in the half-open window `(now - period, now]`, kept up incrementally.
///
/// Each time goes in once and out once, so a step costs O(1) amortised.
#[derive(Debug)]
pub(crate) struct TrailingWindow {
    period: Duration,
    times: VecDeque<Duration>,
}

impl TrailingWindow {
    pub(crate) fn new(period: Duration) -> Self {
        Self { period, times: VecDeque::new() }
    }

    /// Forgets what is one period old or older at `now`.
    pub(crate) fn advance(&mut self, now: Duration) {
        while let Some(&oldest) = self.times.front()
            && oldest + self.period <= now
        {
            self.times.pop_front();
        }
    }

    /// Moves on to `now` and adds it.
    pub(crate) fn push(&mut self, now: Duration) {
        self.advance(now);
        self.times.push_back(now);
    }

    /// How many times the window holds.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// The time at `index`, the oldest first.
    pub(crate) fn get(&self, index: usize) -> Option<Duration> {
        self.times.get(index).copied()
    }
}

/// The most that any window of one period has held.
///
/// The fullest half-open window of a given length can always be shifted so that it ends with
/// one of the times, so looking back from each arrival finds the true maximum.
#[derive(Debug)]
pub(crate) struct WorstWindow {
    window: TrailingWindow,
    worst: usize,
}

impl WorstWindow {
    pub(crate) fn new(period: Duration) -> Self {
        Self { window: TrailingWindow::new(period), worst: 0 }
    }

    pub(crate) fn record(&mut self, now: Duration) {
        self.window.push(now);
        self.worst = self.worst.max(self.window.len());
    }

    pub(crate) fn worst(&self) -> usize {
        self.worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_counting_every_window() {
        // A fixed little generator gives uneven gaps, among them zero and exactly one period.
        let period = Duration::from_nanos(10);
        let mut times = vec![];
        let mut now = 0;
        for i in 0..400_u64 {
            now += (i * i * 7 + i) % 11;
            times.push(Duration::from_nanos(now));
        }
        let mut measured = WorstWindow::new(period);
        times.iter().for_each(|&at| measured.record(at));

        let counted = times.iter().map(|&from| {
            let within = |at: &&Duration| (from..from + period).contains(*at);
            times.iter().filter(within).count()
        });
        assert_eq!(Some(measured.worst()), counted.max());
    }

    #[test]
    fn one_period_apart_is_two_windows() {
        let mut measured = WorstWindow::new(Duration::from_nanos(10));
        measured.record(Duration::from_nanos(0));
        measured.record(Duration::from_nanos(10));
        assert_eq!(measured.worst(), 1);
        measured.record(Duration::from_nanos(19));
        assert_eq!(measured.worst(), 2);
    }
}
