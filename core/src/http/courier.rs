//! The rules carried out: whoever can send once, sends politely.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use super::attempts::{Answer, Attempts, Request, Retries};
use super::fields::Fields;
use super::policy::RetryPolicy;
use crate::events;
use crate::keyed::{self, Key, Keyed};
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

/// One key of a [`Keyed`], as a gate: a refusal holds off that key alone.
#[derive(Debug)]
pub struct OfKey<'a, K: Key, T: Timer> {
    /// All keys.
    pub keyed: &'a Keyed<K, T>,
    /// This one.
    pub key: K,
}

impl<K: Key, T: Timer> Gate<T> for OfKey<'_, K, T> {
    type Permit = keyed::Permit<K, T>;

    fn enter(&self, cost: f64) -> impl Future<Output = Result<Self::Permit, AdmitError>> + Send {
        self.keyed.acquire_cost(self.key.clone(), cost)
    }

    fn hold_off(&self, wait: Duration, sent: Tick) {
        self.keyed.hold_off_key(&self.key, wait, sent);
    }

    fn tighten(&self, remaining: f64) {
        self.keyed.tighten_key(&self.key, remaining);
    }

    fn timer(&self) -> &T {
        self.keyed.timer()
    }
}

/// What comes back, as far as the rules look at it.
pub trait Reply {
    /// The status code.
    fn status(&self) -> u16;

    /// The value of a field of this name, which is in lower case.
    fn field(&self, name: &str) -> Option<&[u8]>;
}

/// Carries requests through a gate, and again as the [rules](super::Retries) say.
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
/// let mut errand = courier.errand(&throttle, 1.0, Request::new("GET"));
/// let (page, permit) = loop {
///     errand.enter().await?;                         // its turn
///     let outcome = Ok::<_, std::io::Error>(Page(200));  // send here
///     if let Some(permit) = errand.judge(&outcome) {
///         break (outcome?, permit);                  // this is what the caller gets
///     }
/// };
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
        Self { retries: Retries::new(policy, seed), naps: Throttle::asleep(timer), wall: Box::new(wall) }
    }

    /// A request that is to be sent through a gate, at a cost.
    pub fn errand<'a, G: Gate<T>>(
        &'a self,
        gate: &'a G,
        cost: f64,
        request: Request<'a>,
    ) -> Errand<'a, T, G> {
        Errand { courier: self, gate, cost, request, attempts: None, under_way: None, wait: Duration::ZERO }
    }
}

/// One request on its way: [`Courier::errand`].
///
/// Dropping it gives up its place in line, its wait, or its slot.
#[must_use = "nothing happens until it is let in"]
pub struct Errand<'a, T: Timer, G: Gate<T>> {
    courier: &'a Courier<T>,
    gate: &'a G,
    cost: f64,
    request: Request<'a>,
    attempts: Option<Attempts>,
    /// Leave to be under way, and since when.
    under_way: Option<(G::Permit, Tick)>,
    /// Before it queues again.
    wait: Duration,
}

impl<T: Timer, G: Gate<T>> Errand<'_, T, G> {
    /// Waits until it is to be sent, for the first time or again. Answers how often it has been sent again before.
    ///
    /// # Errors
    /// If the gate does not let it in.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line; it can be asked for again.
    pub async fn enter(&mut self) -> Result<u32, AdmitError> {
        if !self.wait.is_zero() {
            let _nobody_enters = self.courier.naps.acquire().timeout(self.wait).await;
            self.wait = Duration::ZERO;
        }
        let permit = self.gate.enter(self.cost).await?;
        let sent = self.gate.timer().now();
        self.under_way = Some((permit, sent));
        let begin = || self.courier.retries.begin(sent, &self.request);
        Ok(self.attempts.get_or_insert_with(begin).retries())
    }

    /// What has come of sending it. Answers with the permit if that is what the caller gets, to be dropped when the body
    /// has ended; and with none if it is to [enter](Self::enter) again: then its slot is free.
    pub fn judge<R: Reply, E>(&mut self, outcome: &Result<R, E>) -> Option<G::Permit> {
        let (permit, sent) = self.under_way.take()?;
        let attempts = self.attempts.as_mut()?;
        let now = self.gate.timer().now();
        let verdict = match outcome {
            Ok(reply) => {
                let fields = Fields::read(|name| reply.field(name));
                let answer = Answer::new(reply.status(), fields, now, (self.courier.wall)());
                self.courier.retries.answered(attempts, &answer)
            }
            Err(_) => self.courier.retries.failed(attempts, now),
        };
        // Before the slot is free, so that the next in line waits as well.
        if let Some(wait) = verdict.hold_off {
            self.gate.hold_off(wait, sent);
        }
        if let Some(remaining) = verdict.remaining {
            self.gate.tighten(remaining);
        }
        let Some(wait) = verdict.retry else { return Some(permit) };
        self.wait = wait;
        let attempt = attempts.retries();
        drop(permit);
        let status = outcome.as_ref().ok().map(Reply::status);
        events::retried(attempt, wait.max(verdict.hold_off.unwrap_or_default()), status);
        None
    }
}

impl<T: Timer, G: Gate<T>> fmt::Debug for Errand<'_, T, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Errand").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<T: Timer> fmt::Debug for Courier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier").field("retries", &self.retries).finish_non_exhaustive()
    }
}
