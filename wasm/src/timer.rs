//! JavaScript's clock as the throttle's timer.

use tollgate_core::time::{Tick, Timer};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::sleep::JsSleep;

const NANOS_PER_MILLI: f64 = 1e6;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// The clock `performance.now` and the alarm `setTimeout`: in pages, workers, Node, Deno, Bun.
///
/// The origin is JavaScript's own, so all instances of one page or worker agree.
///
/// # Resolution
/// `setTimeout` counts in whole milliseconds; a deadline is rounded up to them. It may ring early (by two
/// milliseconds in Node now and then), late (a background tab wakes once a second, or once a minute), and
/// cannot sleep for longer than 24.8 days at a time: the throttle looks at the clock whenever it rings, and sets
/// it anew for what is left.
///
/// # Node
/// An alarm keeps the process alive. There is one only while somebody waits on time.
#[derive(Clone, Copy, Debug, Default)]
pub struct JsTimer {
    _new: (),
}

impl JsTimer {
    /// The timer of this page, worker or process.
    #[must_use]
    pub const fn new() -> Self {
        Self { _new: () }
    }
}

impl Timer for JsTimer {
    type Sleep = JsSleep;

    fn now(&self) -> Tick {
        // The fraction of a nanosecond is cut off, so that the clock is never ahead.
        Tick::from_nanos((performance_now() * NANOS_PER_MILLI) as u64)
    }

    fn sleep_until(&self, deadline: Tick) -> JsSleep {
        JsSleep::until(deadline)
    }
}
