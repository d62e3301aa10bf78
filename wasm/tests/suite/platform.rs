//! The platform under the timer: watched, or moved by hand.

use std::time::Duration;

use js_sys::Promise;
use tollgate_core::time::{Tick, Timer};
use tollgate_wasm::JsTimer;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    type Script;

    #[wasm_bindgen(method)]
    fn watch(this: &Script);
    #[wasm_bindgen(method)]
    fn take(this: &Script);
    #[wasm_bindgen(method)]
    fn restore(this: &Script);
    #[wasm_bindgen(method)]
    fn pass(this: &Script, ms: f64) -> Promise;
    #[wasm_bindgen(method)]
    fn skip(this: &Script, ms: f64);
    #[wasm_bindgen(method)]
    fn ring(this: &Script) -> Promise;
    #[wasm_bindgen(method)]
    fn sleep(this: &Script, ms: f64) -> Promise;
    #[wasm_bindgen(method)]
    fn counts(this: &Script) -> Vec<u32>;
    #[wasm_bindgen(method)]
    fn delay(this: &Script) -> f64;
}

/// The platform, back to what it was when dropped.
pub(crate) struct Platform(Script);

/// How many alarms there are and were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Set now.
    pub(crate) armed: u32,
    /// The most that were set at any time.
    pub(crate) most: u32,
    /// Set ever.
    pub(crate) set: u32,
    /// Cleared before they rang.
    pub(crate) cleared: u32,
}

impl Platform {
    /// The real one, with its alarms counted from here on.
    pub(crate) fn watched() -> Self {
        let script = script();
        script.watch();
        Self(script)
    }

    /// One whose clock stands until it is moved, and whose alarms ring only then.
    pub(crate) fn by_hand() -> Self {
        let script = script();
        script.take();
        Self(script)
    }

    /// Time goes by; each alarm rings when it is due, and whoever is woken gets their turn.
    pub(crate) async fn pass(&self, ms: u64) {
        done(self.0.pass(ms as f64)).await;
    }

    /// Time goes by, and nothing rings.
    pub(crate) fn skip(&self, ms: u64) {
        self.0.skip(ms as f64);
    }

    /// All alarms ring, due or not, and whoever is woken gets their turn.
    pub(crate) async fn ring(&self) {
        done(self.0.ring()).await;
    }

    pub(crate) fn counts(&self) -> Counts {
        let counts = self.0.counts();
        Counts { armed: counts[0], most: counts[1], set: counts[2], cleared: counts[3] }
    }

    pub(crate) fn armed(&self) -> u32 {
        self.counts().armed
    }

    /// The milliseconds for which the last alarm was set.
    pub(crate) fn delay(&self) -> f64 {
        self.0.delay()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        self.0.restore();
    }
}

pub(crate) fn now() -> Tick {
    JsTimer::new().now()
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sleeps on the real clock, by an alarm that is not counted.
pub(crate) async fn sleep(millis: u32) {
    done(script().sleep(f64::from(millis))).await;
}

/// Everybody who was woken gets their turn.
pub(crate) async fn turn() {
    sleep(0).await;
}

fn script() -> Script {
    js_sys::eval(include_str!("platform.js")).expect("the script is sound").unchecked_into()
}

async fn done(promise: Promise) {
    JsFuture::from(promise).await.expect("it does not fail");
}
