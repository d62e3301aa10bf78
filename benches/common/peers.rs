//! The semaphores that are compared, behind one trait that adds nothing to them.

use std::future::Future;
use std::sync::Arc;

/// A semaphore. Each method hands out exactly what the crate's own does: a permit, or a result around it.
pub(crate) trait Peer: Send + Sync + Sized + 'static {
    const NAME: &'static str;
    /// Whether it lets newcomers overtake those who wait; then it is no match for those that do not.
    const UNFAIR: bool = false;

    fn with_permits(permits: usize) -> Self;
    fn acquire(&self) -> impl Future<Output: Send> + Send;
    fn acquire_owned(self: &Arc<Self>) -> impl Future;
    fn try_acquire(&self) -> impl Sized;
}

impl Peer for tollgate::Semaphore {
    const NAME: &'static str = "tollgate";

    fn with_permits(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }

    #[inline]
    fn acquire_owned(self: &Arc<Self>) -> impl Future {
        self.clone().acquire_owned()
    }

    #[inline]
    fn try_acquire(&self) -> impl Sized {
        self.try_acquire()
    }
}

impl Peer for tokio::sync::Semaphore {
    const NAME: &'static str = "tokio";

    fn with_permits(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }

    #[inline]
    fn acquire_owned(self: &Arc<Self>) -> impl Future {
        self.clone().acquire_owned()
    }

    #[inline]
    fn try_acquire(&self) -> impl Sized {
        self.try_acquire()
    }
}

impl Peer for async_lock::Semaphore {
    const NAME: &'static str = "async-lock";
    const UNFAIR: bool = true;

    fn with_permits(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire()
    }

    #[inline]
    fn acquire_owned(self: &Arc<Self>) -> impl Future {
        self.acquire_arc()
    }

    #[inline]
    fn try_acquire(&self) -> impl Sized {
        self.try_acquire()
    }
}

impl Peer for asyncband::semaphore::Semaphore {
    const NAME: &'static str = "asyncband";

    fn with_permits(permits: usize) -> Self {
        Self::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output: Send> + Send {
        self.acquire(1)
    }

    #[inline]
    fn acquire_owned(self: &Arc<Self>) -> impl Future {
        self.clone().acquire_owned(1)
    }

    #[inline]
    fn try_acquire(&self) -> impl Sized {
        self.try_acquire(1)
    }
}
