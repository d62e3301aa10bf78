//! Permits: held while in use, given back when dropped.

use std::fmt;
use std::mem;
use std::ops::Deref;

use super::engine::Engine;
use crate::Semaphore;
use crate::sync::Arc;

/// One or more permits of a semaphore, given back when dropped.
///
/// Usually met as [`SemaphorePermit`](crate::SemaphorePermit) or
/// [`OwnedSemaphorePermit`](crate::OwnedSemaphorePermit); the two differ in how they hold on to their
/// semaphore, by reference or by `Arc`.
///
/// May be dropped on any thread; the next in line is then woken from there.
#[must_use = "a permit that is not kept is given back at once"]
pub struct Permit<S>
where
    S: Deref<Target: Pool>,
{
    pool: S,
    permits: usize,
}

/// What permits can be of: [`Semaphore`] and [`BoundedSemaphore`](crate::BoundedSemaphore). Sealed.
pub trait Pool: sealed::Sealed {}

impl Pool for Semaphore {}

pub(crate) mod sealed {
    use super::Engine;

    pub trait Sealed {
        #[doc(hidden)]
        fn engine(&self) -> &Engine;

        /// `n` permits of somebody's will not come back by themselves.
        #[doc(hidden)]
        fn forgotten(&self, n: usize);
    }
}

impl<S: Deref<Target: Pool>> Permit<S> {
    #[inline]
    pub(crate) fn new(pool: S, permits: usize) -> Self {
        Self { pool, permits }
    }

    /// How many permits this is.
    pub fn num_permits(&self) -> usize {
        self.permits
    }

    /// Keeps the permits out of circulation, instead of giving them back.
    ///
    /// A plain semaphore has so many fewer from now on. A bounded one waits for them to be
    /// [released](crate::BoundedSemaphore::release) by hand.
    ///
    /// ```
    /// use tollgate_core::Semaphore;
    ///
    /// let semaphore = Semaphore::new(2);
    /// semaphore.try_acquire()?.forget();
    /// assert_eq!(semaphore.available_permits(), 1);
    /// # Ok::<(), tollgate_core::TryAcquireError>(())
    /// ```
    pub fn forget(mut self) {
        let n = mem::take(&mut self.permits);
        sealed::Sealed::forgotten(&*self.pool, n);
    }

    /// Adds the permits of `other` to this one.
    ///
    /// # Panics
    /// If they are of different semaphores, or more than `usize::MAX` together.
    #[track_caller]
    pub fn merge(&mut self, mut other: Self) {
        assert!(
            std::ptr::eq(&raw const *self.pool, &raw const *other.pool),
            "only permits of one semaphore can be merged"
        );
        self.permits = self.permits.checked_add(other.permits).expect("at most usize::MAX permits in one");
        other.permits = 0;
    }

    /// Takes `n` permits out of this one; none if it has fewer.
    ///
    /// ```
    /// use tollgate_core::Semaphore;
    ///
    /// let semaphore = Semaphore::new(3);
    /// let mut three = semaphore.try_acquire_many(3)?;
    /// let one = three.split(1).expect("there are three");
    /// assert_eq!((one.num_permits(), three.num_permits()), (1, 2));
    /// assert!(three.split(5).is_none());
    /// # Ok::<(), tollgate_core::TryAcquireError>(())
    /// ```
    pub fn split(&mut self, n: usize) -> Option<Self>
    where
        S: Clone,
    {
        self.permits = self.permits.checked_sub(n)?;
        Some(Self::new(self.pool.clone(), n))
    }
}

impl<P: Pool> Permit<&P> {
    /// The semaphore these permits are of.
    pub fn semaphore(&self) -> &P {
        self.pool
    }
}

impl<P: Pool> Permit<Arc<P>> {
    /// The semaphore these permits are of.
    pub fn semaphore(&self) -> &Arc<P> {
        &self.pool
    }
}

impl<S: Deref<Target: Pool>> Drop for Permit<S> {
    #[inline]
    fn drop(&mut self) {
        sealed::Sealed::engine(&*self.pool).release(self.permits);
    }
}

impl<S: Deref<Target: Pool>> fmt::Debug for Permit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("permits", &self.permits).finish_non_exhaustive()
    }
}
