//! A throttle belongs to no runtime: where it is made, waited on and released does not matter.

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tollgate_core::Rate;
use tollgate_native::{Throttle, TokioTimer};

/// Far more than anything here should take, so that only a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn one_per(period: Duration) -> Throttle {
    Throttle::builder().rate(Rate::new(1.0, period)).build().unwrap()
}

/// Runs `job` on a thread of its own and fails if it does not come to an end.
fn in_time<R: Send + 'static>(job: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(job()));
    result.recv_timeout(PATIENCE).expect("it came to an end")
}

#[test]
fn a_throttle_made_before_any_runtime_works_in_one() {
    let throttle = one_per(Duration::from_millis(30));
    drop(throttle.try_acquire().unwrap());
    for runtime in [current_thread(), multi_thread()] {
        let throttle = throttle.clone();
        in_time(move || runtime.block_on(async move { drop(throttle.acquire().await.unwrap()) }));
    }
}

#[test]
fn a_permit_dropped_on_a_plain_thread_lets_the_next_in_and_sets_the_alarm() {
    for runtime in [current_thread(), multi_thread()] {
        let throttle = Throttle::builder()
            .rate(Rate::new(1.0, Duration::from_millis(50)))
            .concurrency(1)
            .build()
            .unwrap();
        let permit = throttle.try_acquire_owned().unwrap();
        let waiting = throttle.clone();
        let waits = runtime.spawn(async move { waiting.acquire().await.is_ok() });
        let dropper = thread::spawn({
            let throttle = throttle.clone();
            move || {
                // The waiter queues for the slot; once it has that, it has to wait for the rate.
                while throttle.waiting() == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
                drop(permit);
            }
        });
        assert!(in_time(move || runtime.block_on(waits).unwrap()));
        dropper.join().unwrap();
    }
}

#[test]
fn it_works_without_any_runtime() {
    let throttle = one_per(Duration::from_millis(20));
    in_time(move || {
        futures::executor::block_on(async {
            for _ in 0..3 {
                drop(throttle.acquire().await.unwrap());
            }
        });
    });
}

#[test]
fn when_a_runtime_stops_those_who_wait_in_another_go_on() {
    for first in [current_thread(), multi_thread()] {
        let throttle = one_per(Duration::from_millis(400));
        drop(throttle.try_acquire().unwrap());
        // The alarm is set from within the first runtime, for a task that will die with it.
        let waiting = throttle.clone();
        first.spawn(async move { waiting.acquire().await.map(drop) });
        first.block_on(async {
            while throttle.waiting() == 0 {
                tokio::task::yield_now().await;
            }
        });
        let second = multi_thread();
        let waiting = throttle.clone();
        let waits = second.spawn(async move { waiting.acquire().await.is_ok() });
        while throttle.waiting() < 2 {
            thread::yield_now();
        }
        drop(first);
        assert!(in_time(move || second.block_on(waits).unwrap()));
    }
}

