//! tollgate on tokio: the [`TokioTimer`], and the types of [`tollgate_core`] that use it.
//!
//! Most people want the crate `tollgate`, which re-exports all of this.
//!
//! ```
//! use tollgate_core::Rate;
//! use tollgate_native::Throttle;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let throttle = Throttle::builder().rate(Rate::per_second(100.0)).concurrency(3).build()?;
//! let permit = throttle.acquire().await?;
//! # drop(permit); Ok(()) }
//! ```
#![forbid(unsafe_code)]

mod helper;
mod sleep;
mod timer;

pub use sleep::TokioSleep;
pub use timer::TokioTimer;

/// Lets calls in when a slot is free, every rate allows their cost, and nobody said pause; on tokio's clock.
///
/// All methods, and what they promise on order, cancelling and errors: [`tollgate_core::Throttle`].
///
/// ```
/// use tollgate_core::Rate;
/// use tollgate_native::Throttle;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let throttle = Throttle::builder().rate(Rate::per_second(100.0)).concurrency(10).build()?;
/// let answer = throttle.run(async { 42 }).await?;
/// # assert_eq!(answer, 42); Ok(()) }
/// ```
pub type Throttle = tollgate_core::Throttle<TokioTimer>;

/// Limits for each key (host, tenant, endpoint), and limits for all of them together; on tokio's clock.
///
/// All methods, and what they promise on order, cancelling and errors: [`tollgate_core::Keyed`].
///
/// ```
/// use tollgate_core::Settings;
/// use tollgate_native::Keyed;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let hosts: Keyed<String> = Keyed::builder().per_key(Settings::new().concurrency(2)).build()?;
/// let permit = hosts.acquire("api.example".to_owned()).await?;
/// # drop(permit); Ok(()) }
/// ```
pub type Keyed<K> = tollgate_core::Keyed<K, TokioTimer>;

/// Requests of `reqwest`, throttled, and sent again by the rules; on tokio's clock.
#[cfg(feature = "reqwest")]
pub mod reqwest {
    pub use tollgate_adapters::reqwest::{Deadline, client};

    /// Sends every request through a throttle, and again as the rules say; heeds 429 and Retry-After.
    ///
    /// All methods, and what they promise: [`tollgate_adapters::reqwest::ThrottleMiddleware`].
    pub type ThrottleMiddleware = tollgate_adapters::reqwest::ThrottleMiddleware<crate::TokioTimer>;
}

/// Layers for [tower](https://docs.rs/tower): services that let requests in as a throttle says; on tokio's clock.
#[cfg(feature = "tower")]
pub mod tower {
    pub use tollgate_adapters::tower::{BoxError, Held};

    /// Lets requests in as a throttle says.
    ///
    /// All methods, and what they promise: [`tollgate_adapters::tower::ThrottleLayer`].
    pub type ThrottleLayer = tollgate_adapters::tower::ThrottleLayer<crate::TokioTimer>;

    /// A service behind a [`ThrottleLayer`].
    pub type Throttled<S> = tollgate_adapters::tower::Throttled<S, crate::TokioTimer>;

    /// A request on its way through a [`Throttled`] service.
    pub type Call<S, Q> = tollgate_adapters::tower::Call<S, Q, crate::TokioTimer>;
}

// What tasks on tokio need of our futures and permits, checked when this crate is compiled.
const _: () = {
    const fn sent<T: Send>() {}
    const fn shared<T: Send + Sync>() {}
    shared::<Throttle>();
    shared::<Keyed<String>>();
    sent::<tollgate_core::throttle::Acquire<&'static Throttle, TokioTimer>>();
    sent::<tollgate_core::throttle::Acquire<Throttle, TokioTimer>>();
    sent::<tollgate_core::throttle::Consume<'static, TokioTimer>>();
    shared::<tollgate_core::ThrottlePermit<'static, TokioTimer>>();
    shared::<tollgate_core::OwnedThrottlePermit<TokioTimer>>();
    sent::<tollgate_core::keyed::Acquire<String, TokioTimer>>();
    shared::<tollgate_core::keyed::Permit<String, TokioTimer>>();
};
