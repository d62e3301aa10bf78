//! What a semaphore costs, beside its peers in one run.
//!
//! `cargo xtask bench semaphore` measures and prints the ratios. Compare within one run only.
//!
//! - *uncontended*: take a permit and give it back; nobody else is there. Also with owned permits, and
//!   without waiting (*try*).
//! - *contended*: 1000 tasks want 10 permits, and yield while they hold one; the time of each acquire, on one
//!   thread and on two. *yield only* is the floor: the same tasks without a semaphore.

mod common {
    pub(crate) mod awaited;
    pub(crate) mod peers;
    pub(crate) mod settings;
    pub(crate) mod tasks;
}

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::peers::Peer;
use common::{awaited, settings, tasks};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

const TASKS: u32 = 1_000;
const PERMITS: usize = 10;
/// How often each task acquires: so often that spawning it weighs little.
const ROUNDS: u32 = 50;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = settings::criterion(WallTime);
    uncontended(&mut criterion);
    contended(&mut criterion);
    criterion.final_summary();
}

/// Does the same with each semaphore.
macro_rules! each_peer {
    ($with:ident($($arg:expr),*)) => {
        $with::<tollgate::Semaphore>($($arg),*);
        $with::<tokio::sync::Semaphore>($($arg),*);
        $with::<async_lock::Semaphore>($($arg),*);
        $with::<asyncband::semaphore::Semaphore>($($arg),*);
    };
}

fn uncontended(criterion: &mut Criterion) {
    fn acquire<P: Peer>(group: &mut Group<'_>) {
        let peer = P::with_permits(PERMITS);
        group.bench_function(P::NAME, |b| b.iter_custom(|times| awaited::time(times, || peer.acquire())));
    }
    fn acquire_owned<P: Peer>(group: &mut Group<'_>) {
        let peer = Arc::new(P::with_permits(PERMITS));
        group.bench_function(P::NAME, |b| {
            b.iter_custom(|times| awaited::time(times, || peer.acquire_owned()))
        });
    }
    fn try_acquire<P: Peer>(group: &mut Group<'_>) {
        let peer = P::with_permits(PERMITS);
        // What the closure returns is dropped within the time.
        group.bench_function(P::NAME, |b| b.iter(|| peer.try_acquire()));
    }

    let mut group = criterion.benchmark_group("uncontended");
    each_peer!(acquire(&mut group));
    group.finish();
    let mut group = criterion.benchmark_group("uncontended owned");
    each_peer!(acquire_owned(&mut group));
    group.finish();
    let mut group = criterion.benchmark_group("uncontended try");
    each_peer!(try_acquire(&mut group));
    group.finish();
}

fn contended(criterion: &mut Criterion) {
    fn contest<P: Peer>(group: &mut Group<'_>, runtime: &Runtime) {
        let name = if P::UNFAIR { format!("{} (unfair)", P::NAME) } else { P::NAME.to_owned() };
        let peer = Arc::new(P::with_permits(PERMITS));
        rounds(group, runtime, &name, move || {
            let peer = peer.clone();
            async move {
                for _ in 0..ROUNDS {
                    let permit = peer.acquire().await;
                    yield_now().await;
                    drop(permit);
                }
            }
        });
    }

    let two_threads = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    for (name, runtime) in [("one thread", tasks::one_thread()), ("two threads", two_threads)] {
        let mut group = criterion.benchmark_group(format!("contended, {name}"));
        // One iteration takes milliseconds.
        group.sample_size(50).sampling_mode(SamplingMode::Flat);
        each_peer!(contest(&mut group, &runtime));
        rounds(&mut group, &runtime, "yield only", || async {
            for _ in 0..ROUNDS {
                yield_now().await;
            }
        });
        group.finish();
    }
}

/// Measures the time of each round of `TASKS` tasks.
fn rounds<F>(
    group: &mut Group<'_>,
    runtime: &Runtime,
    name: &str,
    task: impl Fn() -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let contests = |times| -> Duration {
        let start = Instant::now();
        for _ in 0..times {
            tasks::run(runtime, TASKS, task.clone(), async {});
        }
        start.elapsed() / (TASKS * ROUNDS)
    };
    group.bench_function(name, |b| b.iter_custom(contests));
}
