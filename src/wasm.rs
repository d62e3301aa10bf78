//! What JavaScript fills in.

#[cfg(feature = "reqwest")]
pub use tollgate_wasm::reqwest;
#[cfg(feature = "share")]
pub use tollgate_wasm::share;
#[cfg(feature = "tower")]
pub use tollgate_wasm::tower;
pub use tollgate_wasm::{JsTimer, Keyed, Throttle};

/// A call that a [`Throttle`] has let in, over when dropped; holds the throttle by reference.
pub type ThrottlePermit<'a> = tollgate_core::ThrottlePermit<'a, JsTimer>;

/// A call that a [`Throttle`] has let in, over when dropped; can move into a task.
pub type OwnedThrottlePermit = tollgate_core::OwnedThrottlePermit<JsTimer>;

/// A call that a [`Keyed`] has let in, over when dropped; can move into a task.
pub type KeyedPermit<K> = tollgate_core::keyed::Permit<K, JsTimer>;
