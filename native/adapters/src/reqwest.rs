//! Requests of [`reqwest`], throttled, and sent again by the rules.

#[cfg_attr(all(target_family = "wasm", target_os = "unknown"), path = "reqwest/web.rs")]
#[cfg_attr(not(all(target_family = "wasm", target_os = "unknown")), path = "reqwest/native.rs")]
mod platform;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next};
use tollgate_core::http::{self as rules, Courier, OfKey, Reply, RetryPolicy};
use tollgate_core::time::{Tick, Timer};
use tollgate_core::{Keyed, Throttle};

/// On wasm32, the field of a response whose value holds its slot.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub const SLOT: &str = "tollgate-slot";

/// Sends every request through a throttle, and again as the [rules] say; heeds 429 and Retry-After.
///
/// A slot is held until the body of the response has been read, has failed, or is dropped. No wait holds one. A 429
/// makes everybody wait who shares the throttle. Bodies in memory are sent again; a stream is sent once. What the last
/// attempt has come to, a response or an error, is what the caller gets: also if the throttle does not let in the next
/// one. A response that was kept for that holds no slot any more.
///
/// The throttle's rates had best count [until answered](tollgate_core::Rate::until_answered): then no delay on the way
/// can make the server see more than it allows.
///
/// ```no_run
/// use reqwest_middleware::ClientBuilder;
/// use tollgate_core::Rate;
/// use tollgate_native::Throttle;
/// use tollgate_native::reqwest::ThrottleMiddleware;
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let throttle = Throttle::builder().rate(Rate::per_second(100.0).until_answered()).concurrency(10).build()?;
/// let client = ClientBuilder::new(reqwest::Client::new()).with(ThrottleMiddleware::new(throttle)).build();
/// let page = client.get("https://api.example/items").send().await?.bytes().await?;
/// # drop(page); Ok(()) }
/// ```
///
/// Redirects that reqwest follows are part of the attempt that met them.
///
/// # In browsers, and in Node
/// On wasm32, reqwest sends with `fetch`. There the slot is held as long as the response is: until `bytes`, `text` or
/// `json` is done with it, or it is dropped. Its body cannot be watched, and so `bytes_stream`, which takes the response
/// apart, gives the slot back at once. Who wants it held until the end of the stream takes it out before: it is the value
/// of the field `tollgate-slot` of the response (`SLOT`), and free when that value and its copies are dropped.
///
/// # Errors
/// What the last attempt failed with; or, as [`Error::Middleware`], the
/// [`AdmitError`](tollgate_core::AdmitError) if the throttle refused the first.
///
/// # Cancel safety
/// Dropping the call gives up its place in line, its wait, or its slot.
pub struct ThrottleMiddleware<T: Timer> {
    gate: Gate<T>,
    courier: Arc<Courier<T>>,
    cost: Option<Arc<Cost>>,
    deadline: Option<Deadline>,
}

/// What requests go through.
enum Gate<T: Timer> {
    One(Throttle<T>),
    Hosts(Keyed<String, T>),
}

type Cost = dyn Fn(&Request) -> f64 + Send + Sync;

/// How long its caller waits for a request to be sent, for the first time or again: an extension of a request.
///
/// Counted from when the middleware gets the request. A request that is not let in by then fails with
/// [`AdmitError::TimedOut`](tollgate_core::AdmitError::TimedOut). One that was sent in time and would be sent again is
/// not, if the wait or the line is longer than what is left: its caller gets the answer, or the error, that is there. An
/// attempt under way is not cut off; that is what `timeout` of reqwest's requests is for, which counts for each attempt
/// by itself, and not while it waits.
///
/// ```no_run
/// use std::time::Duration;
/// use tollgate_core::Rate;
/// use tollgate_native::Throttle;
/// use tollgate_native::reqwest::Deadline;
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let client = tollgate_native::reqwest::client(Throttle::builder().concurrency(10).build()?);
/// let request = client.get("https://api.example/items").with_extension(Deadline::within(Duration::from_secs(5)));
/// let page = request.send().await?;
/// # drop(page); Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Duration);

impl Deadline {
    /// So long from when the middleware gets the request.
    #[must_use]
    pub const fn within(limit: Duration) -> Self {
        Self(limit)
    }

    fn after(self, now: Tick) -> Tick {
        let nanos = u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX);
        Tick::from_nanos(now.as_nanos().saturating_add(nanos))
    }
}

/// A client that is throttled, in one line.
///
/// ```no_run
/// use tollgate_core::Rate;
/// use tollgate_native::Throttle;
///
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// let throttle = Throttle::builder().rate(Rate::per_second(100.0).until_answered()).concurrency(10).build()?;
/// let client = tollgate_native::reqwest::client(throttle);
/// let page = client.get("https://api.example/items").send().await?.bytes().await?;
/// # drop(page); Ok(()) }
/// ```
#[must_use]
pub fn client<T>(throttle: Throttle<T>) -> ClientWithMiddleware
where
    T: Timer + Clone + Send + Sync + 'static,
    T::Sleep: Send,
{
    ClientBuilder::new(reqwest::Client::new()).with(ThrottleMiddleware::new(throttle)).build()
}

impl<T: Timer + Clone> ThrottleMiddleware<T> {
    /// With the default [`RetryPolicy`], and a cost of 1 for each request. Clones share what they know.
    #[must_use]
    pub fn new(throttle: Throttle<T>) -> Self {
        Self::through(Gate::One(throttle))
    }

