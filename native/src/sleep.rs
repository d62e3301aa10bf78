//! An alarm that rings wherever it was set.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::helper::helper;

/// How long after its time an alarm may be before the helper thread rings in its stead.
///
/// Long enough not to ring first when the runtime is merely busy, short enough for whoever waits.
const GRACE: Duration = Duration::from_millis(20);

pin_project! {
    /// The sleep of a [`TokioTimer`](crate::TokioTimer).
    ///
    /// It leaves tokio's cooperative budget alone: the budget is that of whichever task happened to set
    /// the alarm, and an alarm that is not set because that task has had its share would be lost.
    #[must_use = "futures do nothing unless polled"]
    pub struct TokioSleep {
        #[pin]
        sleep: Unconstrained<Sleep>,
        #[pin]
        guard: Option<Unconstrained<Sleep>>,
        home: Option<Home>,
        at: Instant,
    }
}

impl TokioSleep {
    /// An alarm that rings in the runtime of `handle`, which must be the current one. Should the helper
    /// have to ring instead, `stood_in` tells.
    pub(crate) fn within(handle: &Handle, at: Instant, stood_in: &Arc<AtomicBool>) -> Self {
        // tokio cannot be asked whether a runtime has timers; it panics if not.
        let sleep = catch_unwind(|| unconstrained(sleep_until(at)));
        let Ok(sleep) = sleep else { return Self::outside(at) };
        // A runtime with worker threads is running as a rule. A current-thread runtime is only while
        // somebody is blocking on it, and those who wait may be elsewhere.
        let guarded = handle.runtime_flavor() == RuntimeFlavor::CurrentThread && !is_helper(handle);
        let guard = guarded.then(|| on_helper(at + GRACE));
        let home = guarded.then(|| Home { handle: handle.clone(), stood_in: stood_in.clone() });
        Self { sleep, guard, home, at }
    }

    /// An alarm that rings on the helper thread.
    pub(crate) fn outside(at: Instant) -> Self {
        Self { sleep: on_helper(at), guard: None, home: None, at }
    }
}

fn is_helper(handle: &Handle) -> bool {
    handle.id() == helper().id()
}

/// A sleep on the helper, whose clock is another one: for as long as it is until `at` by the current one.
fn on_helper(at: Instant) -> Unconstrained<Sleep> {
    let after = at.saturating_duration_since(Instant::now());
    let _context = helper().enter();
    unconstrained(tokio::time::sleep(after))
}

impl Future for TokioSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        // A runtime that is shutting down takes no more alarms, and panics if given one.
        let polled = catch_unwind(AssertUnwindSafe(|| this.sleep.as_mut().poll(cx)));
        let Ok(polled) = polled else {
            this.guard.set(None);
            this.sleep.set(on_helper(*this.at));
            return this.sleep.poll(cx);
        };
        if polled.is_ready() {
            return Poll::Ready(());
        }
        if let (Some(guard), Some(home)) = (this.guard.as_pin_mut(), this.home) {
            let waker = Waker::from(Arc::new(AtHome { waker: cx.waker().clone(), home: home.clone() }));
            return guard.poll(&mut Context::from_waker(&waker));
        }
        Poll::Pending
    }
}

impl fmt::Debug for TokioSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioSleep").field("guarded", &self.guard.is_some()).finish_non_exhaustive()
    }
}

/// The runtime in which an alarm was set.
#[derive(Clone, Debug)]
struct Home {
    handle: Handle,
    stood_in: Arc<AtomicBool>,
}

/// Wakes from within that runtime, so that its clock is the one that is read.
struct AtHome {
    waker: Waker,
    home: Home,
}

impl Wake for AtHome {
    fn wake(self: Arc<Self>) {
        let _context = self.home.handle.enter();
        self.home.stood_in.store(true, Ordering::Relaxed);
        self.waker.wake_by_ref();
    }
}
