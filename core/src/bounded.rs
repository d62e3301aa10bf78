//! A semaphore that refuses to be released more often than it was acquired.

use std::fmt;

use crate::semaphore::engine::{self, Engine};
use crate::semaphore::permit::{self, Permit};
use crate::semaphore::{Acquire, OverReleaseError, TooManyPermitsError, TryAcquireError};
use crate::sync::{Arc, AtomicUsize, Ordering, const_fn};

/// Permits of a [`BoundedSemaphore`], held by reference.
pub type BoundedPermit<'a> = Permit<&'a BoundedSemaphore>;

/// Permits of a [`BoundedSemaphore`], held by `Arc`, so that they can move into a task.
pub type OwnedBoundedPermit = Permit<Arc<BoundedSemaphore>>;

/// A [`Semaphore`](crate::Semaphore) whose permits can never become more than its bound.
///
/// Permits that are dropped come back by themselves. One that has to be given back elsewhere is taken
/// out with [`forget`](Permit::forget) and returned with [`release`](Self::release), which refuses
/// whatever was not taken out: the mistake shows where it is made, instead of raising the limit.
///
/// Order, cancelling and cost are those of [`Semaphore`](crate::Semaphore).
///
/// ```
/// use tollgate_core::BoundedSemaphore;
///
/// let semaphore = BoundedSemaphore::new(1);
/// semaphore.try_acquire()?.forget();
/// semaphore.release(1)?;
/// assert!(semaphore.release(1).is_err());
/// assert_eq!(semaphore.available_permits(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BoundedSemaphore {
    engine: Engine,
    /// Permits taken out by `forget` and not yet released.
    outstanding: AtomicUsize,
}

impl BoundedSemaphore {
    /// As many permits as a semaphore can have.
    pub const MAX_PERMITS: usize = engine::MAX_PERMITS;

    const_fn! {
        /// A semaphore with this many permits, which is also the bound.
        ///
        /// # Panics
        /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
        #[must_use]
        #[track_caller]
        pub const fn new(permits: usize) -> Self {
            assert!(permits <= Self::MAX_PERMITS, "a semaphore has at most MAX_PERMITS permits");
            Self { engine: Engine::new(permits), outstanding: AtomicUsize::new(0) }
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire(&self) -> Acquire<&Self> {
        self.acquire_many(1)
    }

    /// Waits for `n` permits, which are granted together.
    ///
    /// A wait for more than the bound ends when [`resize`](Self::resize) has raised that.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire_many(&self, n: u32) -> Acquire<&Self> {
        Acquire::new(self, n)
    }

    /// Like [`acquire`](Self::acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// When the semaphore is closed.
    pub fn acquire_owned(self: Arc<Self>) -> Acquire<Arc<Self>> {
        self.acquire_many_owned(1)
    }

    /// Like [`acquire_many`](Self::acquire_many), with permits that can move into a task.
    ///
    /// # Errors
    /// When the semaphore is closed.
    pub fn acquire_many_owned(self: Arc<Self>, n: u32) -> Acquire<Arc<Self>> {
        Acquire::new(self, n)
    }

    /// Takes a permit if one is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] otherwise; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire(&self) -> Result<BoundedPermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if so many are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] otherwise; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire_many(&self, n: u32) -> Result<BoundedPermit<'_>, TryAcquireError> {
        self.engine.try_acquire(n as usize)?;
        Ok(Permit::new(self, n as usize))
    }

    /// Like [`try_acquire`](Self::try_acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] if none is free; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedBoundedPermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Like [`try_acquire_many`](Self::try_acquire_many), with permits that can move into a task.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] if there are fewer; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedBoundedPermit, TryAcquireError> {
        self.engine.try_acquire(n as usize)?;
        Ok(Permit::new(self, n as usize))
    }

    /// Gives back `n` permits that were taken out with [`forget`](Permit::forget).
    ///
    /// # Errors
    /// If fewer were taken out; nothing is given back then.
    pub fn release(&self, n: usize) -> Result<(), OverReleaseError> {
        let fewer = |outstanding: usize| outstanding.checked_sub(n);
        match self.outstanding.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer) {
            Ok(_) => {
                self.engine.release(n);
                Ok(())
            }
            Err(outstanding) => Err(OverReleaseError { released: n, outstanding }),
        }
    }

    /// Moves the bound, like [`Semaphore::resize`](crate::Semaphore::resize).
    ///
    /// # Errors
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS); nothing is changed then.
    pub fn resize(&self, permits: usize) -> Result<(), TooManyPermitsError> {
        if permits > Self::MAX_PERMITS {
            return Err(TooManyPermitsError { permits });
        }
        self.engine.resize(permits);
        Ok(())
    }

    /// The bound: how many permits there are in all.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.engine.capacity()
    }

    /// Closes the semaphore: everybody who waits, or will ask, gets an error. Permits go on being valid.
    pub fn close(&self) {
        self.engine.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    /// How many permits are free to take; 0 while anybody waits.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.engine.available()
    }

    /// Whether a call would have to wait: nothing is free, or what is free is promised to a waiter.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.engine.available() == 0
    }

    /// How many calls wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.engine.waiting()
    }
}

impl permit::sealed::Sealed for BoundedSemaphore {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn forgotten(&self, n: usize) {
        self.outstanding.fetch_add(n, Ordering::Relaxed);
    }
}

impl permit::Pool for BoundedSemaphore {}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore")
            .field("permits", &self.available_permits())
            .field("capacity", &self.capacity())
            .field("waiting", &self.waiting())
            .field("closed", &self.is_closed())
            .finish()
    }
}
