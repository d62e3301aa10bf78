//! A counting semaphore: so many at once, first come, first served.

mod acquire;
mod blocking;
pub(crate) mod engine;
mod error;
pub(crate) mod permit;

use std::fmt;

pub use acquire::Acquire;
pub use error::{AcquireError, OverReleaseError, TooManyPermitsError, TryAcquireError};
pub use permit::{Permit, Pool};

use crate::sync::{Arc, const_fn};
use engine::{Engine, Refusal};

/// Permits of a [`Semaphore`], held by reference.
pub type SemaphorePermit<'a> = Permit<&'a Semaphore>;

/// Permits of a [`Semaphore`], held by `Arc`, so that they can move into a task.
pub type OwnedSemaphorePermit = Permit<Arc<Semaphore>>;

/// Lets so many be inside at once, in the order in which they came.
///
/// ```
/// use tollgate_core::Semaphore;
///
/// # futures::executor::block_on(async {
/// let semaphore = Semaphore::new(3);
/// let permit = semaphore.acquire().await?;      // waits while three are inside
/// assert_eq!(semaphore.available_permits(), 2);
/// drop(permit);                                 // the next may enter
/// assert_eq!(semaphore.available_permits(), 3);
/// # Ok::<(), tollgate_core::AcquireError>(()) }).unwrap();
/// ```
///
/// Names and meanings are those of `tokio::sync::Semaphore`, so that changing one `use` line is the
/// whole migration. It needs no runtime. Beyond tokio's: [`release`](Self::release),
/// [`is_locked`](Self::is_locked), [`waiting`](Self::waiting) and [`resize`](Self::resize).
///
/// # Fairness
/// Strictly first in, first out, whatever is asked for: a call that wants many permits and stands at
/// the front is not overtaken by one that wants few. A future takes its place when it is first
/// polled. Nobody slips past those who wait: meanwhile [`try_acquire`](Self::try_acquire) fails and
/// [`available_permits`](Self::available_permits) is 0.
///
/// # Cancel safety
/// Dropping a waiting future gives up its place, and nothing else. If it had been granted its permits
/// but not been polled again, they go to the next in line at once.
///
/// # Cost
/// Uncontended, acquiring is one compare-exchange and releasing one addition. Joining, granting and
/// leaving the queue take constant time, and a wait allocates nothing once the queue has grown. Its memory,
/// less than 64 bytes for each who waits, is given back when nobody waits any more.
///
/// # Where it differs from tokio's
/// - It knows no runtime, and so spends nothing of tokio's cooperative budget. A task that takes free permits in a
///   loop, and awaits nothing else in it, never yields, so a `timeout` around the loop does not fire; put
///   `tokio::task::consume_budget().await` into it.
/// - [`add_permits`](Self::add_permits) counts permits in use towards [`MAX_PERMITS`](Self::MAX_PERMITS), and
///   changes nothing when it panics.
/// - Permits kept back for a large request at the front are free again as soon as the semaphore closes.
/// - It is a type of its own: what asks for tokio's by its full name (tokio-util's `PollSemaphore`, say) still does.
///   Permits are shown as `Permit`, the type behind all four aliases.
pub struct Semaphore {
    engine: Engine,
}

impl Semaphore {
    /// As many permits as a semaphore can have.
    pub const MAX_PERMITS: usize = engine::MAX_PERMITS;

