//! What waiting on time is like: how late a call goes on, and what a crowd that waits costs meanwhile.
//!
//! `cargo xtask bench waiting`, on real time.
//!
//! - *Wake-up lateness*: one caller at a rate that its limiter has to make wait for each call; how long after it was
//!   due each goes on. *sleep_until* is tokio's own timer, whose ticks are a millisecond: nobody on it is earlier.
//! - *CPU while 10,000 wait*: the processor's time per second, of all threads, once all have come. Paused, or at ten
//!   per second; *tokio's semaphore* has no permits.

mod common {
    pub(crate) mod figures;
}

use std::future::Future;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::figures::{Place, is_quick, is_test};
use cpu_time::ProcessTime;
use governor::clock::Clock;
use governor::{Quota, RateLimiter};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tollgate::{Check, Rate, Throttle};

/// Not a whole number of milliseconds: with those, all of them could be in step with the timer.
const SPACING: Duration = Duration::from_micros(7_300);
const WAITERS: usize = 10_000;

fn main() {
    if is_test() {
        return;
    }
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("a runtime");
    lateness(&runtime, if is_quick() { 100 } else { 1_000 });
    crowd(&runtime, Duration::from_secs(if is_quick() { 1 } else { 4 }));
}

fn lateness(runtime: &Runtime, calls: usize) {
    // The same number of times, one after the other.
    let tell = |who: &str, mut late: Vec<Duration>| {
        late.sort();
        for (row, part) in [("p50", 0.50), ("p99", 0.99)] {
            let at = ((late.len() - 1) as f64 * part).round() as usize;
            let micros = late[at].as_secs_f64() * 1e6;
            Place { table: "Wake-up lateness", row, who }.tell(micros, "µs");
        }
    };
    tell("tollgate", runtime.block_on(async { late_by_throttle(calls).await }));
    tell("governor", runtime.block_on(async { late_by_governor(calls).await }));
    tell("tokio's sleep_until", runtime.block_on(async { late_by_tokio(calls).await }));
}

async fn late_by_throttle(calls: usize) -> Vec<Duration> {
    let rate = Rate::new(1.0, SPACING);
    let throttle = Throttle::builder().rate(rate).build().expect("a valid rate");
    let mut late = vec![];
    drop(throttle.acquire().await.expect("nobody closes it"));
    while late.len() < calls {
        let now = Instant::now();
        let check = throttle.check(1.0);
        drop(throttle.acquire().await.expect("nobody closes it"));
        // Not if it was ready by then: it did not have to wait.
        if let Check::Wait { at_least, .. } = check {
            late.push((now + at_least).elapsed());
        }
    }
    late
}

async fn late_by_governor(calls: usize) -> Vec<Duration> {
    let limiter = RateLimiter::direct(Quota::with_period(SPACING).expect("some time"));
    let mut late = vec![];
    limiter.until_ready().await;
    while late.len() < calls {
        let now = Instant::now();
        // If it was ready by then, this has let one in, that did not have to wait.
        let Err(not_until) = limiter.check() else { continue };
        let due = now + not_until.wait_time_from(limiter.clock().now());
        limiter.until_ready().await;
        late.push(due.elapsed());
    }
    late
}

async fn late_by_tokio(calls: usize) -> Vec<Duration> {
    let mut late = vec![];
    while late.len() < calls {
        let due = Instant::now() + SPACING;
        tokio::time::sleep_until(due.into()).await;
        late.push(due.elapsed());
    }
    late
}

fn crowd(runtime: &Runtime, time: Duration) {
    let ten = NonZeroU32::new(10).expect("it is not zero");
    let slow = || Throttle::builder().rate(Rate::per_second(10.0)).build().expect("a valid rate");

    let throttle = slow();
    throttle.pause(Duration::MAX);
    idle(runtime, time, ("paused", "tollgate"), move || {
        let throttle = throttle.clone();
        async move { drop(throttle.acquire().await) }
    });
    let gate = Arc::new(Semaphore::new(0));
    idle(runtime, time, ("paused", "tokio's semaphore"), move || {
        let gate = gate.clone();
        async move { drop(gate.acquire().await) }
    });
    let throttle = slow();
    idle(runtime, time, ("10/s", "tollgate"), move || {
        let throttle = throttle.clone();
        async move { drop(throttle.acquire().await) }
    });
    let limiter = Arc::new(RateLimiter::direct(Quota::per_second(ten)));
    idle(runtime, time, ("10/s", "governor"), move || {
        let limiter = limiter.clone();
        async move { limiter.until_ready().await }
    });
    let tenth = Duration::from_millis(100);
    let limiter = leaky_bucket::RateLimiter::builder().max(10).initial(10).refill(1).interval(tenth).build();
    let limiter = Arc::new(limiter);
    idle(runtime, time, ("10/s", "leaky-bucket"), move || {
        let limiter = limiter.clone();
        async move { limiter.acquire_one().await }
    });
}

/// What the processor does for a crowd that waits, after it has come.
fn idle<F>(runtime: &Runtime, time: Duration, (row, who): (&str, &str), wait: impl Fn() -> F + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let spent = runtime.block_on(async move {
        let mut crowd = JoinSet::new();
        (0..WAITERS).for_each(|_| drop(crowd.spawn(wait())));
        // Some of those at ten per second are let in right away.
        sleep(Duration::from_millis(1_500)).await;
        let before = ProcessTime::now();
        sleep(time).await;
        let spent = before.elapsed();
        crowd.shutdown().await;
        spent
    });
    let per_second = spent.as_secs_f64() * 1e3 / time.as_secs_f64();
    Place { table: "CPU while 10,000 wait", row, who }.tell(per_second, "ms/s");
}
