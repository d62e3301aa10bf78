//! The timer alone.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tollgate_core::time::{Tick, Timer};
use tollgate_wasm::{JsSleep, JsTimer};
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now, sleep};

/// The longest time that `setTimeout` takes; more would be none at all.
const LONGEST_MS: u64 = i32::MAX as u64;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicU32);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Bell {
    fn rung(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    fn polls(self: &Arc<Self>, sleep: Pin<&mut JsSleep>) -> Poll<()> {
        sleep.poll(&mut Context::from_waker(&Waker::from(self.clone())))
    }
}

fn until(deadline: Tick) -> JsSleep {
    JsTimer::new().sleep_until(deadline)
}

#[wasm_bindgen_test]
async fn the_clock_goes_forward_as_real_time_does() {
    let _platform = Platform::watched();
    let start = now();
    let mut last = start;
    for _ in 0..10_000 {
        let next = now();
        assert!(next >= last, "{next:?} after {last:?}");
        last = next;
    }
    sleep(50).await;
    let took = now().since(start);
    assert!(took >= ms(40), "{took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[wasm_bindgen_test]
fn the_clock_is_the_one_of_javascript_and_never_ahead_of_it() {
    let _platform = Platform::watched();
    let script_now = || js_sys::eval("performance.now()").unwrap().as_f64().unwrap() * 1e6;
    for _ in 0..100 {
        let (before, tick, after) = (script_now(), now().as_nanos() as f64, script_now());
        assert!((before.floor()..=after).contains(&tick), "{before} {tick} {after}");
    }
}

#[wasm_bindgen_test]
async fn a_sleep_ends_at_its_deadline_on_real_time() {
    let _platform = Platform::watched();
    for millis in [1, 7, 60] {
        let start = now();
        let deadline = start + ms(millis);
        until(deadline).await;
        assert!(now() >= deadline, "{millis} ms");
        assert!(now().since(start) < Duration::from_secs(10), "{millis} ms");
    }
}

#[wasm_bindgen_test]
async fn a_sleep_is_not_ready_before_its_deadline() {
    let platform = Platform::by_hand();
    let bell = Arc::new(Bell::default());
    let mut sleep = pin!(until(now() + ms(50)));
    assert!(bell.polls(sleep.as_mut()).is_pending());
    platform.pass(49).await;
    assert_eq!(bell.rung(), 0);
    assert!(bell.polls(sleep.as_mut()).is_pending());
    platform.pass(1).await;
    assert_eq!(bell.rung(), 1);
    assert!(bell.polls(sleep.as_mut()).is_ready());
}

#[wasm_bindgen_test]
fn a_deadline_that_has_come_needs_no_alarm() {
    let platform = Platform::by_hand();
    let bell = Arc::new(Bell::default());
    for deadline in [Tick::ZERO, now()] {
        assert!(bell.polls(pin!(until(deadline))).is_ready());
    }
    assert_eq!(platform.counts().set, 0);
}

#[wasm_bindgen_test]
fn nothing_is_set_before_the_first_poll() {
    let platform = Platform::by_hand();
    drop(until(now() + ms(10)));
    assert_eq!(platform.counts().set, 0);
}

#[wasm_bindgen_test]
fn a_sleep_that_is_dropped_clears_its_alarm() {
    let platform = Platform::watched();
    let bell = Arc::new(Bell::default());
    let mut sleep = Box::pin(until(now() + Duration::from_secs(60)));
    assert!(bell.polls(sleep.as_mut()).is_pending());
    assert_eq!((platform.counts().armed, platform.counts().cleared), (1, 0));
    // Polled again, it has a new alarm instead of the old one.
    assert!(bell.polls(sleep.as_mut()).is_pending());
    assert_eq!((platform.counts().armed, platform.counts().cleared), (1, 1));
    drop(sleep);
    assert_eq!((platform.counts().armed, platform.counts().cleared), (0, 2));
}

#[wasm_bindgen_test]
async fn each_alarm_wakes_its_own_sleeper_also_after_others_went_away() {
    let platform = Platform::by_hand();
    let bells = [(); 4].map(|()| Arc::new(Bell::default()));
    let rung = || [0, 1, 2, 3].map(|place: usize| bells[place].rung());
    let set = |place: usize, millis| {
        let mut sleep = Box::pin(until(now() + ms(millis)));
        assert!(bells[place].polls(sleep.as_mut()).is_pending());
        sleep
    };
    let (first, second, third) = (set(0, 30), set(1, 10), set(2, 20));
    platform.pass(10).await;
    assert_eq!(rung(), [0, 1, 0, 0]);
    // The one that rang is dropped only when another has been set since.
    let fourth = set(3, 15);
    drop((second, third));
    assert_eq!(platform.armed(), 2);
    platform.pass(15).await;
    assert_eq!(rung(), [0, 1, 0, 1]);
    platform.pass(5).await;
    assert_eq!(rung(), [1, 1, 0, 1]);
    drop((first, fourth));
    assert_eq!((platform.armed(), platform.counts().cleared), (0, 1));
}

#[wasm_bindgen_test]
fn a_fraction_of_a_millisecond_is_rounded_up() {
    let platform = Platform::by_hand();
    let bell = Arc::new(Bell::default());
    for (nanos, millis) in
        [(1, 1.0), (999_999, 1.0), (1_000_000, 1.0), (1_000_001, 2.0), (10_200_000, 11.0), (11_000_000, 11.0)]
    {
        assert!(bell.polls(pin!(until(now() + Duration::from_nanos(nanos)))).is_pending());
        assert_eq!(platform.delay(), millis, "{nanos} ns");
    }
}

#[wasm_bindgen_test]
async fn a_deadline_beyond_what_the_platform_can_hold_does_not_ring_at_once() {
    let platform = Platform::watched();
    for days in [30, 300] {
        let bell = Arc::new(Bell::default());
        let mut far = pin!(until(now() + ms(days * DAY_MS)));
        assert!(bell.polls(far.as_mut()).is_pending());
        assert_eq!(platform.delay(), LONGEST_MS as f64, "{days} days");
        sleep(60).await;
        assert_eq!((platform.armed(), bell.rung()), (1, 0), "{days} days");
    }
    let bell = Arc::new(Bell::default());
    assert!(bell.polls(pin!(until(Tick::MAX))).is_pending());
    assert_eq!(platform.delay(), LONGEST_MS as f64);
}

#[wasm_bindgen_test]
async fn a_deadline_beyond_what_the_platform_can_hold_is_kept() {
    let platform = Platform::by_hand();
    let bell = Arc::new(Bell::default());
    let mut far = pin!(until(now() + ms(30 * DAY_MS)));
    assert!(bell.polls(far.as_mut()).is_pending());
    platform.pass(LONGEST_MS).await;
    assert_eq!(bell.rung(), 1, "early: as long as can be");
    let left = 30 * DAY_MS - LONGEST_MS;
    assert!(bell.polls(far.as_mut()).is_pending());
    assert_eq!(platform.delay(), left as f64);
    platform.pass(left - 1).await;
    assert_eq!(bell.rung(), 1);
    platform.pass(1).await;
    assert_eq!(bell.rung(), 2);
    assert!(bell.polls(far.as_mut()).is_ready());
}
