//! The Rust in the playground page: makes a throttle, shares it with the page's script, and sends calls of its own
//! through it.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::cell::RefCell;
use std::time::Duration;

use js_sys::{Function, Promise, Reflect};
use tollgate::{Rate, Throttle};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    fn fetch(url: &str, init: &JsValue) -> Promise;

    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;

    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn bytes(this: &Response) -> Promise;
}

thread_local! {
    /// By their numbers: each side of the page may have one.
    static THROTTLES: RefCell<Vec<(u32, Throttle)>> = const { RefCell::new(Vec::new()) };
}

/// Makes a throttle; the number that it answers is what the script adopts it by. Times are milliseconds.
///
/// # Errors
/// If a parameter makes no sense, as a `RangeError`.
#[wasm_bindgen]
pub fn throttle(
    capacity: f64,
    period: f64,
    pacing: &str,
    burst: f64,
    answered: bool,
    concurrency: usize,
    cooldown: f64,
) -> Result<u32, JsValue> {
    let rate = Rate::new(capacity, millis("period", period)?);
    let rate = match pacing {
        "window" => rate,
        "smooth" => rate.smooth(),
        "bucket" => rate.bucket(burst),
        "stepped" => rate.stepped(burst),
        other => return Err(range_error(&format!("pacing is {other}"))),
    };
    let rate = if answered { rate.until_answered() } else { rate };
    let mut throttle = Throttle::builder().rate(rate);
    if concurrency > 0 {
        throttle = throttle.concurrency(concurrency).cooldown(millis("cooldown", cooldown)?);
    }
    let throttle = throttle.build().map_err(|error| range_error(&error.to_string()))?;
    let number = tollgate::share(&throttle);
    THROTTLES.with_borrow_mut(|all| all.push((number, throttle)));
    Ok(number)
}

/// Lets go of a throttle; calls that still wait for it go on.
#[wasm_bindgen]
pub fn forget(number: u32) {
    THROTTLES.with_borrow_mut(|all| all.retain(|(of, _)| *of != number));
}

/// Sends one call when the throttle lets it: tells `sent` when it goes, and answers its status.
///
/// # Errors
/// If there is no such throttle, it is closed, the cost is too high, or the request failed.
#[wasm_bindgen]
pub async fn send(
    number: u32,
    cost: f64,
    url: String,
    signal: JsValue,
    sent: Function,
) -> Result<u16, JsValue> {
    let found =
        THROTTLES.with_borrow(|all| all.iter().find(|(of, _)| *of == number).map(|(_, it)| it.clone()));
    let throttle = found.ok_or("there is no such throttle")?;
    let permit = throttle.acquire_cost(cost).await.map_err(|error| error.to_string())?;
    sent.call0(&JsValue::UNDEFINED)?;
    let init = js_sys::Object::new();
    Reflect::set(&init, &"signal".into(), &signal)?;
    let response: Response = JsFuture::from(fetch(&url, &init)).await?.unchecked_into();
    // With its body: only then is it answered.
    JsFuture::from(response.bytes()).await?;
    drop(permit);
    Ok(response.status())
}

fn millis(name: &str, ms: f64) -> Result<Duration, JsValue> {
    Duration::try_from_secs_f64(ms / 1000.0).map_err(|error| range_error(&format!("{name} is {ms}: {error}")))
}

fn range_error(why: &str) -> JsValue {
    js_sys::RangeError::new(why).into()
}
