//! Waiting for permits on a thread that may block.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::Arc;

/// Wakes a thread that waits. Not by parking it: whoever calls may use that for something else.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn wait(&self) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let rung = self.changed.wait_while(rung, |rung| !*rung);
        *rung.unwrap_or_else(PoisonError::into_inner) = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}

/// Waits for a future on this thread.
///
/// # Panics
/// With the feature `tokio`, on a thread that drives tokio's tasks: they would all stand still.
#[track_caller]
pub(super) fn block_on<F: Future + Unpin>(mut future: F) -> F::Output {
    refuse_where_tasks_are_driven();
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut cx = Context::from_waker(&waker);
    loop {
        match Pin::new(&mut future).poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => bell.wait(),
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
