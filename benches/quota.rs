//! Never over, never idle, on real time: how much of its quota a throttle uses, and whether it keeps its
//! limit in every window.
//!
//! `cargo bench --bench quota` runs each setting for five seconds on tokio, with callers that always want
//! more, and prints the share of the quota used and the worst window seen. Exit code 1 if a limit was broken.
//!
//! Share: the time that the rate would have had so many admissions take, over the time that they took.
//! Worst window: the most admissions in any half-open window of one period, wherever it starts. The log is
//! of the times that the throttle decided on; when each caller got to run is the scheduler's business.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tollgate::time::Tick;
use tollgate::{Rate, Throttle};

const FOR: Duration = Duration::from_secs(5);
const CALLERS: usize = 200;

fn main() {
    // `cargo test --benches` only wants to know that it builds.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let second = Duration::from_secs(1);
    let quarter = Duration::from_millis(250);
    let settings = [
        ("window", Rate::new(100.0, second)),
        ("window", Rate::new(1_000.0, second)),
        ("smooth", Rate::new(1_000.0, second).smooth()),
        ("window", Rate::new(10_000.0, second)),
        ("window", Rate::new(50.0, quarter)),
        ("smooth", Rate::new(50.0, quarter).smooth()),
        ("smooth", Rate::new(100.0, second).smooth()),
        ("smooth", Rate::new(10_000.0, second).smooth()),
    ];
    println!(
        "{:<10} {:<8} {:<15} {:>9} {:>12} {:>13}",
        "runtime", "pacing", "rate", "admitted", "quota used", "worst window"
    );
    let mut broken = false;
    for (runtime_name, multi) in [("2 threads", true), ("1 thread", false)] {
        for (pacing, rate) in settings {
            let log = runtime(multi).block_on(greedy(rate));
            let (share, worst) = (share(&log, rate), worst_window(&log, rate.period()));
            let over = worst as f64 > rate.capacity();
            broken |= over;
            println!(
                "{runtime_name:<10} {pacing:<8} {:<15} {:>9} {:>10.2} % {worst:>13}{}",
                format!("{} / {:?}", rate.capacity(), rate.period()),
                log.len(),
                100.0 * share,
                if over { "  OVER" } else { "" },
            );
        }
    }
    if broken {
        std::process::exit(1);
    }
}

fn runtime(multi: bool) -> tokio::runtime::Runtime {
    let mut builder = if multi {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

/// Callers that come back as soon as they have been let in; returns when each was admitted.
async fn greedy(rate: Rate) -> Vec<Tick> {
    let throttle = Throttle::builder().rate(rate).build().expect("valid rates");
    let log = Arc::new(Mutex::new(Vec::new()));
    let end = Instant::now() + FOR;
    let call = || {
        let (throttle, log) = (throttle.clone(), log.clone());
        tokio::spawn(async move {
            while let Ok(permit) = throttle.acquire().await {
                log.lock().expect("nobody panicked").push(permit.admitted_at());
                drop(permit);
                if Instant::now() >= end {
                    throttle.close();
                }
            }
        })
    };
    let callers: Vec<_> = (0..CALLERS).map(|_| call()).collect();
    for caller in callers {
        caller.await.expect("callers do not panic");
    }
    let mut log = log.lock().expect("nobody panicked").split_off(0);
    log.sort();
    log
}

/// The time that `count` admissions take when the rate is used to the full.
fn least_time(count: usize, rate: Rate) -> f64 {
    let periods = (count - 1) as f64 / rate.capacity();
    let periods = if rate == rate.smooth() { periods } else { periods.floor() };
    periods * rate.period().as_secs_f64()
}

fn share(log: &[Tick], rate: Rate) -> f64 {
    let (Some(first), Some(last)) = (log.first(), log.last()) else { return 0.0 };
    least_time(log.len(), rate) / last.since(*first).as_secs_f64()
}

fn worst_window(log: &[Tick], period: Duration) -> usize {
    let mut start = 0;
    let mut worst = 0;
    for (index, at) in log.iter().enumerate() {
        while at.since(log[start]) >= period {
            start += 1;
        }
        worst = worst.max(index - start + 1);
    }
    worst
}
