//! Limits, statistics and log together, on handed-in time.

use super::*;
use crate::config::Algorithm;

const MS: Duration = Duration::from_millis(1);
const NS: Duration = Duration::from_nanos(1);

fn config(algorithm: Algorithm, capacity: u32, period_ms: u64) -> Config {
    Config { algorithm, capacity, period_ms, ..Config::default() }
}

/// Lets a request in and out again at once.
fn visit(gate: &mut Gate, now: Duration) -> u16 {
    let status = gate.arrive(now, "/api").status;
    gate.leave(status == 200);
    status
}

#[test]
fn the_cap_refuses_without_costing_quota() {
    let mut gate = Gate::new(Config { concurrency: 1, ..config(Algorithm::Sliding, 2, 100) });
    assert_eq!(gate.arrive(Duration::ZERO, "/api").status, 200);
    let refused = gate.arrive(MS, "/api");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.retry_after, Some(Duration::from_secs(1)));
    assert_eq!(refused.quota.map(|quota| quota.remaining), Some(1));
    assert_eq!(gate.stats().peak_offered, 2);
    gate.leave(false);
    gate.leave(true);

    // The 503 took no quota: one more gets in, and the next is over the rate limit.
    assert_eq!(visit(&mut gate, 2 * MS), 200);
    let refused = gate.arrive(3 * MS, "/api");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.retry_after, Some(97 * MS));
    // The 429 takes no room.
    assert_eq!(gate.arrive(100 * MS, "/api").status, 200);
    assert_eq!(gate.stats().peak_concurrency, 1);
    assert_eq!(gate.stats().in_flight, 1);
}

#[test]
fn new_limits_count_what_was_accepted_before() {
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Bucket] {
        let mut gate = Gate::new(config(Algorithm::None, 1, 1));
        for _ in 0..3 {
            assert_eq!(visit(&mut gate, 10 * MS), 200);
        }
        gate.configure(config(algorithm, 4, 100));
        let statuses = [10 * MS, 10 * MS].map(|at| visit(&mut gate, at));
        assert_eq!(statuses, [200, 429], "{algorithm:?}");
    }
    let mut gate = Gate::new(config(Algorithm::None, 1, 1));
    assert_eq!(visit(&mut gate, 10 * MS), 200);
    gate.configure(config(Algorithm::Spacing, 2, 100));
    assert_eq!(visit(&mut gate, 60 * MS - NS), 429);
    assert_eq!(visit(&mut gate, 60 * MS), 200);
}

#[test]
fn the_same_rate_goes_on_and_a_longer_period_looks_further_back() {
    let mut gate = Gate::new(config(Algorithm::Sliding, 2, 10));
    assert_eq!(visit(&mut gate, Duration::ZERO), 200);
    assert_eq!(visit(&mut gate, 20 * MS), 200);
    gate.configure(Config { seed: 5, ..config(Algorithm::Sliding, 2, 10) });
    assert_eq!(visit(&mut gate, 21 * MS), 200);
    assert_eq!(visit(&mut gate, 21 * MS), 429);
    // Long forgotten by the old limiter, but the log still has the first one.
    gate.configure(config(Algorithm::Sliding, 4, 100));
    assert_eq!(visit(&mut gate, 22 * MS), 200);
    assert_eq!(visit(&mut gate, 22 * MS), 429);
    assert_eq!(visit(&mut gate, 100 * MS), 200);
}

#[test]
fn the_statistics_of_a_small_run() {
    let mut gate = Gate::new(config(Algorithm::Sliding, 2, 100));
    assert_eq!(gate.stats(), Stats::default());
    for at in [0, 0, 0, 50, 100, 199, 200] {
        visit(&mut gate, at * MS);
    }
    // Accepted: 0, 0, 100, 199, for at 200 the window (100, 200] holds 199 alone: 200 as well.
    let stats = gate.stats();
    assert_eq!(stats.statuses, [(200, 5), (429, 2)].into());
    assert_eq!((stats.arrivals, stats.accepted), (7, 5));
    assert_eq!((stats.worst_window, stats.worst_window_accepted), (4, 2));
    assert_eq!((stats.in_flight, stats.peak_concurrency), (0, 1));
    assert_eq!(stats.elapsed_ms, 200.0);
    // Five of two in each of (200 + 100) / 100 periods.
    assert_eq!(stats.quota_used, Some(5.0 / 6.0));

    // The windows follow the period.
    gate.configure(config(Algorithm::Sliding, 2, 101));
    assert_eq!(gate.stats().worst_window, 5);
    gate.configure(config(Algorithm::None, 2, 1));
    assert_eq!(gate.stats().worst_window_accepted, 2);
    assert_eq!(gate.stats().quota_used, None);
}

