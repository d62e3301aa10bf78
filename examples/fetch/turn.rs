//! A request's way in: first with the permit that its line has got in turn, and then like anybody else.

use std::sync::Mutex;
use std::time::Duration;

use tollgate::http::Gate;
use tollgate::time::Tick;
use tollgate::{AdmitError, OwnedThrottlePermit, Throttle, TokioTimer};

/// What a request goes through at each attempt.
pub(crate) struct Turn {
    throttle: Throttle,
    first: Mutex<Option<OwnedThrottlePermit>>,
    /// Whether others wait when the server says that it is too much.
    heeds: bool,
}

impl Turn {
    pub(crate) fn new(throttle: Throttle, permit: OwnedThrottlePermit, heeds: bool) -> Self {
        Self { throttle, first: Mutex::new(Some(permit)), heeds }
    }
}

impl Gate<TokioTimer> for Turn {
    type Permit = OwnedThrottlePermit;

    async fn enter(&self, cost: f64) -> Result<OwnedThrottlePermit, AdmitError> {
        let first = self.first.lock().expect("nobody panics with it").take();
        match first {
            Some(permit) => Ok(permit),
            None => Gate::enter(&self.throttle, cost).await,
        }
    }

    fn hold_off(&self, wait: Duration, sent: Tick) {
        if self.heeds {
            self.throttle.hold_off(wait, sent);
        }
    }

    fn tighten(&self, remaining: f64) {
        self.throttle.tighten(remaining);
    }

    fn timer(&self) -> &TokioTimer {
        self.throttle.timer()
    }
}
