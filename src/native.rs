//! What tokio fills in.

#[cfg(feature = "reqwest")]
pub use tollgate_native::reqwest;
#[cfg(feature = "tower")]
pub use tollgate_native::tower;
pub use tollgate_native::{Keyed, Throttle, TokioTimer};

/// A call that a [`Throttle`] has let in, over when dropped; holds the throttle by reference.
pub type ThrottlePermit<'a> = tollgate_core::ThrottlePermit<'a, TokioTimer>;

/// A call that a [`Throttle`] has let in, over when dropped; can move into a task.
pub type OwnedThrottlePermit = tollgate_core::OwnedThrottlePermit<TokioTimer>;

/// A call that a [`Keyed`] has let in, over when dropped; can move into a task.
pub type KeyedPermit<K> = tollgate_core::keyed::Permit<K, TokioTimer>;
