//! What JavaScript calls: numbers in, numbers out.
//!
//! # How it works
//! - A gate (semaphore or throttle) is a number, its place in the [`Desk`]. So is a waiter.
//! - [`acquire`](tollgate_acquire) answers at once, or with the number of a waiter whose future lies in the
//!   desk. When that future is to be looked at again, its number is put on the [`Bell`]'s list, and
//!   JavaScript takes it from there by [`next`](tollgate_next): after a call that woke somebody, or when the
//!   bell calls it.
//! - A permit is no object here: it is forgotten when granted, and JavaScript says when it comes back. So what
//!   JavaScript throws away costs nothing.
//! - Whatever goes wrong is a number too: [`Code`]. The words are JavaScript's.
//!
//! Each function takes any number. What makes no sense is checked in JavaScript, which can say why; here it
//! does nothing worse than to be refused.

#![expect(unreachable_pub, reason = "what is exported to JavaScript must be `pub`")]

mod bell;
mod code;
mod desk;
mod gate;
mod retries;
mod settings;
mod wait;

use wasm_bindgen::prelude::wasm_bindgen;

use crate::Throttle;
use bell::{Bell, Notify};
use desk::Desk;

/// Hands a throttle to JavaScript, so that callers in both languages wait in one queue.
///
/// Answers with the throttle's number, from which the function `adopt` of the npm package `tollgate/slim`
/// makes an object with all of its methods:
///
/// ```js
/// import * as app from "./pkg/app.js";
/// import { adopt } from "tollgate/slim";
///
/// const gate = adopt(app, app.throttle());        // `throttle` is the app's own export
/// const page = await gate.run(() => fetch(url));
/// ```
///
/// ```no_run
/// use tollgate_wasm::{Throttle, share};
///
/// fn throttle(shared: &Throttle) -> u32 {
///     share(shared)
/// }
/// ```
///
/// The throttle stays alive until the object in JavaScript is collected, and for good if none is made of it.
#[must_use]
pub fn share(throttle: &Throttle) -> u32 {
    Desk::with(|desk| desk.share(throttle.clone())).unwrap_or(u32::MAX)
}

/// Whom to call when waiters are to be looked at and no call of JavaScript's is under way.
#[wasm_bindgen]
pub fn tollgate_connect(notify: Notify) {
    Bell::connect(notify);
}

/// A new semaphore, bounded or not; `max_waiting` below 0 for any number.
#[wasm_bindgen]
pub fn tollgate_semaphore(permits: u32, bounded: bool, max_waiting: f64) -> i32 {
    Desk::ask(|desk| desk.semaphore(permits, bounded, settings::count(max_waiting)))
}

/// Adds a rate to the settings for the next throttle or update: see [`settings`].
#[wasm_bindgen]
pub fn tollgate_rate(capacity: f64, period: f64, pacing: u32, burst: f64, answered: bool) {
    let rate = settings::rate(capacity, period, pacing, burst, answered);
    let _busy = Desk::with(|desk| desk.add_rate(rate));
}

/// A new throttle with the rates added before.
#[wasm_bindgen]
pub fn tollgate_throttle(concurrency: f64, cooldown: f64, max_waiting: f64) -> i32 {
    Desk::ask(|desk| desk.throttle(concurrency, cooldown, max_waiting))
}

/// Sets a throttle to the rates added before, if it is to have new ones, and to what is not NaN; answers how many
/// are to be looked at.
#[wasm_bindgen]
pub fn tollgate_update(gate: u32, rates: bool, concurrency: f64, cooldown: f64, max_waiting: f64) -> i32 {
    Desk::call(|desk| desk.update(gate, rates, concurrency, cooldown, max_waiting))
}

/// Enters, or joins the queue for at most `timeout` milliseconds; [`code::Code`].
///
/// A throttle counts the call from [`tollgate_begin`].
#[wasm_bindgen]
pub fn tollgate_acquire(gate: u32, cost: f64, timeout: f64) -> i32 {
    Desk::ask(|desk| desk.acquire(gate, cost, timeout))
}

