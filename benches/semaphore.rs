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
    pub(crate) mod figures;
    pub(crate) mod peers;
    pub(crate) mod settings;
    pub(crate) mod tasks;
}

use std::sync::Arc;
use std::time::Instant;

use common::figures::{Place, is_quick, is_test};
use common::peers::Peer;
use common::{awaited, settings, tasks};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

const TASKS: u32 = 1_000;
const PERMITS: usize = 10;
/// How often each task acquires: so often that spawning it weighs little.
const ROUNDS: u32 = 50;
/// How often each has its turn, and what it does in one.
const TURNS: usize = 41;
const CONTESTS: u32 = 5;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn main() {
    let mut criterion = settings::criterion(WallTime);
    uncontended(&mut criterion);
    criterion.final_summary();
    if !is_test() {
        let filter = std::env::args().skip(1).find(|arg| !arg.starts_with("--"));
        contended(filter.as_deref());
    }
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

/// Each has its turn in each round, and the median of its rounds is told: whatever else the machine does meanwhile
/// is then shared by all of them, which one after the other by criterion is not.
fn contended(filter: Option<&str>) {
    fn contest<P: Peer>() -> Contest {
        let name = if P::UNFAIR { format!("{} (unfair)", P::NAME) } else { P::NAME.to_owned() };
        let peer = Arc::new(P::with_permits(PERMITS));
        let task = move || {
            let peer = peer.clone();
            async move {
                for _ in 0..ROUNDS {
                    let permit = peer.acquire().await;
                    yield_now().await;
                    drop(permit);
                }
            }
        };
        Contest { name, run: Box::new(move |runtime| tasks::run(runtime, TASKS, task.clone(), async {})) }
    }
    fn yield_only() -> Contest {
        let task = || async {
            for _ in 0..ROUNDS {
                yield_now().await;
            }
        };
        let run = Box::new(move |runtime: &Runtime| tasks::run(runtime, TASKS, task, async {}));
        Contest { name: "yield only (no gate)".to_owned(), run }
    }

    let two_threads = Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    let runtimes = [("contended, one thread", tasks::one_thread()), ("contended, two threads", two_threads)];
    for (row, runtime) in runtimes {
        if filter.is_some_and(|filter| !row.contains(filter)) {
            continue;
        }
        let contests = [
            contest::<tollgate::Semaphore>(),
            contest::<tokio::sync::Semaphore>(),
            contest::<async_lock::Semaphore>(),
            contest::<asyncband::semaphore::Semaphore>(),
            yield_only(),
        ];
        let mut nanos = [const { Vec::new() }; 5];
        for _ in 0..if is_quick() { 3 } else { TURNS } {
            for (contest, nanos) in contests.iter().zip(&mut nanos) {
                nanos.push(contest.turn(&runtime));
            }
        }
        for (contest, nanos) in contests.iter().zip(&mut nanos) {
            nanos.sort_by(f64::total_cmp);
            Place { table: "Semaphore", row, who: &contest.name }.tell(nanos[nanos.len() / 2], "ns");
        }
    }
}

/// `TASKS` tasks that acquire `ROUNDS` times each.
struct Contest {
    name: String,
    run: Box<dyn Fn(&Runtime)>,
}

impl Contest {
    /// Some contests; nanoseconds for each acquire.
    fn turn(&self, runtime: &Runtime) -> f64 {
        // Warm, after somebody else's turn.
        (self.run)(runtime);
        let start = Instant::now();
        (0..CONTESTS).for_each(|_| (self.run)(runtime));
        start.elapsed().as_nanos() as f64 / f64::from(CONTESTS * TASKS * ROUNDS)
    }
}
