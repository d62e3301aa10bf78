//! tollgate in browsers, Node and other homes of JavaScript: the [`JsTimer`], and the types of
//! [`tollgate_core`] that use it.
//!
//! Most people want the crate `tollgate`, which re-exports all of this on wasm32, or the npm package of that
//! name, whose engine this is too.
//!
//! ```no_run
//! use tollgate_core::Rate;
//! use tollgate_wasm::Throttle;
//!
//! # async fn f() -> Result<(), Box<dyn std::error::Error>> {
//! let throttle = Throttle::builder().rate(Rate::per_second(100.0)).concurrency(3).build()?;
//! let permit = throttle.acquire().await?;
//! # drop(permit); Ok(()) }
//! ```
//!
//! # Features
//! - `exports`: what the npm package calls. An app written in Rust turns it on to hand a throttle of its own
//!   to JavaScript, by `share`.

mod alarms;
#[cfg(feature = "exports")]
mod exports;
mod sleep;
mod timer;

#[cfg(feature = "exports")]
pub use exports::share;
pub use sleep::JsSleep;
pub use timer::JsTimer;
/// Lets calls in when a slot is free, every rate allows their cost, and nobody said pause; on JavaScript's clock.
///
/// All methods, and what they promise on order, cancelling and errors: [`tollgate_core::Throttle`].
pub type Throttle = tollgate_core::Throttle<JsTimer>;

/// Limits for each key (host, tenant, endpoint), and limits for all of them together; on JavaScript's clock.
///
/// All methods, and what they promise on order, cancelling and errors: [`tollgate_core::Keyed`].
pub type Keyed<K> = tollgate_core::Keyed<K, JsTimer>;