    /// A semaphore with this many permits.
    ///
    /// # Panics
    /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[must_use]
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        assert!(
            permits <= Self::MAX_PERMITS,
            "permits is {permits}, but must be at most MAX_PERMITS ({})",
            Self::MAX_PERMITS
        );
        Self { engine: Engine::new(permits) }
    }

    const_fn! {
        /// A semaphore with this many permits, in a constant or a static.
        ///
        /// # Panics
        /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS); in a constant, that is a compile error.
        ///
        /// ```
        /// use tollgate_core::Semaphore;
        ///
        /// static UPLOADS: Semaphore = Semaphore::const_new(4);
        /// let _permit = UPLOADS.try_acquire()?;
        /// # Ok::<(), tollgate_core::TryAcquireError>(())
        /// ```
        #[must_use]
        pub const fn const_new(permits: usize) -> Self {
            assert!(permits <= Self::MAX_PERMITS, "a semaphore has at most MAX_PERMITS permits");
            Self { engine: Engine::new(permits) }
        }
    }

    const_fn! {
        /// A semaphore that is closed from the beginning.
        #[must_use]
        pub const fn new_closed() -> Self {
            Self { engine: Engine::new_closed() }
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
    /// A wait for more permits than there are ends when enough have been [added](Self::add_permits),
    /// and holds up everybody behind it until then.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire_many(&self, n: u32) -> Acquire<&Self> {
        Acquire::new(self, n)
    }

    /// Takes a permit if one is free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] otherwise; [`TryAcquireError::Closed`] when closed.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if so many are free and nobody waits.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] otherwise; [`TryAcquireError::Closed`] when closed.
    #[inline]
    pub fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.engine.try_acquire(n as usize)?;
        Ok(Permit::new(self, n as usize))
    }

    /// Like [`acquire`](Self::acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use tollgate_core::Semaphore;
    ///
    /// # futures::executor::block_on(async {
    /// let semaphore = Arc::new(Semaphore::new(1));
    /// let permit = semaphore.clone().acquire_owned().await?;
    /// std::thread::spawn(move || drop(permit)).join().unwrap();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # Ok::<(), tollgate_core::AcquireError>(()) }).unwrap();
    /// ```
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

    /// Like [`try_acquire`](Self::try_acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] if none is free; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// Like [`try_acquire_many`](Self::try_acquire_many), with permits that can move into a task.
    ///
    /// # Errors
    /// [`TryAcquireError::NoPermits`] if there are fewer; [`TryAcquireError::Closed`] when closed.
    pub fn try_acquire_many_owned(self: Arc<Self>, n: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.engine.try_acquire(n as usize)?;
        Ok(Permit::new(self, n as usize))
    }

    /// Waits for a permit, and blocks this thread until there is one.
    ///
    /// It stands in line like any other. Not for threads that cannot block, such as a browser's main thread.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Panics
    /// On a thread that drives tokio's tasks, with the feature `native` of `tollgate` (`tokio` of this crate).
    #[track_caller]
    pub fn blocking_acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.blocking_acquire_many(1)
    }

    /// Waits for `n` permits, and blocks this thread until they are granted.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Panics
    /// On a thread that drives tokio's tasks, with the feature `native` of `tollgate` (`tokio` of this crate).
    #[track_caller]
    pub fn blocking_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        blocking::block_on(self.acquire_many(n))
    }

    /// Like [`blocking_acquire`](Self::blocking_acquire), with a permit that can move elsewhere.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Panics
    /// On a thread that drives tokio's tasks, with the feature `native` of `tollgate` (`tokio` of this crate).
    #[track_caller]
    pub fn blocking_acquire_owned(self: Arc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.blocking_acquire_many_owned(1)
    }

    /// Like [`blocking_acquire_many`](Self::blocking_acquire_many), with permits that can move elsewhere.
    ///
    /// # Errors
    /// When the semaphore is closed.
    ///
    /// # Panics
    /// On a thread that drives tokio's tasks, with the feature `native` of `tollgate` (`tokio` of this crate).
    #[track_caller]
    pub fn blocking_acquire_many_owned(
        self: Arc<Self>,
        n: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        blocking::block_on(self.acquire_many_owned(n))
    }

    /// Adds `n` new permits.
    ///
    /// # Panics
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS); nothing is added then.
    #[track_caller]
    pub fn add_permits(&self, n: usize) {
        self.engine.add(n);
    }

    /// Adds `n` permits: asyncio's name for [`add_permits`](Self::add_permits).
    ///
    /// For permits that were taken with [`forget`](Permit::forget) and come back by hand. Nobody
    /// checks that they were; [`BoundedSemaphore`](crate::BoundedSemaphore) does.
    ///
    /// # Panics
    /// If there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS); nothing is added then.
    #[track_caller]
    pub fn release(&self, n: usize) {
        self.engine.add(n);
    }

    /// Takes up to `n` free permits away for good; returns how many that was.
    ///
    /// Permits that somebody holds or waits for are left alone; [`resize`](Self::resize) reaches those.
    pub fn forget_permits(&self, n: usize) -> usize {
        self.engine.forget(n)
    }

    /// Makes the permits `permits` in all, free and held ones together.
    ///
    /// When there are fewer from now on, the free ones go first; what is in use goes on, and its
    /// permits are withheld as they come back. Those who wait keep their places.
    ///
    /// # Errors
    /// If `permits` is more than [`MAX_PERMITS`](Self::MAX_PERMITS); nothing is changed then.
    ///
    /// ```
    /// use tollgate_core::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let held = semaphore.try_acquire_many(3)?;
    /// semaphore.resize(1)?;
    /// drop(held);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resize(&self, permits: usize) -> Result<(), TooManyPermitsError> {
        if permits > Self::MAX_PERMITS {
            return Err(TooManyPermitsError { permits });
        }
        self.engine.resize(permits);
        Ok(())
    }

    /// How many permits there are in all, free and held ones together.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.engine.capacity()
    }

    /// Closes the semaphore: everybody who waits, or will ask, gets an error. Permits go on being valid.
    ///
    /// Whoever had been granted permits, but not noticed before the close, gets the error as well, and gives the
    /// permits back then.
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

impl permit::sealed::Sealed for Semaphore {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn forgotten(&self, n: usize) {
        self.engine.uncount(n);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("permits", &self.available_permits())
            .field("capacity", &self.capacity())
            .field("waiting", &self.waiting())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl From<Refusal> for TryAcquireError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Closed,
            Refusal::NoPermits => Self::NoPermits,
        }
    }
}
