//! What can go wrong with a semaphore.

use std::error::Error;
use std::fmt;

/// The semaphore was closed, before or while waiting: [`Semaphore::acquire`](crate::Semaphore::acquire).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(pub(crate) ());

/// Why [`Semaphore::try_acquire`](crate::Semaphore::try_acquire) did not get its permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed and gives no more permits.
    Closed,
    /// There are not enough free permits, or those there are belong to somebody who waits.
    NoPermits,
}

/// More permits were to be released than had been taken out: [`BoundedSemaphore::release`](crate::BoundedSemaphore::release).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverReleaseError {
    /// How many were to be released.
    pub released: usize,
    /// How many could have been.
    pub outstanding: usize,
}

/// More permits were asked for than a semaphore can hold: [`Semaphore::resize`](crate::Semaphore::resize).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPermitsError {
    /// How many were asked for. The most there can be is [`Semaphore::MAX_PERMITS`](crate::Semaphore::MAX_PERMITS).
    pub permits: usize,
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("semaphore closed")
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "semaphore closed",
            Self::NoPermits => "no permits available",
        })
    }
}

impl fmt::Display for OverReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { released, outstanding } = self;
        write!(f, "release of {released} permits, but only {outstanding} were taken out by `forget`")
    }
}

impl fmt::Display for TooManyPermitsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = crate::Semaphore::MAX_PERMITS;
        write!(f, "permits is {}, but must be at most {max}", self.permits)
    }
}

impl Error for AcquireError {}
impl Error for TryAcquireError {}
impl Error for OverReleaseError {}
impl Error for TooManyPermitsError {}
