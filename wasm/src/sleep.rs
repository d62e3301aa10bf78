//! An alarm of JavaScript's as a future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tollgate_core::time::{Tick, Timer};

use crate::alarms::Alarm;
use crate::timer::JsTimer;

/// The longest that `setTimeout` can sleep, in milliseconds. More than that would ring at once.
const LONGEST: u64 = i32::MAX as u64;

const NANOS_PER_MILLI: u64 = 1_000_000;

/// Completes at its deadline, or early: after the longest sleep there is.
///
/// Set when polled, cleared when dropped. An alarm of JavaScript belongs to its thread: dropped on another one, it
/// stays set, and wakes whom it was to wake.
pub struct JsSleep {
    deadline: Tick,
    alarm: Option<Alarm>,
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
        let millis = left.div_ceil(NANOS_PER_MILLI).min(LONGEST) as i32;
        self.alarm = Some(Alarm::set(millis, cx.waker().clone()));
        Poll::Pending
    }
}

impl fmt::Debug for JsSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsSleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
