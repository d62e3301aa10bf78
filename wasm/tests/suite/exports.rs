//! The functions that the npm package calls, called as it calls them: by name, on the instance, with numbers.

use js_sys::Function;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, turn};

#[wasm_bindgen]
extern "C" {
    pub(crate) type Exports;

    #[wasm_bindgen(method, js_name = tollgate_connect)]
    pub(crate) fn connect(this: &Exports, notify: &Function);
    #[wasm_bindgen(method, js_name = tollgate_semaphore)]
    pub(crate) fn semaphore(this: &Exports, permits: u32, bounded: bool, max_waiting: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_rate)]
    pub(crate) fn rate(this: &Exports, capacity: f64, period: f64, pacing: u32, burst: f64, answered: bool);
    #[wasm_bindgen(method, js_name = tollgate_throttle)]
    pub(crate) fn throttle(this: &Exports, concurrency: f64, cooldown: f64, max_waiting: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_acquire)]
    pub(crate) fn acquire(this: &Exports, gate: u32, cost: f64, timeout: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_try_acquire)]
    pub(crate) fn try_acquire(this: &Exports, gate: u32, cost: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_begin)]
    pub(crate) fn begin(this: &Exports, gate: u32, cost: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_cancel)]
    pub(crate) fn cancel(this: &Exports, waiter: u32) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_release)]
    pub(crate) fn release(this: &Exports, gate: u32, cost: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_next)]
    pub(crate) fn next(this: &Exports) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_do)]
    pub(crate) fn act(this: &Exports, gate: u32, deed: u32, value: f64) -> i32;
    #[wasm_bindgen(method, js_name = tollgate_drop)]
    pub(crate) fn drop_gate(this: &Exports, gate: u32);
}

// The codes of `wasm/src/exports/code.rs`.
pub(crate) const DONE: i32 = 0;
pub(crate) const CLOSED: i32 = -1;
const QUEUE_FULL: i32 = -2;
const TIMED_OUT: i32 = -3;
const COST: i32 = -4;
pub(crate) const NOT_NOW: i32 = -5;
const OVER_RELEASE: i32 = -6;
const UNKNOWN: i32 = -7;
const INVALID: i32 = -8;

const CLOSE: u32 = 0;
const CANCEL: u32 = 5;

/// This instance, as JavaScript sees it.
pub(crate) fn exports() -> Exports {
    wasm_bindgen::exports().unchecked_into()
}

/// The number of a waiter, from the answer to `acquire`.
pub(crate) fn waiter(answer: i32) -> u32 {
    u32::try_from(answer - 1).expect("it waits")
}

/// Who is done, and how, from the answer to `next`.
pub(crate) fn done(answer: i32) -> (u32, i32) {
    let answer = u32::try_from(answer).expect("somebody is done");
    (answer >> 3, -((answer & 7) as i32))
}

/// Counts how often JavaScript is asked to look.
pub(crate) fn bell() -> Function {
    js_sys::eval("globalThis.rung = 0; () => { rung += 1; }").unwrap().unchecked_into()
}

pub(crate) fn rung() -> f64 {
    js_sys::eval("rung").unwrap().as_f64().unwrap()
}

#[wasm_bindgen_test]
fn a_semaphore_by_numbers() {
    let _platform = Platform::watched();
    let js = exports();
    let gate = js.semaphore(1, true, 2.0) as u32;
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.try_acquire(gate, 1.0), NOT_NOW);
    let first = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    let second = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), QUEUE_FULL);
    assert_eq!(js.next(), NOT_NOW);
    assert_eq!(js.release(gate, 1.0), 1, "one is to be looked at");
    assert_eq!(done(js.next()), (first, DONE));
    assert_eq!(js.next(), NOT_NOW);
    assert_eq!(js.cancel(second), 0);
    assert_eq!(js.cancel(second), UNKNOWN);
    assert_eq!(js.release(gate, 1.0), 0);
    assert_eq!(js.release(gate, 1.0), OVER_RELEASE);
    assert_eq!(js.act(gate, CLOSE, 0.0), 0);
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), CLOSED);
    js.drop_gate(gate);
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), UNKNOWN);
}

