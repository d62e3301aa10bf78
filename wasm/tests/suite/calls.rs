//! What a caller can do, and what can be done to the callers: time-out, cancel, pause, close.

use std::future::Future;
use std::time::Duration;

use futures::poll;
use tollgate_core::{AdmitError, CostError, Rate, TryAdmitError};
use tollgate_wasm::Throttle;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now, turn};
use super::tasks::{Crowd, task};

fn one_per(period: Duration) -> Throttle {
    Throttle::builder().rate(Rate::new(1.0, period)).build().unwrap()
}

fn one_at_once() -> Throttle {
    Throttle::builder().concurrency(1).build().unwrap()
}

/// How a call that stops waiting after so many milliseconds fares.
fn limited(throttle: &Throttle, timeout: u64) -> impl Future<Output = Result<(), AdmitError>> + 'static {
    let call = throttle.acquire_owned().timeout(ms(timeout));
    async move { call.await.map(drop) }
}

#[wasm_bindgen_test]
async fn who_waits_too_long_is_told_so_and_gives_up_the_place() {
    let platform = Platform::by_hand();
    let throttle = one_per(ms(100));
    drop(throttle.try_acquire().unwrap());
    let (soon, late) = (task(limited(&throttle, 30)), task(limited(&throttle, 150)));
    turn().await;
    assert_eq!((throttle.waiting(), platform.armed()), (2, 1));
    platform.pass(29).await;
    assert_eq!(throttle.waiting(), 2);
    platform.pass(1).await;
    assert_eq!(throttle.waiting(), 1);
    assert_eq!(soon.await, Err(AdmitError::TimedOut));
    platform.pass(70).await;
    assert_eq!(late.await, Ok(()), "the place before was given up");
    assert_eq!(platform.armed(), 0);
}

#[wasm_bindgen_test]
async fn a_time_out_rings_on_real_time() {
    let platform = Platform::watched();
    let throttle = one_at_once();
    let _inside = throttle.try_acquire().unwrap();
    let start = now();
    assert_eq!(limited(&throttle, 40).await, Err(AdmitError::TimedOut));
    assert!(now().since(start) >= ms(40));
    assert_eq!((throttle.waiting(), platform.armed()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_waiting_call_that_is_dropped_hands_on_its_place() {
    let _platform = Platform::watched();
    let throttle = one_at_once();
    let inside = throttle.try_acquire().unwrap();
    let mut first = Box::pin(throttle.acquire());
    let second = task(limited(&throttle, 60_000));
    assert!(poll!(first.as_mut()).is_pending());
    turn().await;
    assert_eq!(throttle.waiting(), 2);
    // Granted, but its owner has not looked.
    drop(inside);
    assert_eq!(throttle.waiting(), 1);
    drop(first);
    assert_eq!(second.await, Ok(()));
    assert_eq!((throttle.waiting(), throttle.in_flight()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_task_that_is_thrown_away_gives_back_what_it_has() {
    let _platform = Platform::watched();
    let throttle = one_at_once();
    let forever = task({
        let throttle = throttle.clone();
        async move { throttle.run(std::future::pending::<()>()).await }
    });
    turn().await;
    assert_eq!(throttle.in_flight(), 1);
    let next = task(limited(&throttle, 60_000));
    drop(forever);
    assert_eq!(next.await, Ok(()));
}

#[wasm_bindgen_test]
async fn a_pause_holds_everybody_until_it_ends() {
    let platform = Platform::by_hand();
    let throttle = Throttle::builder().build().unwrap();
    let start = now();
    throttle.pause(ms(500));
    throttle.pause(ms(100));
    let crowd = Crowd::of(3, &throttle);
    platform.pass(499).await;
    assert!(throttle.is_paused());
    assert_eq!((crowd.log.len(), platform.armed()), (0, 1));
    platform.pass(1).await;
    assert_eq!(crowd.all().await, [start + ms(500); 3]);
    assert!(!throttle.is_paused());
}

#[wasm_bindgen_test]
async fn a_pause_can_be_ended() {
    let platform = Platform::watched();
    let throttle = Throttle::builder().build().unwrap();
    throttle.pause(Duration::from_secs(3_600));
    let crowd = Crowd::of(3, &throttle);
    turn().await;
    assert_eq!((crowd.log.len(), platform.armed()), (0, 1));
    throttle.resume();
    crowd.all().await;
    assert_eq!(platform.armed(), 0);
}

#[wasm_bindgen_test]
async fn closing_sends_everybody_away() {
    let _platform = Platform::watched();
    let throttle = one_at_once();
    let inside = throttle.try_acquire().unwrap();
    let waits = task(limited(&throttle, 60_000));
    turn().await;
    throttle.close();
    assert_eq!(waits.await, Err(AdmitError::Closed));
    assert_eq!(throttle.acquire().await.map(drop), Err(AdmitError::Closed));
    assert_eq!(throttle.try_acquire().map(drop), Err(TryAdmitError::Closed));
    drop(inside);
    assert_eq!(throttle.in_flight(), 0);
}

#[wasm_bindgen_test]
async fn a_cost_that_can_never_be_admitted_fails_at_once() {
    let _platform = Platform::watched();
    let throttle = one_per(ms(100));
    for (cost, is_known) in [
        (2.0, |error| matches!(error, CostError::TooHigh { .. })),
        (f64::NAN, |error| matches!(error, CostError::Invalid { .. })),
    ] as [(f64, fn(CostError) -> bool); 2]
    {
        let Err(AdmitError::Cost(error)) = throttle.acquire_cost(cost).await.map(drop) else {
            panic!("{cost} was admitted");
        };
        assert!(is_known(error), "{error:?}");
    }
}
