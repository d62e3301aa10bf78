//! An app written in Rust that hands its throttle to the page's script: Rust futures and JavaScript promises wait
//! in one queue, and keep one limit together.
//!
//! ```sh
//! cargo build -p sharing --target wasm32-unknown-unknown --release
//! wasm-bindgen --target web --out-dir pkg target/wasm32-unknown-unknown/release/sharing.wasm
//! ```
//!
//! The script's part is in `script.mjs`, which runs in Node (`run.mjs`) and in a page (`page.html`).
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use std::cell::RefCell;

use js_sys::{Array, Promise};
use tollgate::{Rate, Throttle};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

#[wasm_bindgen]
extern "C" {
    /// JavaScript's own, in pages, workers and Node.
    fn fetch(url: &str) -> Promise;

    type Response;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Response) -> u16;

    #[wasm_bindgen(method, js_name = arrayBuffer)]
    fn bytes(this: &Response) -> Promise;
}

thread_local! {
    static THROTTLE: RefCell<Option<Throttle>> = const { RefCell::new(None) };
}

/// Makes the throttle; the number that it answers is what the script makes its own object from.
///
/// # Errors
/// If a parameter makes no sense, as a `RangeError`.
#[wasm_bindgen]
pub fn throttle(per_second: f64, concurrency: usize) -> Result<u32, JsValue> {
    // Until answered: no delay on the way can make the server see more than it allows.
    let rate = Rate::per_second(per_second).until_answered();
    let throttle = Throttle::builder()
        .rate(rate)
        .concurrency(concurrency)
        .build()
        .map_err(|error| js_sys::RangeError::new(&error.to_string()))?;
    let number = tollgate::share(&throttle);
    THROTTLE.set(Some(throttle));
    Ok(number)
}

/// Sends so many requests from Rust, all at once as far as the throttle lets them; tells `answered` each status.
///
/// # Errors
/// If there is no throttle yet, or a request failed.
#[wasm_bindgen]
pub async fn send_all(url: String, requests: u32, answered: js_sys::Function) -> Result<(), JsValue> {
    let throttle = THROTTLE.with_borrow(Clone::clone).ok_or("make the throttle first")?;
    let all = Array::new();
    for _ in 0..requests {
        let (throttle, url, answered) = (throttle.clone(), url.clone(), answered.clone());
        let call = async move {
            let _permit = throttle.acquire().await.map_err(|error| error.to_string())?;
            let response: Response = JsFuture::from(fetch(&url)).await?.unchecked_into();
            // With its body: only then is it answered.
            JsFuture::from(response.bytes()).await?;
            answered.call1(&JsValue::UNDEFINED, &response.status().into())
        };
        all.push(&wasm_bindgen_futures::future_to_promise(call));
    }
    JsFuture::from(Promise::all(&all)).await?;
    Ok(())
}

/// Notes in which order callers are let in: enters `requests` times, and tells `entered` a name each time.
#[wasm_bindgen]
pub fn enter(name: String, entered: js_sys::Function) {
    let throttle = THROTTLE.with_borrow(Clone::clone);
    spawn_local(async move {
        let Some(throttle) = throttle else { return };
        if let Ok(permit) = throttle.acquire().await {
            let _ = entered.call1(&JsValue::UNDEFINED, &name.into());
            drop(permit);
        }
    });
}