#[wasm_bindgen_test]
fn a_granted_waiter_that_is_cancelled_hands_on() {
    let _platform = Platform::watched();
    let js = exports();
    let gate = js.semaphore(1, false, -1.0) as u32;
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    let first = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    let second = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    assert_eq!(js.release(gate, 1.0), 1);
    assert_eq!(js.cancel(first), 2, "the one who left, whose number is on the list still, and the next");
    assert_eq!(done(js.next()), (second, DONE));
    assert_eq!(js.next(), NOT_NOW);
    js.drop_gate(gate);
}

#[wasm_bindgen_test]
async fn a_throttle_by_numbers_calls_when_its_alarm_rings() {
    let platform = Platform::by_hand();
    let js = exports();
    js.connect(&bell());
    js.rate(1.0, 100.0, 0, 0.0, false);
    let gate = js.throttle(0.0, 0.0, -1.0) as u32;
    assert_eq!(js.acquire(gate, 2.0, f64::INFINITY), COST);
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.begin(gate, 1.0), 0);
    let first = waiter(js.acquire(gate, 1.0, f64::INFINITY));
    let second = waiter(js.acquire(gate, 1.0, 150.0));
    assert_eq!((platform.armed(), rung()), (1, 0.0));
    platform.pass(99).await;
    assert_eq!((js.next(), rung()), (NOT_NOW, 0.0));
    platform.pass(1).await;
    assert_eq!((done(js.next()), rung()), ((first, DONE), 1.0));
    assert_eq!(js.begin(gate, 1.0), 0);
    platform.pass(50).await;
    assert_eq!((done(js.next()), rung()), ((second, TIMED_OUT), 2.0));
    assert_eq!(js.next(), NOT_NOW);
    assert_eq!(platform.armed(), 0);
    js.drop_gate(gate);
}

#[wasm_bindgen_test]
async fn a_call_by_numbers_counts_from_when_it_begins() {
    let platform = Platform::by_hand();
    let js = exports();
    js.rate(1.0, 100.0, 0, 0.0, false);
    let gate = js.throttle(0.0, 0.0, -1.0) as u32;
    assert_eq!(js.begin(gate, 1.0), OVER_RELEASE, "nobody was let in");
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.release(gate, 1.0), OVER_RELEASE, "it has not begun");
    platform.pass(1_000).await;
    assert_eq!(js.try_acquire(gate, 1.0), NOT_NOW, "room is kept");
    assert_eq!(js.begin(gate, 1.0), 0);
    platform.pass(99).await;
    assert_eq!(js.try_acquire(gate, 1.0), NOT_NOW);
    platform.pass(1).await;
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    assert_eq!(js.act(gate, CANCEL, 1.0), 0);
    assert_eq!(js.act(gate, CANCEL, 1.0), OVER_RELEASE);
    assert_eq!(js.try_acquire(gate, 1.0), DONE, "what did not begin left nothing");
    for _ in 0..2 {
        assert_eq!(js.release(gate, 1.0), 0);
    }
    assert_eq!(js.release(gate, 1.0), OVER_RELEASE);
    js.drop_gate(gate);
}

#[wasm_bindgen_test]
async fn closing_a_throttle_asks_to_look_at_all_who_wait() {
    let _platform = Platform::watched();
    let js = exports();
    let gate = js.throttle(1.0, 0.0, -1.0) as u32;
    assert_eq!(js.acquire(gate, 1.0, f64::INFINITY), DONE);
    let line = [(); 3].map(|()| waiter(js.acquire(gate, 1.0, f64::INFINITY)));
    assert_eq!(js.act(gate, CLOSE, 0.0), 3);
    assert_eq!([(); 3].map(|()| done(js.next())), line.map(|waiter| (waiter, CLOSED)));
    js.drop_gate(gate);
    turn().await;
}

#[wasm_bindgen_test]
fn settings_that_make_no_sense_are_refused_and_leave_no_rate_behind() {
    let _platform = Platform::watched();
    let js = exports();
    js.rate(-1.0, 100.0, 0, 0.0, false);
    assert_eq!(js.throttle(0.0, 0.0, -1.0), INVALID);
    assert!(js.throttle(0.0, 0.0, -1.0) >= 0);
}
