//! The future of `acquire`.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::engine::{Asked, Fate, Place, Refusal};
use super::permit::sealed::Sealed;
use super::permit::{Permit, Pool};
use crate::AcquireError;

/// Waits for permits: [`Semaphore::acquire`](crate::Semaphore::acquire) and its kin.
///
/// It takes its place in line when first polled, before anything can yield. Dropping it gives the
/// place up; permits already granted to it go to the next in line.
#[must_use = "futures do nothing unless polled"]
pub struct Acquire<S>
where
    S: Deref<Target: Pool>,
{
    /// None once the permit has been handed out.
    pool: Option<S>,
    permits: u32,
    queued: Option<Place>,
}

impl<S: Deref<Target: Pool>> Acquire<S> {
    #[inline]
    pub(crate) fn new(pool: S, permits: u32) -> Self {
        Self { pool: Some(pool), permits, queued: None }
    }

    /// Hands out the permit; `granted` permits are already ours.
    #[inline]
    fn finish(&mut self, granted: bool) -> Poll<Result<Permit<S>, AcquireError>> {
        self.queued = None;
        let permit =
            self.pool.take().filter(|_| granted).map(|pool| Permit::new(pool, self.permits as usize));
        Poll::Ready(permit.ok_or(AcquireError(())))
    }
}

impl<S: Deref<Target: Pool> + Unpin> Future for Acquire<S> {
    type Output = Result<Permit<S>, AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let engine = this.pool.as_deref().expect("`Acquire` polled after it was ready").engine();
        match this.queued {
            None => match engine.try_acquire(this.permits as usize) {
                Ok(()) => this.finish(true),
                Err(Refusal::Closed) => this.finish(false),
                Err(Refusal::NoPermits) => match engine.ask(this.permits, cx.waker()) {
                    Asked::Granted => this.finish(true),
                    Asked::Closed => this.finish(false),
                    Asked::Queued(place) => {
                        this.queued = Some(place);
                        Poll::Pending
                    }
                },
            },
            Some(place) => match engine.poll(place, this.permits, cx.waker()) {
                Fate::Waiting => Poll::Pending,
                Fate::Granted => this.finish(true),
                Fate::Closed | Fate::Void => this.finish(false),
            },
        }
    }
}

impl<S: Deref<Target: Pool>> Drop for Acquire<S> {
    #[inline]
    fn drop(&mut self) {
        if let (Some(pool), Some(place)) = (&self.pool, self.queued) {
            pool.engine().cancel(place, self.permits);
        }
    }
}

impl<S: Deref<Target: Pool>> fmt::Debug for Acquire<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.permits)
            .field("queued", &self.queued.is_some())
            .finish_non_exhaustive()
    }
}