#[test]
fn a_full_sliding_quota_is_all_used() {
    let mut gate = Gate::new(config(Algorithm::Sliding, 10, 100));
    for at in 0..=500 {
        for _ in 0..12 {
            visit(&mut gate, at * MS);
        }
    }
    assert_eq!(gate.stats().quota_used, Some(1.0));
    assert_eq!(gate.stats().worst_window_accepted, 10);
    assert_eq!(gate.stats().worst_window, 1200);
}

#[test]
fn a_reset_forgets_all_but_limits_and_those_inside() {
    let mut gate = Gate::new(Config { concurrency: 2, ..config(Algorithm::Sliding, 2, 100) });
    gate.arrive(Duration::ZERO, "/api");
    gate.arrive(Duration::ZERO, "/api");
    gate.reset();
    let expected = Stats { in_flight: 2, peak_concurrency: 2, peak_offered: 2, ..Stats::default() };
    assert_eq!(gate.stats(), expected);
    assert_eq!(gate.log(0), []);
    assert_eq!(gate.arrive(Duration::ZERO, "/api").status, 503);
    gate.leave(false);
    gate.leave(true);
    let verdict = gate.arrive(Duration::ZERO, "/api");
    assert_eq!((verdict.number, verdict.status), (2, 200));
    assert_eq!(gate.config().capacity, 2);
}

#[test]
fn the_log_tells_every_arrival_and_starts_where_asked() {
    let mut gate = Gate::new(config(Algorithm::Spacing, 1, 100));
    for at in [5, 6, 105] {
        gate.arrive(at * MS, "/api/x");
    }
    let seen: Vec<_> = gate.log(1).into_iter().map(|one| (one.number, one.at, one.status)).collect();
    assert_eq!(seen, [(2, 6 * MS, 429), (3, 105 * MS, 200)]);
    let in_flight: Vec<_> = gate.log(0).iter().map(|one| one.in_flight).collect();
    assert_eq!(in_flight, [1, 1, 2]);
    assert_eq!(gate.log(0)[0].path, "/api/x");
    assert_eq!(gate.log(3), []);
    assert_eq!(gate.log(u64::MAX), []);
}

#[test]
fn the_log_is_bounded_and_the_statistics_are_not() {
    let mut gate = Gate::new(config(Algorithm::None, 1, 1));
    let extra = 10;
    for at in 0..LOG_LIMIT + extra {
        visit(&mut gate, Duration::from_millis(at as u64));
    }
    let log = gate.log(0);
    assert_eq!(log.len(), LOG_LIMIT);
    assert_eq!(log[0].number, extra as u64 + 1);
    assert_eq!(gate.stats().arrivals, (LOG_LIMIT + extra) as u64);
}

#[test]
fn while_it_refuses_nobody_gets_in_and_all_are_told_for_how_long() {
    let mut gate = Gate::new(config(Algorithm::Sliding, 2, 100));
    assert_eq!(visit(&mut gate, MS), 200);
    gate.refuse_until(2_000 * MS, false);
    let refused = gate.arrive(500 * MS, "/api");
    assert_eq!((refused.status, refused.retry_after), (429, Some(1_500 * MS)));
    assert_eq!(refused.quota.map(|quota| quota.remaining), Some(2), "it costs no quota");
    gate.leave(false);
    assert_eq!(visit(&mut gate, 2_000 * MS - NS), 429);
    assert_eq!(visit(&mut gate, 2_000 * MS), 200);
}
