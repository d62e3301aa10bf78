//! Callers of both languages on one throttle.

use tollgate_core::Rate;
use tollgate_wasm::{Throttle, share};
use wasm_bindgen_test::wasm_bindgen_test;

use super::exports::{DONE, NOT_NOW, bell, done, exports, rung, waiter};
use super::platform::{Platform, ms, now, turn};
use super::tasks::task;

#[wasm_bindgen_test]
async fn callers_in_rust_and_javascript_wait_in_one_queue() {
    let platform = Platform::by_hand();
    let js = exports();
    js.connect(&bell());
    let throttle = Throttle::builder().rate(Rate::new(1.0, ms(100))).build().unwrap();
    let gate = share(&throttle);
    let start = now();
    let in_rust = |throttle: &Throttle| {
        let throttle = throttle.clone();
        task(async move { throttle.acquire().await.map(|permit| permit.admitted_at().since(start)) })
    };
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.begin(gate, 1.0), 0);
    let first = in_rust(&throttle);
    turn().await;
    let second = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    let third = in_rust(&throttle);
    turn().await;
    assert_eq!((throttle.waiting(), platform.armed()), (3, 1));
    platform.pass(100).await;
    assert_eq!(first.await, Ok(ms(100)));
    assert_eq!((js.next(), rung()), (NOT_NOW, 0.0));
    platform.pass(100).await;
    assert_eq!((done(js.next()), rung()), ((second, DONE), 1.0));
    assert_eq!(js.begin(gate, 1.0), 0);
    platform.pass(100).await;
    assert_eq!(third.await, Ok(ms(300)));
    js.drop_gate(gate);
}

#[wasm_bindgen_test]
fn a_shared_throttle_goes_on_when_javascript_lets_go_of_it() {
    let _platform = Platform::watched();
    let js = exports();
    let throttle = Throttle::builder().concurrency(1).build().unwrap();
    let gate = share(&throttle);
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.begin(gate, 1.0), 0);
    assert_eq!(throttle.in_flight(), 1);
    assert_eq!(js.release(gate, 1.0), 0);
    js.drop_gate(gate);
    assert!(throttle.try_acquire().is_ok());
}
