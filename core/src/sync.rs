//! The one seam through which core reaches locks and atomics.
//!
//! Everything concurrent in this crate takes its primitives from here. Built with `--cfg loom` they are those
//! of the model checker loom, which runs a test in every order that threads and memory allow;
//! `core/tests/loom.rs` is what it runs.

#[cfg(not(loom))]
use std::sync as primitives;

#[cfg(loom)]
use loom::sync as primitives;

use std::sync::PoisonError;

pub(crate) use primitives::MutexGuard;
pub(crate) use primitives::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
/// Always that of `std`: a `Waker` is made of nothing else.
pub(crate) use std::sync::Arc;

/// A `const fn`; for loom a plain one, because its primitives cannot be made in constants.
macro_rules! const_fn {
    ($(#[$about:meta])* $public:vis const fn $($rest:tt)*) => {
        #[cfg(not(loom))]
        $(#[$about])*
        $public const fn $($rest)*

        #[cfg(loom)]
        $(#[$about])*
        $public fn $($rest)*
    };
}

pub(crate) use const_fn;

/// A mutex that never reports poisoning.
///
/// Wakers are woken and dropped after the lock is let go. What foreign code does run under core's locks
/// (reading the timer, cloning a waker, hashing and comparing keys) runs before anything is changed that others
/// depend on, so a panic there leaves the data sound; the most it costs is the memory of a key.
#[derive(Default)]
pub(crate) struct Mutex<T>(primitives::Mutex<T>);

impl<T> Mutex<T> {
    const_fn! {
        pub(crate) const fn new(value: T) -> Self {
            Self(primitives::Mutex::new(value))
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