#[test]
fn a_runtime_that_nobody_runs_does_not_hold_up_the_others() {
    let throttle = one_per(Duration::from_millis(100));
    drop(throttle.try_acquire().unwrap());
    // Polled once, and then its runtime is left alone, alive.
    let idle = current_thread();
    let mut first = Box::pin(throttle.acquire());
    idle.block_on(async { assert!(futures::poll!(first.as_mut()).is_pending()) });
    let second = multi_thread();
    let waiting = throttle.clone();
    let waits = second.spawn(async move { waiting.acquire().await.is_ok() });
    assert!(in_time(move || second.block_on(waits).unwrap()));
    drop((first, idle));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_has_spent_its_budget_still_sets_the_alarm_and_keeps_its_place() {
    let throttle = one_per(Duration::from_millis(20));
    drop(throttle.try_acquire().unwrap());
    // Spends this task's whole cooperative budget without a yield.
    let budget = tokio::sync::Semaphore::new(1);
    while futures::poll!(Box::pin(budget.acquire())).is_ready() {}
    let start = tokio::time::Instant::now();
    let mut first = Box::pin(throttle.acquire());
    let mut second = Box::pin(throttle.acquire());
    assert!(futures::poll!(first.as_mut()).is_pending());
    assert!(futures::poll!(second.as_mut()).is_pending());
    assert_eq!(throttle.waiting(), 2);
    drop(first.await.unwrap());
    drop(second.await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(40));
}

#[tokio::test(start_paused = true)]
async fn on_paused_time_it_is_exact_to_the_millisecond() {
    let throttle = Throttle::builder().rate(Rate::per_second(10.0).smooth()).build().unwrap();
    let start = tokio::time::Instant::now();
    for n in 0..50 {
        drop(throttle.acquire().await.unwrap());
        assert_eq!(start.elapsed(), Duration::from_millis(100) * n);
    }
}

#[tokio::test(start_paused = true)]
async fn the_helper_leaves_a_paused_clock_alone() {
    let throttle = one_per(Duration::from_secs(3_600));
    drop(throttle.acquire().await.unwrap());
    let short = one_per(Duration::from_millis(10));
    drop(short.acquire().await.unwrap());
    let mut waits = Box::pin(short.acquire());
    assert!(futures::poll!(waits.as_mut()).is_pending());
    // Real time passes, well past the alarm and the helper's patience; virtual time does not.
    thread::sleep(Duration::from_millis(200));
    assert!(futures::poll!(waits.as_mut()).is_pending());
    let start = tokio::time::Instant::now();
    drop(waits.await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_millis(10));
    drop(throttle.acquire().await.unwrap());
    assert_eq!(start.elapsed(), Duration::from_secs(3_600));
}

#[test]
fn a_timer_can_be_shared() {
    let timer = TokioTimer::new();
    let make = || {
        let rate = Rate::new(1.0, Duration::from_millis(10));
        tollgate_core::Throttle::builder_on(timer.clone()).rate(rate).build().unwrap()
    };
    let (a, b) = (make(), make());
    in_time(move || {
        multi_thread().block_on(async {
            for _ in 0..5 {
                drop((a.acquire().await.unwrap(), b.acquire().await.unwrap()));
            }
        });
    });
}

/// A new runtime gets through the throttle a few times.
fn is_alive(throttle: &Throttle) -> bool {
    let throttle = throttle.clone();
    in_time(move || {
        multi_thread().block_on(async {
            for _ in 0..3 {
                drop(throttle.acquire().await.unwrap());
            }
        });
        true
    })
}

#[test]
fn a_blocking_task_that_outlives_its_runtime_can_drop_its_permit() {
    let throttle = Throttle::builder()
        .concurrency(1)
        .rate(Rate::new(1.0, Duration::from_millis(300)).bucket(1.0))
        .build()
        .unwrap();
    let runtime = multi_thread();
    let permit = throttle.try_acquire_owned().unwrap();
    let (dropped, is_dropped) = mpsc::channel();
    runtime.spawn_blocking(move || {
        thread::sleep(Duration::from_millis(100));
        drop(permit);
        dropped.send(()).unwrap();
    });
    let waiting = throttle.clone();
    let elsewhere = multi_thread();
    let waits = elsewhere.spawn(async move { waiting.acquire().await.is_ok() });
    runtime.shutdown_background();
    is_dropped.recv_timeout(PATIENCE).expect("dropping the permit does not panic");
    assert!(in_time(move || elsewhere.block_on(waits).unwrap()));
    assert!(is_alive(&throttle));
}

#[test]
fn dropping_an_idle_runtime_at_any_time_leaves_the_throttle_alive() {
    for idle in [100, 207, 300] {
        let throttle = one_per(Duration::from_millis(200));
        drop(throttle.try_acquire().unwrap());
        let runtime = current_thread();
        let mut line: Vec<_> = (0..5).map(|_| throttle.acquire_owned()).collect();
        runtime.block_on(async {
            for waiter in &mut line {
                assert!(futures::poll!(waiter).is_pending());
            }
        });
        thread::sleep(Duration::from_millis(idle));
        drop(runtime);
        drop(line);
        assert!(is_alive(&throttle));
    }
}

#[test]
fn a_runtime_without_timers_can_wait_as_well() {
    let throttle = one_per(Duration::from_millis(20));
    let bare = Builder::new_current_thread().build().unwrap();
    let waiting = throttle.clone();
    in_time(move || {
        bare.block_on(async {
            for _ in 0..3 {
                drop(waiting.acquire().await.unwrap());
            }
        });
    });
    assert!(is_alive(&throttle));
}

#[test]
fn a_waker_that_panics_on_the_helper_thread_takes_nobody_with_it() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: std::sync::Arc<Self>) {
            panic!("as planned");
        }
    }
    let throttle = one_per(Duration::from_millis(20));
    drop(throttle.try_acquire().unwrap());
    let mut waits = Box::pin(throttle.acquire());
    let waker = std::task::Waker::from(std::sync::Arc::new(Panics));
    let _ = waits.as_mut().poll(&mut std::task::Context::from_waker(&waker));
    while throttle.waiting() > 0 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(waits);
    let other = one_per(Duration::from_millis(20));
    in_time(move || {
        futures::executor::block_on(async {
            for _ in 0..3 {
                drop(other.acquire().await.unwrap());
            }
        });
    });
    assert!(is_alive(&throttle));
}
