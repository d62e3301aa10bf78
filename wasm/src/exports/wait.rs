//! Waiters: the futures of core, each with a number for a waker.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tollgate_core::{AdmitError, BoundedSemaphore, semaphore, throttle};

use super::code::Code;
use crate::{JsTimer, Throttle};

/// One who waits at a gate.
pub(crate) struct Wait {
    pub(crate) gate: u32,
    kind: Kind,
}

enum Kind {
    Permits(semaphore::Acquire<Arc<BoundedSemaphore>>, u32),
    Call(throttle::Reserve<Throttle, JsTimer>),
}

impl Wait {
    pub(crate) fn for_permits(gate: u32, semaphore: &Arc<BoundedSemaphore>, permits: u32) -> Self {
        Self { gate, kind: Kind::Permits(semaphore.clone().acquire_many_owned(permits), permits) }
    }

    pub(crate) fn for_call(gate: u32, future: throttle::Reserve<Throttle, JsTimer>) -> Self {
        Self { gate, kind: Kind::Call(future) }
    }

    /// Looks how far it is. What was granted is forgotten, to be released by number; answers with how many permits of a
    /// semaphore that was.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Result<u32, Code>> {
        let mut cx = Context::from_waker(waker);
        match &mut self.kind {
            Kind::Permits(future, permits) => Pin::new(future).poll(&mut cx).map(|result| {
                result.map_err(|_| Code::Closed)?.forget();
                Ok(*permits)
            }),
            Kind::Call(future) => Pin::new(future).poll(&mut cx).map(|result| {
                result.map_err(code)?.forget();
                Ok(0)
            }),
        }
    }
}

fn code(error: AdmitError) -> Code {
    match error {
        AdmitError::QueueFull { .. } => Code::QueueFull,
        AdmitError::TimedOut => Code::TimedOut,
        AdmitError::Cost(_) => Code::Cost,
        _ => Code::Closed,
    }
}
