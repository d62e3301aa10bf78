//! Waiting for permits on a thread that may block.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::sync::Arc;

/// Wakes a thread that is parked.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread.
///
/// # Panics
/// With the feature `tokio`, on a thread that drives tokio's tasks: they would all stand still.
#[track_caller]
pub(super) fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    refuse_where_tasks_are_driven();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match Pin::new(&mut future).poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Panics as tokio's own blocking calls do: by asking one of them to lock what nobody else can hold.
#[cfg(feature = "tokio")]
#[track_caller]
fn refuse_where_tasks_are_driven() {
    drop(tokio::sync::Mutex::new(()).blocking_lock());
}

#[cfg(not(feature = "tokio"))]
fn refuse_where_tasks_are_driven() {}
