//! The one seam through which core reaches locks and atomics.
//!
//! Everything concurrent in this crate takes its primitives from here, so that a model checker can
//! be put in their place without touching the code that uses them.

pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};

pub(crate) use std::sync::MutexGuard;
use std::sync::PoisonError;

/// A `std` mutex that never reports poisoning.
///
/// Wakers are woken and dropped after the lock is let go. What foreign code does run under core's locks
/// (reading the timer, cloning a waker, hashing and comparing keys) runs before anything is changed, so a
/// panic there leaves the data whole.
#[derive(Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
