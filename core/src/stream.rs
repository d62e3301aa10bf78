//! Streams whose items come no faster than a throttle lets them in.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use crate::throttle::{Acquire, AdmitError, Permit, Throttle};
use crate::time::Timer;

/// Puts a throttle on a stream: [`throttled`](Self::throttled).
pub trait ThrottleStreamExt: Stream + Sized {
    /// Lets each item through when `throttle` does, together with its permit.
    ///
    /// Whoever takes the item keeps the permit for as long as the item is worked on, so that slots count
    /// as they do elsewhere; dropping it at once leaves only the rates in force. To collect more items with
    /// their permits than there are slots is to wait for ever. Each item costs 1.
    ///
    /// ```
    /// use futures::{StreamExt, stream};
    /// use tollgate_core::{Throttle, ThrottleStreamExt, time::ManualTimer};
    ///
    /// # futures::executor::block_on(async {
    /// let throttle = Throttle::builder_on(ManualTimer::new()).concurrency(2).build()?;
    /// let mut pages = stream::iter(["a", "b"]).throttled(throttle.clone());
    /// while let Some(page) = pages.next().await {
    ///     let (url, permit) = page?;
    ///     assert_eq!(throttle.in_flight(), 1);
    ///     drop((url, permit));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    fn throttled<T: Timer>(self, throttle: Throttle<T>) -> Throttled<Self, T> {
        Throttled { stream: self, throttle, cost: |_| 1.0, pending: None }
    }

    /// Like [`throttled`](Self::throttled), at a cost that depends on the item.
    fn throttled_by<T: Timer, C>(self, throttle: Throttle<T>, cost: C) -> Throttled<Self, T, C>
    where
        C: FnMut(&Self::Item) -> f64,
    {
        Throttled { stream: self, throttle, cost, pending: None }
    }
}

impl<S: Stream> ThrottleStreamExt for S {}

pin_project! {
    /// A stream on a throttle: [`ThrottleStreamExt::throttled`].
    ///
    /// An item is taken from the stream behind it first, and then waits for the throttle, so that no
    /// slot is taken for an item that is not there. Order is kept, and one item is looked ahead.
    ///
    /// # Errors
    /// An item that the throttle refuses comes out as [`Refused`], with the reason; none is lost. The
    /// stream goes on after it.
    ///
    /// # Cancel safety
    /// An item that waits stays with the stream when `next()` is dropped, and so does its place in line.
    #[must_use = "streams do nothing unless polled"]
    pub struct Throttled<S, T, C = fn(&<S as Stream>::Item) -> f64>
    where
        S: Stream,
        T: Timer,
    {
        #[pin]
        stream: S,
        throttle: Throttle<T>,
        cost: C,
        pending: Option<(S::Item, Acquire<Throttle<T>, T>)>,
    }
}

/// An item that was not let in: [`Throttled`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Refused<I> {
    /// The item.
    pub item: I,
    /// Why.
    pub error: AdmitError,
}

impl<S, T, C> Stream for Throttled<S, T, C>
where
    S: Stream,
    T: Timer,
    C: FnMut(&S::Item) -> f64,
{
    type Item = Result<(S::Item, Permit<Throttle<T>, T>), Refused<S::Item>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.project();
        if this.pending.is_none() {
            let Some(item) = ready!(this.stream.poll_next(cx)) else { return Poll::Ready(None) };
            let acquire = this.throttle.acquire_cost_owned((this.cost)(&item));
            *this.pending = Some((item, acquire));
        }
        let Some((_, acquire)) = this.pending else { unreachable!("it was put there above") };
        let admitted = ready!(Pin::new(acquire).poll(cx));
        let item = this.pending.take().map(|(item, _)| item);
        Poll::Ready(item.map(|item| match admitted {
            Ok(permit) => Ok((item, permit)),
            Err(error) => Err(Refused { item, error }),
        }))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let waiting = usize::from(self.pending.is_some());
        let (least, most) = self.stream.size_hint();
        (least.saturating_add(waiting), most.and_then(|most| most.checked_add(waiting)))
    }
}

impl<S, T, C> FusedStream for Throttled<S, T, C>
where
    S: FusedStream,
    T: Timer,
    C: FnMut(&S::Item) -> f64,
{
    fn is_terminated(&self) -> bool {
        self.pending.is_none() && self.stream.is_terminated()
    }
}

impl<S: Stream, T: Timer, C> fmt::Debug for Throttled<S, T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttled").field("throttle", &self.throttle).finish_non_exhaustive()
    }
}

impl<I> fmt::Display for Refused<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item not let in: {}", self.error)
    }
}

impl<I: fmt::Debug> std::error::Error for Refused<I> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