/// Enters at once and begins, or not at all; [`code::Code`].
#[wasm_bindgen]
pub fn tollgate_try_acquire(gate: u32, cost: f64) -> i32 {
    Desk::call(|desk| desk.try_acquire(gate, cost))
}

/// Gives up the place of a waiter; answers how many are to be looked at.
#[wasm_bindgen]
pub fn tollgate_cancel(waiter: u32) -> i32 {
    Desk::call(|desk| desk.cancel(waiter))
}

/// Gives a permit back, or that many by hand; answers how many are to be looked at.
#[wasm_bindgen]
pub fn tollgate_release(gate: u32, cost: f64) -> i32 {
    Desk::call(|desk| desk.release(gate, cost))
}

/// A call that was let in begins; answers how many are to be looked at.
#[wasm_bindgen]
pub fn tollgate_begin(gate: u32, cost: f64) -> i32 {
    Desk::call(|desk| desk.begin(gate, cost))
}

/// Holds everybody off for `wait` milliseconds, because the server has refused a call that was sent `age` milliseconds
/// ago; answers how many are to be looked at.
#[wasm_bindgen]
pub fn tollgate_hold_off(gate: u32, wait: f64, age: f64) -> i32 {
    Desk::call(|desk| desk.hold_off(gate, wait, age))
}

/// Adds a status to those that the rules made next send again; or a character to the text for the next judgement.
#[wasm_bindgen]
pub fn tollgate_put(number: u16) {
    let _busy = Desk::with(|desk| desk.put(number));
}

/// New rules for what is sent again, with the statuses put before: [`retries::rules`].
#[wasm_bindgen]
pub fn tollgate_retries(retries: u32, max_retry_after: f64, flags: u32, seed: f64) -> i32 {
    Desk::ask(|desk| Ok(desk.add_retries(retries, max_retry_after, flags, seed)))
}

/// What becomes of a request after an answer or an error, with the text put before: [`retries::judge`]. Milliseconds
/// until it is sent again; below 0 if it is not.
#[wasm_bindgen]
pub fn tollgate_judge(
    retries: u32,
    may_repeat: bool,
    again: u32,
    status: u16,
    wall: f64,
    backoff: f64,
) -> f64 {
    let told = retries::Told { may_repeat, again, status, wall, backoff };
    Desk::with(|desk| desk.judge(retries, &told)).unwrap_or(-1.0)
}

/// What else [`tollgate_judge`] said last: for how many milliseconds everybody is to hold off (0), how many units remain
/// (1). Below 0 if it said nothing of that.
#[wasm_bindgen]
pub fn tollgate_judged(what: u32) -> f64 {
    Desk::with(|desk| desk.judged(what)).unwrap_or(-1.0)
}

/// Lets go of rules that JavaScript has no use for any more.
#[wasm_bindgen]
pub fn tollgate_drop_retries(retries: u32) {
    let _busy = Desk::with(|desk| desk.drop_retries(retries));
}

/// The next waiter whose wait is over, and how it ended: its number times 8, plus the [`code::Code`] below 0 made
/// positive. Below 0 when there is none.
#[wasm_bindgen]
pub fn tollgate_next() -> i32 {
    Desk::next_of_all()
}

/// Does one of the things a gate can do that take one number: see [`gate::Deed`].
#[wasm_bindgen]
pub fn tollgate_do(gate: u32, deed: u32, value: f64) -> i32 {
    Desk::call(|desk| desk.act(gate, deed, value))
}

/// Reads one of the things a gate can tell: see [`gate::Reading`]. NaN if it cannot.
#[wasm_bindgen]
pub fn tollgate_read(gate: u32, reading: u32, value: f64) -> f64 {
    Desk::with(|desk| desk.read(gate, reading, value)).unwrap_or(f64::NAN)
}

/// Lets go of a gate that JavaScript has no use for any more.
#[wasm_bindgen]
pub fn tollgate_drop(gate: u32) {
    let _busy = Desk::with(|desk| desk.drop_gate(gate));
}
