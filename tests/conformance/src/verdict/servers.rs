//! What servers of three kinds would have answered to the requests that were let through.

use std::collections::{BTreeMap, VecDeque};

use crate::record::Record;
use crate::scenario::{Plan, Scenario, Subject};

/// How often which status.
type Answers = BTreeMap<String, usize>;

const NANOS_PER_SEC: f64 = 1e9;

/// Compares what each kind of server answers with what was expected of it.
pub(super) fn compare(
    plan: Plan,
    expected: &BTreeMap<String, Answers>,
    scenario: &Scenario,
    record: &Record,
) -> Result<(), String> {
    let Subject::Throttle(spec) = &scenario.script.subject else {
        return Err(format!("{plan:?}: servers go with subjects of one rate"));
    };
    let [rate] = spec.rates.as_slice() else {
        return Err(format!("{plan:?}: servers go with subjects of one rate"));
    };
    let limit = Limit { capacity: rate.capacity.0, period: nanos(rate.period.0) };
    let requests: Vec<i64> = record.admissions().into_iter().map(nanos).collect();
    for (server, expected) in expected {
        let accepts: Vec<bool> = match server.as_str() {
            "fixed_window" => limit.fixed_window(&requests),
            "sliding_log" => limit.sliding_log(&requests),
            "token_bucket" => limit.token_bucket(&requests),
            _ => return Err(format!("{plan:?}: no server is known as {server}")),
        };
        let accepted = accepts.iter().filter(|&&accepted| accepted).count();
        let actual = Answers::from([("200".into(), accepted), ("429".into(), accepts.len() - accepted)]);
        if *expected != actual {
            return Err(format!("{plan:?} {server}: expected {expected:?}, got {actual:?}"));
        }
    }
    Ok(())
}

/// To whole nanoseconds: servers decide exactly.
fn nanos(seconds: f64) -> i64 {
    (seconds * NANOS_PER_SEC).round() as i64
}

/// What every server allows: so many per period.
struct Limit {
    capacity: f64,
    /// Nanoseconds.
    period: i64,
}

impl Limit {
    /// Counts what was accepted in the current period of a fixed grid.
    fn fixed_window(&self, requests: &[i64]) -> Vec<bool> {
        let (mut window, mut count) = (i64::MIN, 0.0);
        let accept = |&at: &i64| {
            if at.div_euclid(self.period) != window {
                (window, count) = (at.div_euclid(self.period), 0.0);
            }
            let accepted = count + 1.0 <= self.capacity;
            count += if accepted { 1.0 } else { 0.0 };
            accepted
        };
        requests.iter().map(accept).collect()
    }

    /// Remembers what was accepted within the last period.
    fn sliding_log(&self, requests: &[i64]) -> Vec<bool> {
        let mut log = VecDeque::new();
        let accept = |&at: &i64| {
            while log.front().is_some_and(|&first| first <= at - self.period) {
                log.pop_front();
            }
            let accepted = log.len() as f64 + 1.0 <= self.capacity;
            if accepted {
                log.push_back(at);
            }
            accepted
        };
        requests.iter().map(accept).collect()
    }

    /// Starts full, is refilled continuously, takes one token for each.
    fn token_bucket(&self, requests: &[i64]) -> Vec<bool> {
        // Tokens times the period, so that a nanosecond adds exactly `capacity`.
        let (one, full) = (self.period as f64, self.capacity * self.period as f64);
        let (mut tokens, mut last) = (full, 0);
        let accept = |&at: &i64| {
            tokens = full.min(tokens + (at - last) as f64 * self.capacity);
            last = at;
            let accepted = tokens >= one;
            tokens -= if accepted { one } else { 0.0 };
            accepted
        };
        requests.iter().map(accept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(server: fn(&Limit, &[i64]) -> Vec<bool>, seconds: &[f64]) -> Vec<bool> {
        let requests: Vec<i64> = seconds.iter().copied().map(nanos).collect();
        server(&Limit { capacity: 2.0, period: nanos(1.0) }, &requests)
    }

    #[test]
    fn each_kind_of_server_counts_in_its_own_way() {
        let requests = [0.9, 0.9, 0.9, 1.0, 1.1, 1.9, 2.0];
        let [yes, no] = [true, false];
        assert_eq!(accepted(Limit::fixed_window, &requests), [yes, yes, no, yes, yes, no, yes]);
        assert_eq!(accepted(Limit::sliding_log, &requests), [yes, yes, no, no, no, yes, yes]);
        assert_eq!(accepted(Limit::token_bucket, &[0.0, 0.0, 0.0, 0.5, 0.6]), [yes, yes, no, yes, no]);
    }
}
