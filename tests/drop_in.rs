//! `tollgate::Semaphore` in the place of `tokio::sync::Semaphore`.
//!
//! The files in `drop_in/` are programs written for tokio's semaphore. Each is compiled twice, once with
//! tokio's types and once with tollgate's; nothing but the `use` line differs. What both do is the contract.
//! Where tollgate differs on purpose, [`differences`] says how and why.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};

/// Compiles all programs with the names of one library.
macro_rules! programs {
    ($module:ident: use $($library:ident)::+) => {
        mod $module {
            use $($library)::+::{
                AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError,
            };

            mod making {
                use super::*;
                include!("drop_in/making.rs");
            }
            mod taking {
                use super::*;
                include!("drop_in/taking.rs");
            }
            mod order {
                use super::*;
                include!("drop_in/order.rs");
            }
            mod budget {
                use super::*;
                include!("drop_in/budget.rs");
            }
            mod counting {
                use super::*;
                include!("drop_in/counting.rs");
            }
            mod permits {
                use super::*;
                include!("drop_in/permits.rs");
            }
            mod closing {
                use super::*;
                include!("drop_in/closing.rs");
            }
            mod cancelling {
                use super::*;
                include!("drop_in/cancelling.rs");
            }
            mod wakers {
                use super::*;
                include!("drop_in/wakers.rs");
            }
            mod types {
                use super::*;
                include!("drop_in/types.rs");
            }
            mod tasks {
                use super::*;
                include!("drop_in/tasks.rs");
            }
            mod blocking {
                use super::*;
                include!("drop_in/blocking.rs");
            }
            mod stress {
                use super::*;
                include!("drop_in/stress.rs");
            }
        }
    };
}

programs!(with_tokio: use tokio::sync);
programs!(with_tollgate: use tollgate);

#[path = "drop_in/differences.rs"]
mod differences;

/// A future on the heap, as those of tokio have to be pinned.
type Pinned<F> = Pin<Box<F>>;

/// Polls once, with a waker that does nothing.
fn poll<F: Future>(future: &mut Pinned<F>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

fn poll_with<F: Future>(future: &mut Pinned<F>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// A future that has taken its place in line.
fn waiting<F: Future>(future: F) -> Pinned<F> {
    let mut future = Box::pin(future);
    assert!(poll(&mut future).is_pending(), "let in at once");
    future
}

/// The output of a future that is ready when first polled.
fn at_once<F: Future>(future: F) -> F::Output {
    now(&mut Box::pin(future))
}

/// The output of a future that must be ready by now.
fn now<F: Future>(future: &mut Pinned<F>) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("still waiting"),
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        (bell.clone(), Waker::from(bell))
    }

    fn rung(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The file in which `run` panics; none if it does not panic.
fn panic_file(run: impl FnOnce()) -> Option<String> {
    thread_local!(static FILE: RefCell<Option<String>> = const { RefCell::new(None) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            FILE.set(info.location().map(|location| location.file().to_owned()));
            before(info);
        }));
    });
    catch_unwind(AssertUnwindSafe(run)).err()?;
    FILE.take()
}

fn panics(run: impl FnOnce()) -> bool {
    panic_file(run).is_some()
}
