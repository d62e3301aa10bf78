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

#[cfg(any(feature = "reqwest", feature = "tower"))]
mod held;
mod helper;
#[cfg(feature = "reqwest")]
pub mod reqwest;
mod sleep;
mod timer;
#[cfg(feature = "tower")]
pub mod tower;

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

#[cfg(feature = "tower")]
type OwnedPermit = tollgate_core::OwnedThrottlePermit<TokioTimer>;

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
