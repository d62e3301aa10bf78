//! A body that holds its slot until it has ended.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// A body that holds a slot: given back when it has ended, has failed, or is dropped.
    pub struct Held<B, P> {
        #[pin]
        body: B,
        permit: Option<P>,
    }
}

impl<B: Body, P> Held<B, P> {
    pub(crate) fn new(body: B, permit: P) -> Self {
        // What has nothing to be read is over.
        let permit = (!body.is_end_stream()).then_some(permit);
        Self { body, permit }
    }
}

impl<B: Body, P> Body for Held<B, P> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        // Who knows the length reads no further than that.
        if !matches!(frame, Some(Ok(_))) || this.body.is_end_stream() {
            *this.permit = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B: fmt::Debug, P> fmt::Debug for Held<B, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Held");
        shown.field("body", &self.body).field("holds", &self.permit.is_some()).finish()
    }
}
