//! An alarm that is set with `setTimeout`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use gloo_timers::callback::Timeout;
use send_wrapper::SendWrapper;
use tollgate_core::time::{Tick, Timer};

use crate::timer::JsTimer;

/// The longest that `setTimeout` can sleep, in milliseconds. More than that would ring at once.
const LONGEST: u64 = i32::MAX as u64;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Completes at its deadline, or early: after the longest sleep there is.
///
/// Set when first polled, cleared when dropped.
///
/// # Panics
/// When polled or dropped on another thread than the one on which it was first polled: an alarm of JavaScript
/// belongs to its thread.
pub struct JsSleep {
    deadline: Tick,
    alarm: Option<SendWrapper<Timeout>>,
}

impl JsSleep {
    pub(crate) fn until(deadline: Tick) -> Self {
        Self { deadline, alarm: None }
    }
}

impl Future for JsSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let now = JsTimer::new().now();
        if now >= self.deadline {
            return Poll::Ready(());
        }
        let left = self.deadline.as_nanos() - now.as_nanos();
        let millis = left.div_ceil(NANOS_PER_MILLI).min(LONGEST) as u32;
        let waker = cx.waker().clone();
        self.alarm = Some(SendWrapper::new(Timeout::new(millis, move || waker.wake())));
        Poll::Pending
    }
}

impl fmt::Debug for JsSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsSleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
