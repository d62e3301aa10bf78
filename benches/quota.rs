//! Never over, never idle, on real time: how much of its quota a limiter uses, and whether it keeps its limit in
//! every window.
//!
//! `cargo xtask bench quota` runs each setting for some seconds on tokio, ours beside peers, with callers that always
//! want more. Exit code 1 if ours broke a limit.
//!
//! Share: the time that the rate would have had so many admissions take, over the time that they took.
//! Worst window: the most admissions in any half-open window of one period, wherever it starts.
//!
//! Slow rates run all at the same time, because then the machine is all but idle; fast ones one after the other.

mod common {
    pub(crate) mod figures;
    pub(crate) mod limiters;
}

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::figures::{Place, is_quick, is_test};
use common::limiters::{CONTESTANTS, Contestant, Enter, Shape};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const SECOND: Duration = Duration::from_secs(1);

/// So many per period, by so many callers.
#[derive(Clone, Copy)]
struct Setting {
    name: &'static str,
    n: u32,
    period: Duration,
    callers: usize,
}

const fn setting(name: &'static str, n: u32, period: Duration, callers: usize) -> Setting {
    Setting { name, n, period, callers }
}

/// Few callers, or those of peers that all sleep and try again would keep the machine from being idle.
const SLOW: [Setting; 3] = [
    setting("10/s", 10, SECOND, 20),
    setting("100/s", 100, SECOND, 20),
    setting("50/250 ms", 50, Duration::from_millis(250), 20),
];

const FAST: [Setting; 2] = [setting("1,000/s", 1_000, SECOND, 200), setting("10,000/s", 10_000, SECOND, 200)];

fn main() {
    if is_test() {
        return;
    }
    let (slow, fast) = if is_quick() { (3, 1) } else { (8, 3) };
    let mut is_over = false;
    for (table, runtime) in [("Quota, two threads", two_threads()), ("Quota, one thread", one_thread())] {
        is_over |= runtime.block_on(all_at_once(table, Duration::from_secs(slow)));
        for setting in FAST {
            for contestant in contestants() {
                // A period and some more, so that there are windows that span two.
                let time = Duration::from_secs(fast) + setting.period / 2;
                let log =
                    runtime.block_on(greedy((contestant.make)(setting.n, setting.period), setting, time));
                is_over |= tell(table, contestant, setting, &log);
            }
        }
    }
    if is_over {
        std::process::exit(1);
    }
}

/// All, or those whose names have the argument in them.
fn contestants() -> impl Iterator<Item = &'static Contestant> {
    let wanted = std::env::args().skip(1).find(|arg| !arg.starts_with("--")).unwrap_or_default();
    CONTESTANTS.iter().filter(move |contestant| contestant.name.contains(&wanted))
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn two_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

/// All contestants at the slow rates; whether ours was over.
async fn all_at_once(table: &str, time: Duration) -> bool {
    let all = SLOW.iter().flat_map(|&setting| contestants().map(move |contestant| (setting, contestant)));
    let runs: Vec<_> = all
        .map(|(setting, contestant)| {
            let enter = (contestant.make)(setting.n, setting.period);
            (setting, contestant, tokio::spawn(greedy(enter, setting, time)))
        })
        .collect();
    let mut is_over = false;
    for (setting, contestant, run) in runs {
        let log = run.await.expect("callers do not panic");
        is_over |= tell(table, contestant, setting, &log);
    }
    is_over
}

/// Callers that come back as soon as they have been let in; returns when each was.
async fn greedy(enter: Enter, setting: Setting, time: Duration) -> Vec<Duration> {
    let log = Arc::new(Mutex::new(Vec::new()));
    let mut callers = JoinSet::new();
    for _ in 0..setting.callers {
        let (enter, log) = (enter.clone(), log.clone());
        callers.spawn(async move {
            loop {
                let at = enter().await;
                log.lock().expect("nobody panicked").push(at);
                // Peers that let one in need not yield.
                tokio::task::coop::consume_budget().await;
            }
        });
    }
    tokio::time::sleep(time).await;
    callers.shutdown().await;
    let mut log = log.lock().expect("nobody panicked").split_off(0);
    log.sort();
    log
}

/// Prints and hands over one run; whether it was ours and over.
fn tell(table: &str, contestant: &Contestant, setting: Setting, log: &[Duration]) -> bool {
    let worst = worst_window(log, setting.period);
    let limit = contestant.shape.most(setting.n) as usize;
    let place = Place { table, row: setting.name, who: contestant.name };
    place.tell_quota(share(log, contestant.shape, setting), worst, limit);
    worst > limit && contestant.name.starts_with("tollgate")
}

fn share(log: &[Duration], shape: Shape, setting: Setting) -> f64 {
    let (Some(first), Some(last)) = (log.first(), log.last()) else { return 0.0 };
    let (n, count) = (f64::from(setting.n), log.len() as f64);
    let periods = match shape {
        Shape::InPeriods | Shape::InSteps => ((count - 1.0) / n).floor(),
        Shape::Evenly | Shape::Bursts => (count - f64::from(shape.at_once(setting.n))) / n,
    };
    periods * setting.period.as_secs_f64() / (*last - *first).as_secs_f64()
}

fn worst_window(log: &[Duration], period: Duration) -> usize {
    let mut start = 0;
    let mut worst = 0;
    for (index, &at) in log.iter().enumerate() {
        while at - log[start] >= period {
            start += 1;
        }
        worst = worst.max(index - start + 1);
    }
    worst
}
