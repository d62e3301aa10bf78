//! One alarm per throttle, set only while somebody waits on time.

use futures::poll;
use tollgate_core::{AdmitError, Rate};
use tollgate_wasm::Throttle;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, sleep, turn};
use super::tasks::{Crowd, task};

fn gate(capacity: f64, period_ms: u64) -> Throttle {
    Throttle::builder().rate(Rate::new(capacity, ms(period_ms))).build().unwrap()
}

#[wasm_bindgen_test]
async fn there_is_one_alarm_however_many_wait() {
    let platform = Platform::by_hand();
    let gate = gate(10.0, 100);
    let crowd = Crowd::of(1_000, &gate);
    turn().await;
    assert_eq!((gate.waiting(), platform.armed()), (990, 1));
    platform.pass(5 * 100).await;
    assert_eq!((gate.waiting(), platform.armed()), (940, 1));
    assert_eq!(platform.counts().set, 6, "one wake-up lets in all that is due");
    drop(crowd);
    turn().await;
    assert_eq!((gate.waiting(), platform.armed(), platform.counts().most), (0, 0, 1));
}

#[wasm_bindgen_test]
async fn there_is_one_alarm_on_real_time_and_none_afterwards() {
    let platform = Platform::watched();
    Crowd::of(60, &gate(20.0, 50)).all().await;
    let counts = platform.counts();
    assert_eq!((counts.armed, counts.most), (0, 1));
    // Two are what it takes; a few more where they rang early.
    assert!((2..20).contains(&counts.set), "{counts:?}");
}

#[wasm_bindgen_test]
async fn there_is_none_while_nobody_waits_or_those_who_do_wait_for_a_permit() {
    let platform = Platform::by_hand();
    let gate = Throttle::builder().rate(Rate::new(2.0, ms(100))).concurrency(1).build().unwrap();
    let inside = gate.try_acquire().unwrap();
    let for_slot = task({
        let gate = gate.clone();
        async move { gate.acquire().await.map(drop) }
    });
    turn().await;
    assert_eq!((gate.waiting(), platform.counts().set), (1, 0));
    drop(inside);
    for_slot.await.unwrap();
    assert_eq!((gate.waiting(), platform.counts().set), (0, 0));
}

#[wasm_bindgen_test]
async fn whoever_goes_away_takes_the_alarm_along() {
    let platform = Platform::watched();
    let gate = gate(1.0, 60_000);
    drop(gate.try_acquire().unwrap());
    let mut first = Box::pin(gate.acquire());
    let mut second = Box::pin(gate.acquire());
    assert!(poll!(first.as_mut()).is_pending());
    assert!(poll!(second.as_mut()).is_pending());
    drop(first);
    assert_eq!((gate.waiting(), platform.armed()), (1, 1), "it is the next one's now");
    drop(second);
    assert_eq!((gate.waiting(), platform.armed()), (0, 0));
}

#[wasm_bindgen_test]
async fn a_throttle_that_closes_clears_its_alarm() {
    let platform = Platform::watched();
    let gate = gate(1.0, 60_000);
    drop(gate.try_acquire().unwrap());
    let crowd = Crowd::of(5, &gate);
    sleep(1).await;
    assert_eq!((gate.waiting(), platform.armed()), (5, 1));
    gate.close();
    assert_eq!(platform.armed(), 0);
    for task in crowd.tasks {
        assert_eq!(task.await, Err(AdmitError::Closed));
    }
}
