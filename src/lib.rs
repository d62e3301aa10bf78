//! One throttle for calls to other people's APIs: so many at once, so many per second, pause when told.
//!
//! It keeps calls inside a server's limits and wastes none of what the server allows.
//!
//! - **Never over**: no window in which more is let in than was configured.
//! - **Never idle**: who may go, goes.
//! - **In order**: first come, first served, whatever the costs.
//! - **Nothing leaks**: cancel, time-out, panic, close: slots, units and places are given back.
//! - **Says no**: what can never be let in fails at once, with an error that says why.
//!
#![cfg_attr(feature = "native", doc = include_str!("tour.md"))]
//!
//! # Features
//! - `native` (default): the tokio timer. Without it there are the semaphores, which need no clock, and
//!   everything else on a [`Timer`](time::Timer) of your own in [`generic`].
//! - `http`: what a polite HTTP client does with 429, Retry-After and the like, without I/O.
//! - `reqwest`: a middleware for `reqwest-middleware`, and a ready client.
//! - `tower`: layers for tower's services, on both sides of HTTP.
//! - `tracing`: what happens (who waits, pauses, retries), as events; off by default, and then nothing is left of it.
//! - `share`: on wasm32, the function `share`, with which an app hands its throttle to the page's script.
//!
//! # In the browser, and in Node
//! On `wasm32-unknown-unknown` the timer is JavaScript's (`performance.now` and `setTimeout`), whatever the
//! features: `tollgate::Throttle` is written once and compiles for both.
#![forbid(unsafe_code)]

pub use tollgate_core::{
    AcquireError, AdmitError, BoundedPermit, BoundedSemaphore, Check, ConfigError, CostError, Counting, Hold,
    NotInsideError, OverReleaseError, OwnedBoundedPermit, OwnedSemaphorePermit, Pacing, Rate, Refused,
    Semaphore, SemaphorePermit, Settings, ThrottleStreamExt, TooManyPermitsError, TryAcquireError,
    TryAdmitError, stream, time,
};

/// The types that wait on time for any [`Timer`](time::Timer), and the modules with builders and futures.
pub mod generic {
    pub use tollgate_core::{
        Keyed, OwnedThrottlePermit, Throttle, ThrottlePermit, keyed, semaphore, throttle,
    };
}

#[cfg(feature = "http")]
pub use tollgate_core::http;

#[cfg(all(feature = "native", not(all(target_family = "wasm", target_os = "unknown"))))]
mod native;
#[cfg(all(feature = "native", not(all(target_family = "wasm", target_os = "unknown"))))]
pub use native::*;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod wasm;
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub use wasm::*;
