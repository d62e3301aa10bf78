//! What happens, told to whoever watches: events of `tracing`, all of target `tollgate`.
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `admitted` | trace | `cost`, `waited` | a call has been let in, and its caller has the permit |
//! | `delayed` | debug | `cost`, `ahead`, `wait` | a call has joined the line |
//! | `refused` | debug | `cost`, `error` | a call has been turned away |
//! | `paused` | info | `wait`, `reason` | a pause has begun, or has become longer |
//! | `resumed` | info | | a pause has been ended, or has run out and the first call goes on |
//! | `retried` | debug | `attempt`, `wait`, `status` | a request will be sent again |
//!
//! # Rules
//! - Nothing is told while the engine's lock is held: a subscriber is foreign code, and may call the throttle.
//! - What becomes of a call is told where its future is polled, and so in its caller's span.
//! - Whoever was let in has the permit before it is told, so that a subscriber that panics loses none.
//! - No clock is read for it: all times are at hand anyway.
//! - Without the feature `tracing`, all of this is empty, and the compiler leaves nothing of it.

use std::time::Duration;

#[cfg(not(feature = "tracing"))]
pub(crate) use silent::*;
#[cfg(feature = "tracing")]
pub(crate) use told::*;

/// Where a call has found itself when it joined the line.
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "nobody is told"))]
pub(crate) struct Delay {
    /// How many wait before it.
    pub(crate) ahead: usize,
    /// How long the limits make it wait at least.
    pub(crate) wait: Duration,
}

/// Who wants a pause.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    Pause,
    Server,
}

#[cfg(feature = "tracing")]
mod told {
    use std::fmt::Display;
    use std::time::Duration;

    use tracing::{Level, event};

    use super::{Delay, Reason};
    use crate::time::Tick;

    /// Speaks for one engine, or keeps silent for it.
    pub(crate) struct Voice {
        speaks: bool,
    }

    /// What there is to tell of a call that was let in.
    pub(crate) struct Admission {
        waited: Duration,
        resumes: bool,
    }

    /// A pause that has been told of, while its end has not.
    #[derive(Debug)]
    pub(crate) struct Unresumed(bool);

    impl Voice {
        pub(crate) const fn new() -> Self {
            Self { speaks: true }
        }

        #[cfg(feature = "http")]
        pub(crate) const fn silent() -> Self {
            Self { speaks: false }
        }

        /// Whether anybody wants to know of calls that join the line. Asks the subscriber, as telling does.
        pub(crate) fn is_heard_on_delays(&self) -> bool {
            self.speaks && tracing::enabled!(target: "tollgate", Level::DEBUG)
        }

        pub(crate) fn admitted(&self, cost: f64, admission: &Admission) {
            if self.speaks {
                self.resumed(admission.resumes);
                let waited = admission.waited;
                event!(name: "admitted", target: "tollgate", Level::TRACE, cost, ?waited, "admitted");
            }
        }

        pub(crate) fn delayed(&self, cost: f64, delay: &Delay) {
            if self.speaks {
                let Delay { ahead, wait } = delay;
                event!(name: "delayed", target: "tollgate", Level::DEBUG, cost, ahead, ?wait, "delayed");
            }
        }

        pub(crate) fn refused(&self, cost: f64, error: &impl Display) {
            if self.speaks {
                event!(name: "refused", target: "tollgate", Level::DEBUG, cost, %error, "refused");
            }
        }

        /// Only a pause that `holds` longer than what was said before is one.
        pub(crate) fn paused(&self, holds: bool, wait: Duration, reason: Reason) {
            if holds && self.speaks {
                let reason = match reason {
                    Reason::Pause => "pause",
                    Reason::Server => "server",
                };
                event!(name: "paused", target: "tollgate", Level::INFO, ?wait, reason, "paused");
            }
        }

        pub(crate) fn resumed(&self, resumed: bool) {
            if resumed && self.speaks {
                event!(name: "resumed", target: "tollgate", Level::INFO, "resumed");
            }
        }
    }

    /// A request will be sent again, for the `attempt`-th time, not before `wait` is over.
    #[cfg(feature = "http")]
    pub(crate) fn retried(attempt: u32, wait: Duration, status: Option<u16>) {
        match status {
            Some(status) => {
                event!(name: "retried", target: "tollgate", Level::DEBUG, attempt, ?wait, status, "retried");
            }
            None => {
                let status = "no answer";
                event!(name: "retried", target: "tollgate", Level::DEBUG, attempt, ?wait, status, "retried");
            }
        }
    }

    impl Admission {
        /// Joined the line at one time and was let in at another; and whether a pause has run out before.
        pub(crate) fn after(joined: Tick, admitted: Tick, resumes: bool) -> Self {
            Self { waited: admitted.since(joined), resumes }
        }
    }

    impl Unresumed {
        pub(crate) const fn new() -> Self {
            Self(false)
        }

        pub(crate) fn set(&mut self) {
            self.0 = true;
        }

        pub(crate) fn clear(&mut self) {
            self.0 = false;
        }

        /// Whether it has been set, and `over` is so; then it is set no more.
        pub(crate) fn take_if(&mut self, over: bool) -> bool {
            over && std::mem::take(&mut self.0)
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod silent {
    use std::fmt::Display;
    use std::time::Duration;

    use super::{Delay, Reason};
    use crate::time::Tick;

    pub(crate) struct Voice;

    pub(crate) struct Admission;

    #[derive(Debug)]
    pub(crate) struct Unresumed;

    #[rustfmt::skip]
    impl Voice {
        pub(crate) const fn new() -> Self { Self }
        #[cfg(feature = "http")]
        pub(crate) const fn silent() -> Self { Self }
        #[inline(always)]
        pub(crate) fn is_heard_on_delays(&self) -> bool { false }
        #[inline(always)]
        pub(crate) fn admitted(&self, _: f64, _: &Admission) {}
        #[inline(always)]
        pub(crate) fn delayed(&self, _: f64, _: &Delay) {}
        #[inline(always)]
        pub(crate) fn refused(&self, _: f64, _: &impl Display) {}
        #[inline(always)]
        pub(crate) fn paused(&self, _: bool, _: Duration, _: Reason) {}
        #[inline(always)]
        pub(crate) fn resumed(&self, _: bool) {}
    }

    #[cfg(feature = "http")]
    #[inline(always)]
    pub(crate) fn retried(_: u32, _: Duration, _: Option<u16>) {}

    #[rustfmt::skip]
    impl Admission {
        #[inline(always)]
        pub(crate) fn after(_: Tick, _: Tick, _: bool) -> Self { Self }
    }

    #[rustfmt::skip]
    impl Unresumed {
        pub(crate) const fn new() -> Self { Self }
        #[inline(always)]
        pub(crate) fn set(&mut self) {}
        #[inline(always)]
        pub(crate) fn clear(&mut self) {}
        #[inline(always)]
        pub(crate) fn take_if(&mut self, _: bool) -> bool { false }
    }

    // Nothing is left of it.
    const _: () = assert!(size_of::<(Voice, Admission, Unresumed)>() == 0);
}
