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

mod page;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Promise};
use tollgate::http::{Courier, Request, RetryPolicy};
use tollgate::{JsTimer, Rate, Throttle};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

/// What all callers share.
#[derive(Clone)]
struct Shared {
    throttle: Throttle,
    courier: Rc<Courier<JsTimer>>,
}

thread_local! {
    static SHARED: RefCell<Option<Shared>> = const { RefCell::new(None) };
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
    let seed = (js_sys::Math::random() * u64::MAX as f64) as u64;
    let wall = || Duration::from_millis(js_sys::Date::now() as u64);
    let courier = Rc::new(Courier::new(JsTimer::new(), RetryPolicy::new(), seed, wall));
    SHARED.set(Some(Shared { throttle, courier }));
    Ok(number)
}

/// Sends so many requests from Rust, all at once as far as the throttle lets them; tells `answered` each status.
///
/// By the rules that `createFetch` goes by in the script: if the server refuses one, in either language, all wait for as
/// long as it says, and that one is sent again.
///
/// # Errors
/// If there is no throttle yet, or a request failed.
#[wasm_bindgen]
pub async fn send_all(url: String, requests: u32, answered: js_sys::Function) -> Result<(), JsValue> {
    let shared = SHARED.with_borrow(Clone::clone).ok_or("make the throttle first")?;
    let all = Array::new();
    for _ in 0..requests {
        let (shared, url, answered) = (shared.clone(), url.clone(), answered.clone());
        let call = async move {
            let status = shared.send(&url).await?;
            answered.call1(&JsValue::UNDEFINED, &status.into())
        };
        all.push(&wasm_bindgen_futures::future_to_promise(call));
    }
    JsFuture::from(Promise::all(&all)).await?;
    Ok(())
}

impl Shared {
    /// Sends one request, and again as the rules say; answers its status when it has been read.
    async fn send(&self, url: &str) -> Result<u16, JsValue> {
        let mut errand = self.courier.errand(&self.throttle, 1.0, Request::new("GET"));
        loop {
            errand.enter().await.map_err(|error| error.to_string())?;
            let outcome = page::load(url).await;
            if let Some(permit) = errand.judge(&outcome) {
                let page = outcome?;
                // With its body: only then is it answered.
                page.read().await?;
                drop(permit);
                return Ok(page.status);
            }
        }
    }
}

/// Notes in which order callers are let in: enters `requests` times, and tells `entered` a name each time.
#[wasm_bindgen]
pub fn enter(name: String, entered: js_sys::Function) {
    let shared = SHARED.with_borrow(Clone::clone);
    spawn_local(async move {
        let Some(shared) = shared else { return };
        if let Ok(permit) = shared.throttle.acquire().await {
            let _ = entered.call1(&JsValue::UNDEFINED, &name.into());
            drop(permit);
        }
    });
}
