//! What a throttle costs: a call that goes at once, beside reading the clock; and a crowd that waits.
//!
//! `cargo xtask bench throttle` measures and prints the ratios. Compare within one run only.
//!
//! - *clock*: reading it, by the standard library and by the throttle's timer.
//! - *throttle*: `acquire().await` and drop when nothing is in the way, with concurrency and one rate. The
//!   window remembers admissions of one period, so it is shown with a log of about a hundred (*short log*) and
//!   with one that is full and groups them (the others).
//! - *crowd*: 100,000 tasks wait for 1,000,000 per second; the processor's time for each, its task included.
//!   Below it what such a crowd costs in any case: tasks that yield once, and tasks that wait for tokio's
//!   semaphore, which a timer feeds.
//! - *crowd in one task*: the same waiters as futures of a single task, which leaves the throttle's own part.

mod common {
    pub(crate) mod awaited;
    pub(crate) mod cpu_time;
    pub(crate) mod settings;
    pub(crate) mod tasks;
}

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use common::cpu_time::CpuTime;
use common::{awaited, settings, tasks};
use cpu_time::ProcessTime;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use futures::FutureExt;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tollgate::time::Timer;
use tollgate::{Rate, Throttle, TokioTimer};

const CONCURRENCY: usize = 10;
const WAITERS: u32 = 100_000;
const MILLI: Duration = Duration::from_millis(1);

fn main() {
    let mut by_clock = settings::criterion(WallTime);
    clock(&mut by_clock);
    uncontended(&mut by_clock);
    by_clock.final_summary();
    let mut by_cpu = settings::criterion(CpuTime);
    crowd(&mut by_cpu);
    by_cpu.final_summary();
}

fn clock(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clock");
    group.bench_function("std", |b| b.iter(Instant::now));
    let timer = TokioTimer::new();
    group.bench_function("TokioTimer", |b| b.iter(|| timer.now()));
    group.finish();
}

fn uncontended(criterion: &mut Criterion) {
    /// What a throttle of 1,000,000 lets in at once, less what warms it up.
    const MOST: u64 = 900_000;
    let fast = Rate::per_second(1e9);
    let million = Rate::per_second(1e6);
    let short_log = Rate::new(1_000.0, Duration::from_micros(10));
    let rows = [
        ("concurrency alone", None, u64::MAX),
        ("window, 1e9 per s", Some(fast), u64::MAX),
        ("window, 1e6 per s", Some(million), MOST),
        ("window, short log", Some(short_log), u64::MAX),
        ("window, until answered", Some(fast.until_answered()), u64::MAX),
        ("bucket, 1e9 per s", Some(fast.bucket(1e3)), u64::MAX),
        ("bucket, 1e6 per s", Some(million.bucket(1e6)), MOST),
        ("smooth, 1e9 per s", Some(fast.smooth()), u64::MAX),
    ];
    let mut group = criterion.benchmark_group("throttle");
    for (name, rate, most) in rows {
        group.bench_function(name, |b| b.iter_custom(|times| time_uncontended(times, rate, most)));
    }
    group.finish();
}

/// The time of so many acquires on throttles that each serve at most so many, and are warm.
fn time_uncontended(times: u64, rate: Option<Rate>, most: u64) -> Duration {
    /// Fills the window's log, so that its memory is there and neighbours are grouped.
    const WARM: u64 = 10_000;
    let mut time = Duration::ZERO;
    let mut left = times;
    while left > 0 {
        let builder = Throttle::builder().concurrency(CONCURRENCY);
        let builder = rate.into_iter().fold(builder, |builder, rate| builder.rate(rate));
        let throttle = builder.build().expect("valid rates");
        let now = left.min(most);
        awaited::time(WARM, || throttle.acquire());
        time += awaited::time(now, || throttle.acquire());
        left -= now;
    }
    time
}

fn crowd(criterion: &mut Criterion<CpuTime>) {
    let runtime = tasks::one_thread();
    // A thousand per millisecond: a window of one second would let the whole crowd in at once.
    let rates = [
        ("smooth, 1e6 per s", Rate::per_second(1e6).smooth()),
        ("window, 1e3 per ms", Rate::new(1e3, MILLI)),
        ("bucket, 1e6 per s", Rate::per_second(1e6).bucket(1e3)),
    ];

    let mut group = criterion.benchmark_group("crowd");
    for (name, rate) in rates {
        waiters(&mut group, name, || {
            let throttle = shut(rate);
            let throttle_of_all = throttle.clone();
            let task = move || {
                let throttle = throttle_of_all.clone();
                async move { drop(throttle.acquire().await.expect("nobody closes it")) }
            };
            tasks::run(&runtime, WAITERS, task, async move {
                yield_now().await;
                open(&throttle);
            });
        });
    }
    waiters(&mut group, "tokio's semaphore, fed", || {
        let gate = Arc::new(Semaphore::new(0));
        let gate_of_all = gate.clone();
        let task = move || {
            let gate = gate_of_all.clone();
            async move { gate.acquire().await.expect("nobody closes it").forget() }
        };
        tasks::run(&runtime, WAITERS, task, async move {
            yield_now().await;
            feed(&gate).await;
        });
    });
    waiters(&mut group, "yield only", || tasks::run(&runtime, WAITERS, yield_now, yield_now()));
    group.finish();

    let mut group = criterion.benchmark_group("crowd in one task");
    for (name, rate) in rates {
        waiters(&mut group, name, || runtime.block_on(in_one_task(&shut(rate))));
    }
    group.finish();
}

/// Measures the processor's time for each of `WAITERS` that are in `crowd`.
fn waiters(group: &mut BenchmarkGroup<'_, CpuTime>, name: &str, crowd: impl Fn()) {
    // One crowd takes a tenth of a second and more, most of it asleep.
    group.sample_size(10).sampling_mode(SamplingMode::Flat).measurement_time(Duration::from_secs(3));
    let crowds = |times| -> Duration {
        let start = ProcessTime::now();
        (0..times).for_each(|_| crowd());
        start.elapsed() / WAITERS
    };
    group.bench_function(name, |b| b.iter_custom(crowds));
}

/// A throttle that lets nobody in yet, so that all of the crowd wait, however long they take to come.
fn shut(rate: Rate) -> Throttle {
    let throttle = Throttle::builder().rate(rate).build().expect("valid rates");
    throttle.pause(Duration::MAX);
    throttle
}

fn open(throttle: &Throttle) {
    assert_eq!(throttle.waiting(), WAITERS as usize);
    throttle.resume();
}

/// Everybody takes a place in line, then they are waited for in that order.
async fn in_one_task(throttle: &Throttle) {
    let mut waiting: Vec<_> = (0..WAITERS).map(|_| throttle.acquire()).collect();
    poll_fn(|cx| {
        waiting.retain_mut(|acquire| acquire.poll_unpin(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    open(throttle);
    for acquire in waiting {
        drop(acquire.await.expect("nobody closes it"));
    }
}

/// Lets in a thousand per millisecond until all are in.
async fn feed(gate: &Semaphore) {
    let mut ticks = tokio::time::interval(MILLI);
    for _ in 0..WAITERS / 1_000 {
        ticks.tick().await;
        gate.add_permits(1_000);
    }
}
