//! What a perfect row is.

use std::time::Duration;

use tollgate_server::Config;

use super::contestants::REFUSES_FOR;
use super::row::Row;

/// Longer than any request is on its way, on loopback, and longer than the server takes to begin.
const ON_THE_WAY: Duration = Duration::from_millis(250);

/// The least share of the quota that must be used.
const LEAST_USED: f64 = 0.98;

/// The share is judged unless more requests per slot than this make up a quota: then it is the slots that set the pace.
const MOST_PER_SLOT: u32 = 100;

/// What is wrong with a row; nothing if it is perfect.
pub(crate) fn broken(row: &Row, limits: &Config) -> Vec<String> {
    let mut broken = vec![];
    let fine = row.answers.of(200);
    if fine != row.requests {
        let (rate, room, errors) = (row.answers.of(429), row.answers.of(503), row.answers.errors);
        broken.push(format!(
            "{fine} of {} requests were answered 200 ({rate} got 429, {room} got 503, {errors} failed{})",
            row.requests,
            row.answers.first_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default(),
        ));
    }
    if row.seen.worst_window > limits.capacity.into() {
        broken.push(format!(
            "the server saw {} requests within a second, which is more than {}",
            row.seen.worst_window, limits.capacity
        ));
    }
    if row.contestant.is_refused {
        broken.extend(too_early(row));
        return broken;
    }
    let judged = limits.capacity <= MOST_PER_SLOT * limits.concurrency;
    if let Some(used) = row.quota_used(limits).filter(|used| judged && *used < LEAST_USED) {
        broken.push(format!(
            "{:.1} % of the quota was used, less than {:.0} %",
            100.0 * used,
            100.0 * LEAST_USED
        ));
    }
    broken
}

/// Where the server has refused: whether anybody was sent before the time it gave, but those that were on their way.
fn too_early(row: &Row) -> Option<String> {
    let Some(first) = row.arrivals.iter().find(|one| !one.accepted()) else {
        return Some("the server refused nobody".to_owned());
    };
    let pause = first.at + ON_THE_WAY..first.at + REFUSES_FOR - ON_THE_WAY;
    let early = row.arrivals.iter().filter(|one| pause.contains(&one.at)).count();
    (early > 0).then(|| format!("{early} requests were sent while the server refused"))
}

/// A perfect row in words.
pub(crate) fn kept(row: &Row, limits: &Config) -> String {
    if row.contestant.is_refused {
        let refused = row.arrivals.iter().filter(|one| !one.accepted()).count();
        let Row { contestant, requests, .. } = row;
        return format!(
            "{}: {refused} were refused, nobody else was sent before the time, and all {requests} answered 200.",
            contestant.name
        );
    }
    let used = match row.quota_used(limits) {
        Some(used) => format!("{:.1} % of the quota used", 100.0 * used),
        None => "too few requests to tell the share of the quota".to_owned(),
    };
    format!(
        "{}: all {} answered 200, at most {} in any second, {used}.",
        row.contestant.name, row.requests, row.seen.worst_window
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::contestants::CONTESTANTS;
    use crate::demo::row::tests::row;

    /// Five requests where two per second are allowed, the last so many milliseconds late.
    fn five(late: u64) -> Row {
        let mut row = row(&[(0, 200), (0, 200), (1000, 200), (1000, 200), (2000 + late, 200)]);
        row.seen.worst_window = 2;
        row
    }

    fn limits() -> Config {
        Config { capacity: 2, concurrency: 1, ..Config::default() }
    }

    #[test]
    fn a_perfect_row_has_nothing_broken() {
        assert_eq!(broken(&five(20), &limits()), [""; 0]);
        let words = "throttle, until answered: all 5 answered 200, at most 2 in any second, 99.0 % of the quota used.";
        assert_eq!(kept(&five(20), &limits()), words);
    }

    #[test]
    fn each_broken_promise_is_named() {
        let mut row = five(100);
        row.answers.statuses = [(200, 2), (429, 2), (503, 1)].into();
        row.seen.worst_window = 3;
        assert_eq!(
            broken(&row, &limits()),
            [
                "2 of 5 requests were answered 200 (2 got 429, 1 got 503, 0 failed)",
                "the server saw 3 requests within a second, which is more than 2",
                "95.2 % of the quota was used, less than 98 %",
            ]
        );
    }

    #[test]
    fn a_request_without_an_answer_is_told_with_its_reason() {
        let mut row = five(0);
        row.answers.statuses = [(200, 4)].into();
        (row.answers.errors, row.answers.first_error) = (1, Some("connection reset".into()));
        let expected = "4 of 5 requests were answered 200 (0 got 429, 0 got 503, 1 failed: connection reset)";
        assert_eq!(broken(&row, &limits()), [expected]);
    }

    #[test]
    fn where_the_server_refuses_nobody_is_sent_before_the_time() {
        let told = CONTESTANTS.iter().find(|one| one.is_refused).expect("there is one");
        let row_of = |arrivals: &[(u64, u16)]| {
            let mut row = row(arrivals);
            row.contestant = told;
            row.answers.statuses = [(200, row.requests)].into();
            row
        };
        let fine = row_of(&[(0, 200), (500, 429), (505, 429), (2_500, 200), (2_600, 200)]);
        assert_eq!(broken(&fine, &limits()), [""; 0]);
        assert!(kept(&fine, &limits()).contains("2 were refused"));
        let early = row_of(&[(0, 200), (500, 429), (1_900, 200)]);
        assert_eq!(broken(&early, &limits()), ["1 requests were sent while the server refused"]);
        assert_eq!(broken(&row_of(&[(0, 200)]), &limits()), ["the server refused nobody"]);
    }

    #[test]
    fn the_share_is_not_judged_where_slots_set_the_pace() {
        let mut many: Vec<_> = (0..202).map(|at| (at * 20, 200)).collect();
        let limits = Config { capacity: 101, ..limits() };
        let mut slow = row(&many);
        slow.seen.worst_window = 50;
        assert!(broken(&slow, &limits).is_empty());
        assert_eq!(broken(&slow, &Config { concurrency: 2, ..limits.clone() }).len(), 1);
        many.truncate(10);
        assert!(kept(&row(&many), &limits).ends_with("too few requests to tell the share of the quota."));
    }
}
