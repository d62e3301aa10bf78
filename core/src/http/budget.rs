//! No more retries than a share of the requests.

use crate::time::{NANOS_PER_SECOND, Tick};

/// Requests and retries are counted over so many seconds.
const SPAN: usize = 10;
/// One retry for so many requests.
const REQUESTS_FOR_ONE: u64 = 5;

/// How many retries there may be: a fifth of the requests of the last ten seconds, and some besides.
///
/// When a server is down, retries of all that fails would make its load several times what it was.
#[derive(Debug)]
pub(crate) struct Budget {
    /// So many, however few requests there are.
    reserve: u64,
    /// The last there was.
    second: u64,
    /// Each at the place that it has within the span.
    seconds: [Second; SPAN],
}

/// What there was within one.
#[derive(Clone, Copy, Debug, Default)]
struct Second {
    requests: u64,
    retries: u64,
}

impl Budget {
    pub(crate) fn new(reserve: u32) -> Self {
        Self { reserve: u64::from(reserve), second: 0, seconds: Default::default() }
    }

    pub(crate) fn note_request(&mut self, now: Tick) {
        self.current(now).requests += 1;
    }

    /// Takes one retry, if there is one to be had.
    pub(crate) fn take_retry(&mut self, now: Tick) -> bool {
        self.current(now);
        let (mut most, mut retries) = (0, 0);
        for second in &self.seconds {
            most += second.requests;
            retries += second.retries;
        }
        most = most / REQUESTS_FOR_ONE + self.reserve;
        let free = retries < most;
        self.current(now).retries += u64::from(free);
        free
    }

    /// A clock that steps back goes on in the second that was the last; unless that is so far ahead that it was a mistake:
    /// then what there was goes as the seconds after this one go by.
    #[inline(never)]
    fn current(&mut self, now: Tick) -> &mut Second {
        let second = now.as_nanos() / NANOS_PER_SECOND;
        // Those that have gone by since the last, which nothing was in, take the places of those that are over.
        for _ in 0..second.saturating_sub(self.second).min(SPAN as u64) {
            self.second += 1;
            self.seconds[self.second as usize % SPAN] = Second::default();
        }
        // Later than that, or earlier by more than the span.
        if self.second.wrapping_sub(second) > SPAN as u64 {
            self.second = second;
        }
        &mut self.seconds[self.second as usize % SPAN]
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
    }

    #[test]
    fn a_clock_that_was_far_ahead_for_once_is_not_waited_for() {
        let mut budget = Budget::new(2);
        assert_eq!(retries(&mut budget, at(86_400_000)), 2);
        assert_eq!(retries(&mut budget, at(1_000)), 0, "they count for ten seconds all the same");
        assert_eq!(retries(&mut budget, at(11_000)), 2);
    }

    #[test]
    fn a_clock_that_steps_back_loses_nothing() {
        let mut budget = Budget::new(1);
        assert_eq!((retries(&mut budget, at(50_000)), retries(&mut budget, at(10))), (1, 0));
    }
}
