//! The rules carried out: whoever can send once, sends politely.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::attempts::{Answer, Request, Retries};
use super::fields::Fields;
use super::policy::RetryPolicy;
use crate::throttle::{AdmitError, OwnedThrottlePermit, Throttle};
use crate::time::{Tick, Timer};

/// What a request goes through, again at each attempt.
pub trait Gate<T: Timer> {
    /// Leave to be under way; given back when dropped.
    type Permit;

    /// Waits to be let in, and begins.
    fn enter(&self, cost: f64) -> impl Future<Output = Result<Self::Permit, AdmitError>> + Send;

    /// The server has refused what was sent at `sent`: [`Throttle::hold_off`].
    fn hold_off(&self, wait: Duration, sent: Tick);

    /// The server says that so many units remain: [`Throttle::tighten`].
    fn tighten(&self, remaining: f64);

    /// The clock.
    fn timer(&self) -> &T;
}

impl<T: Timer> Gate<T> for Throttle<T> {
    type Permit = OwnedThrottlePermit<T>;

    async fn enter(&self, cost: f64) -> Result<Self::Permit, AdmitError> {
        Ok(self.reserve_cost_owned(cost).await?.begin())
    }

    fn hold_off(&self, wait: Duration, sent: Tick) {
        Self::hold_off(self, wait, sent);
    }

    fn tighten(&self, remaining: f64) {
        Self::tighten(self, remaining);
    }

    fn timer(&self) -> &T {
        Self::timer(self)
    }
}

/// What comes back, as far as the rules look at it.
pub trait Reply {
    /// The status code.
    fn status(&self) -> u16;

    /// The value of a field of this name, which is in lower case.
    fn field(&self, name: &str) -> Option<&[u8]>;
}

/// Why there is no reply.
#[derive(Debug)]
pub enum Undelivered<E> {
    /// It was not let in.
    Refused(AdmitError),
    /// It was sent, and this is what the last attempt came to.
    Failed(E),
}

/// Sends requests through a gate, and again as the [rules](super::Retries) say.
///
/// Every attempt queues like any other. What holds a slot is only what is under way: no wait does.
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::Throttle;
/// use tollgate_core::http::{Courier, Reply, Request, RetryPolicy};
/// use tollgate_core::time::ManualTimer;
///
/// struct Page(u16);
///
/// impl Reply for Page {
///     fn status(&self) -> u16 { self.0 }
///     fn field(&self, _name: &str) -> Option<&[u8]> { None }
/// }
///
/// # futures::executor::block_on(async {
/// let timer = ManualTimer::new();
/// let throttle = Throttle::builder_on(timer.clone()).concurrency(3).build()?;
/// let courier = Courier::new(timer, RetryPolicy::new(), 7, || Duration::ZERO);
/// let send = async |_again: u32| Ok::<_, std::io::Error>(Page(200));
/// let (page, permit) = courier.deliver(&throttle, 1.0, &Request::new("GET"), send).await?;
/// assert_eq!(page.0, 200);
/// drop(permit);                                      // when the body has been read
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
pub struct Courier<T: Timer> {
    retries: Retries,
    /// Nobody gets in here: where one waits for a time, all by one alarm.
    naps: Throttle<T>,
    wall: Wall,
}

/// Tells the time since 1970.
type Wall = Box<dyn Fn() -> Duration + Send + Sync>;

impl<T: Timer> Courier<T> {
    /// Sends by these rules; equal seeds make equal choices, and `wall` tells the time since 1970.
    #[must_use]
    pub fn new(
        timer: T,
        policy: RetryPolicy,
        seed: u64,
        wall: impl Fn() -> Duration + Send + Sync + 'static,
    ) -> Self {
        let naps = Throttle::builder_on(timer).build().expect("nothing is set that could make no sense");
        naps.pause(Duration::MAX);
        Self { retries: Retries::new(policy, seed), naps, wall: Box::new(wall) }
    }

    /// Sends a request, and again if need be. Answers with what the caller gets, and with the permit of that attempt, to
    /// be dropped when the body has ended.
    ///
    /// `send` is told how often it has been called before.
    ///
    /// # Errors
    /// [`Undelivered`].
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in line, the wait, or the slot.
    pub async fn deliver<G, S, F, R, E>(
        &self,
        gate: &G,
        cost: f64,
        request: &Request<'_>,
        mut send: S,
    ) -> Result<(R, G::Permit), Undelivered<E>>
    where
        G: Gate<T>,
        S: FnMut(u32) -> F,
        F: Future<Output = Result<R, E>>,
        R: Reply,
    {
        let mut attempts = None;
        loop {
            let permit = gate.enter(cost).await.map_err(Undelivered::Refused)?;
            let sent = gate.timer().now();
            let attempts = attempts.get_or_insert_with(|| self.retries.begin(sent, request));
            let outcome = send(attempts.retries()).await;
            let now = gate.timer().now();
            let verdict = match &outcome {
                Ok(reply) => {
                    let fields = Fields::read(|name| reply.field(name));
                    let answer = Answer::new(reply.status(), fields, now, (self.wall)());
                    self.retries.answered(attempts, &answer)
                }
                Err(_) => self.retries.failed(attempts, now),
            };
            // Before the slot is free, so that the next in line waits as well.
            if let Some(wait) = verdict.hold_off {
                gate.hold_off(wait, sent);
            }
            if let Some(remaining) = verdict.remaining {
                gate.tighten(remaining);
            }
            let Some(wait) = verdict.retry else {
                return outcome.map(|reply| (reply, permit)).map_err(Undelivered::Failed);
            };
            drop(outcome);
            drop(permit);
            self.nap(wait).await;
        }
    }

    async fn nap(&self, wait: Duration) {
        if !wait.is_zero() {
            let nobody_enters = self.naps.acquire().timeout(wait).await;
            debug_assert!(nobody_enters.is_err());
        }
    }
}

impl<T: Timer> fmt::Debug for Courier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("retries", &self.retries).finish_non_exhaustive()
    }
}

impl<E: fmt::Display> fmt::Display for Undelivered<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "not sent: {error}"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for Undelivered<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) => Some(error),
            Self::Failed(error) => error.source(),
        }
    }
}
