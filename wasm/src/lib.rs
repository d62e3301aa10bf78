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
//! - `reqwest`: the middleware for reqwest, which sends with `fetch` here.
//! - `tower`: layers for services.

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

/// Requests of `reqwest`, throttled, and sent again by the rules; on JavaScript's clock.
#[cfg(feature = "reqwest")]
pub mod reqwest {
    #[cfg(all(target_family = "wasm", target_os = "unknown"))]
    pub use tollgate_adapters::reqwest::SLOT;
    pub use tollgate_adapters::reqwest::{Deadline, client};

    /// Sends every request through a throttle, and again as the rules say; heeds 429 and Retry-After.
    ///
    /// All methods, and what they promise: [`tollgate_adapters::reqwest::ThrottleMiddleware`].
    pub type ThrottleMiddleware = tollgate_adapters::reqwest::ThrottleMiddleware<crate::JsTimer>;
}

/// Layers for [tower](https://docs.rs/tower): services that let requests in as a throttle says; on JavaScript's clock.
#[cfg(feature = "tower")]
pub mod tower {
    pub use tollgate_adapters::tower::{BoxError, Held};

    /// Lets requests in as a throttle says.
    ///
    /// All methods, and what they promise: [`tollgate_adapters::tower::ThrottleLayer`].
    pub type ThrottleLayer = tollgate_adapters::tower::ThrottleLayer<crate::JsTimer>;

    /// A service behind a [`ThrottleLayer`].
    pub type Throttled<S> = tollgate_adapters::tower::Throttled<S, crate::JsTimer>;

    /// A request on its way through a [`Throttled`] service.
    pub type Call<S, Q> = tollgate_adapters::tower::Call<S, Q, crate::JsTimer>;
}