    /// With limits for each host, and limits for all of them together: a host that is full, or has had enough, holds up
    /// no other one. The key is the host with its port, such as `api.example:443`.
    ///
    /// ```no_run
    /// use tollgate_core::{Rate, Settings};
    /// use tollgate_native::Keyed;
    /// use tollgate_native::reqwest::ThrottleMiddleware;
    ///
    /// # fn f() -> Result<(), Box<dyn std::error::Error>> {
    /// let hosts = Keyed::builder()
    ///     .total(Settings::new().concurrency(100))
    ///     .per_key(Settings::new().rate(Rate::per_second(10.0).until_answered()).concurrency(4))
    ///     .build()?;
    /// let middleware = ThrottleMiddleware::per_host(hosts);
    /// # drop(middleware); Ok(()) }
    /// ```
    #[must_use]
    pub fn per_host(hosts: Keyed<String, T>) -> Self {
        Self::through(Gate::Hosts(hosts))
    }

    fn through(gate: Gate<T>) -> Self {
        let courier = Arc::new(gate.courier(RetryPolicy::new()));
        Self { gate, courier, cost: None, deadline: None }
    }

    /// With rules of your own.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.courier = Arc::new(self.gate.courier(policy));
        self
    }

    /// With a [`Deadline`] for requests that have none of their own.
    #[must_use]
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// With a cost that depends on the request.
    #[must_use]
    pub fn cost(mut self, cost: impl Fn(&Request) -> f64 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }
}

impl<T: Timer + Clone> Gate<T> {
    fn courier(&self, policy: RetryPolicy) -> Courier<T> {
        let timer = match self {
            Self::One(throttle) => throttle.timer(),
            Self::Hosts(keyed) => keyed.timer(),
        };
        // Each process, and each client in it, takes other chances.
        Courier::new(timer.clone(), policy, platform::seed(), platform::since_1970)
    }
}

// As the trait has it.
#[cfg_attr(not(target_arch = "wasm32"), async_trait)]
#[cfg_attr(target_arch = "wasm32", async_trait(?Send))]
impl<T> Middleware for ThrottleMiddleware<T>
where
    T: Timer + Send + Sync + 'static,
    T::Sleep: Send,
{
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        let cost = self.cost.as_ref().map_or(1.0, |cost| cost(&request));
        let deadline = extensions.get().copied().or(self.deadline);
        match &self.gate {
            Gate::One(throttle) => {
                carry(&self.courier, throttle, cost, deadline, request, extensions, next).await
            }
            Gate::Hosts(keyed) => {
                let (host, port) = (request.url().host_str(), request.url().port_or_known_default());
                let key = format!("{}:{}", host.unwrap_or_default(), port.unwrap_or_default());
                let gate = OfKey { keyed, key };
                carry(&self.courier, &gate, cost, deadline, request, extensions, next).await
            }
        }
    }
}

/// Sends a request through a gate, and again as the rules say.
async fn carry<T, G>(
    courier: &Courier<T>,
    gate: &G,
    cost: f64,
    deadline: Option<Deadline>,
    request: Request,
    extensions: &mut Extensions,
    next: Next<'_>,
) -> Result<Response, Error>
where
    T: Timer,
    G: rules::Gate<T, Permit: platform::Keep>,
{
    let method = request.method().clone();
    let mut told = rules::Request::new(method.as_str());
    told.idempotency_key = request.headers().contains_key("idempotency-key");
    told.repeatable_body = request.try_clone().is_some();
    told.deadline = deadline.map(|deadline| deadline.after(gate.timer().now()));
    let repeatable = told.repeatable_body;
    let mut original = Some(request);
    let mut errand = courier.errand(gate, cost, told);
    let mut last = None;
    loop {
        if let Err(refused) = errand.enter().await {
            return last.unwrap_or_else(|| Err(Error::middleware(refused)));
        }
        // Its connection is of use to the next attempt.
        drop(last.take());
        let copy = if repeatable { original.as_ref().and_then(Request::try_clone) } else { original.take() };
        let request = copy.expect("what cannot be repeated is sent once");
        let outcome = next.clone().run(request, extensions).await.map(Answered);
        let outcome = match outcome {
            Err(error) if !is_of_the_connection(&error) => return Err(error),
            outcome => outcome,
        };
        let permit = errand.judge(&outcome);
        let outcome = outcome.map(|Answered(response)| response);
        match permit {
            Some(permit) => return outcome.map(|response| platform::hold(response, permit)),
            None => last = Some(outcome),
        }
    }
}

/// Whether another attempt may go better. What cannot be sent, or goes round in circles, will not; nor is it known
/// what other middleware means.
fn is_of_the_connection(error: &Error) -> bool {
    matches!(error, Error::Reqwest(error) if !error.is_builder() && !error.is_redirect())
}

struct Answered(Response);

impl Reply for Answered {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn field(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.headers().get_all(name).iter().map(http::HeaderValue::as_bytes)
    }
}

impl<T: Timer> Clone for ThrottleMiddleware<T> {
    fn clone(&self) -> Self {
        let Self { gate, courier, cost, deadline } = self;
        Self { gate: gate.clone(), courier: courier.clone(), cost: cost.clone(), deadline: *deadline }
    }
}

impl<T: Timer> Clone for Gate<T> {
    fn clone(&self) -> Self {
        match self {
            Self::One(throttle) => Self::One(throttle.clone()),
            Self::Hosts(keyed) => Self::Hosts(keyed.clone()),
        }
    }
}

impl<T: Timer> fmt::Debug for ThrottleMiddleware<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ThrottleMiddleware");
        match &self.gate {
            Gate::One(throttle) => shown.field("throttle", throttle),
            Gate::Hosts(hosts) => shown.field("hosts", hosts),
        };
        shown.field("courier", &self.courier).field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
