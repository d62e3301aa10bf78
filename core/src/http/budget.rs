//! No more retries than a share of the requests.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Tick;

/// Over so long, requests and retries are counted.
const SPAN: Duration = Duration::from_secs(10);
/// In steps of so long.
const STEP: u64 = 1_000_000_000;
/// One retry for so many requests.
const REQUESTS_FOR_ONE: u64 = 5;

/// How many retries there may be: a fifth of the requests of the last ten seconds, and some besides.
///
/// When a server is down, retries of all that fails would make its load several times what it was.
#[derive(Debug)]
pub(crate) struct Budget {
    /// So many, however few requests there are.
    reserve: u64,
    /// By second, the oldest first: requests and retries.
    seconds: VecDeque<(u64, u64, u64)>,
}

impl Budget {
    pub(crate) fn new(reserve: u32) -> Self {
        Self { reserve: u64::from(reserve), seconds: VecDeque::new() }
    }

    pub(crate) fn note_request(&mut self, now: Tick) {
        self.current(now).1 += 1;
    }

    /// Takes one retry, if there is one to be had.
    pub(crate) fn take_retry(&mut self, now: Tick) -> bool {
        self.current(now);
        let (requests, retries) =
            self.seconds.iter().fold((0, 0), |sum, second| (sum.0 + second.1, sum.1 + second.2));
        let free = retries < requests / REQUESTS_FOR_ONE + self.reserve;
        self.current(now).2 += u64::from(free);
        free
    }

    fn current(&mut self, now: Tick) -> &mut (u64, u64, u64) {
        let second = now.as_nanos() / STEP;
        let first = second.saturating_sub(SPAN.as_secs() - 1);
        while self.seconds.front().is_some_and(|&(at, ..)| at < first) {
            self.seconds.pop_front();
        }
        // A clock that steps back goes on in the second that was the last.
        if self.seconds.back().is_none_or(|&(at, ..)| at < second) {
            self.seconds.push_back((second, 0, 0));
        }
        let last = self.seconds.len() - 1;
        &mut self.seconds[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Tick {
        Tick::from_nanos(millis * 1_000_000)
    }

    fn retries(budget: &mut Budget, now: Tick) -> usize {
        std::iter::from_fn(|| budget.take_retry(now).then_some(())).count()
    }

    #[test]
    fn a_fifth_of_the_requests_and_the_reserve_come_back_after_ten_seconds() {
        let mut budget = Budget::new(3);
        assert_eq!(retries(&mut budget, at(0)), 3);
        (0..52).for_each(|n| budget.note_request(at(n * 100)));
        assert_eq!(retries(&mut budget, at(5_500)), 10);
        assert_eq!(retries(&mut budget, at(9_999)), 0);
        assert_eq!(
            retries(&mut budget, at(10_000)),
            1,
            "the first three are forgotten, and ten requests with them"
        );
        assert_eq!(retries(&mut budget, at(60_000)), 3);
        assert!(budget.seconds.len() <= 11);
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let mut budget = Budget::new(1);
        assert_eq!((retries(&mut budget, at(50_000)), retries(&mut budget, at(10))), (1, 0));
    }
}
