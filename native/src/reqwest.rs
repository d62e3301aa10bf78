//! Requests of [`reqwest`], throttled, and sent again by the rules.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Body, Request, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next};
use tollgate_core::http::{self as rules, Courier, OfKey, Reply, RetryPolicy};

use crate::held::Held;
use crate::{Keyed, Throttle, TokioTimer};

/// Sends every request through a throttle, and again as the [rules] say; heeds 429 and Retry-After.
///
/// A slot is held until the body of the response has been read, has failed, or is dropped. No wait holds one. A 429
/// makes everybody wait who shares the throttle. Bodies in memory are sent again; a stream is sent once.
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
/// # Errors
/// What the last attempt failed with; or, as [`Error::Middleware`], the
/// [`AdmitError`](tollgate_core::AdmitError) if the throttle refused it.
///
/// # Cancel safety
/// Dropping the call gives up its place in line, its wait, or its slot.
#[derive(Clone)]
pub struct ThrottleMiddleware {
    gate: Gate,
    courier: Arc<Courier<TokioTimer>>,
    cost: Option<Arc<Cost>>,
}

/// What requests go through.
#[derive(Clone, Debug)]
enum Gate {
    One(Throttle),
    Hosts(Keyed<String>),
}

type Cost = dyn Fn(&Request) -> f64 + Send + Sync;

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
pub fn client(throttle: Throttle) -> ClientWithMiddleware {
    ClientBuilder::new(reqwest::Client::new()).with(ThrottleMiddleware::new(throttle)).build()
}

impl ThrottleMiddleware {
    /// With the default [`RetryPolicy`], and a cost of 1 for each request. Clones share what they know.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        Self { gate: Gate::One(throttle), courier: Arc::new(courier(RetryPolicy::new())), cost: None }
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
    pub fn per_host(hosts: Keyed<String>) -> Self {
        Self { gate: Gate::Hosts(hosts), courier: Arc::new(courier(RetryPolicy::new())), cost: None }
    }

    /// With rules of your own.
    #[must_use]
    pub fn policy(mut self, policy: RetryPolicy) -> Self {
        self.courier = Arc::new(courier(policy));
        self
    }

    /// With a cost that depends on the request.
    #[must_use]
    pub fn cost(mut self, cost: impl Fn(&Request) -> f64 + Send + Sync + 'static) -> Self {
        self.cost = Some(Arc::new(cost));
        self
    }
}

fn courier(policy: RetryPolicy) -> Courier<TokioTimer> {
    // Each process, and each client in it, takes other chances.
    let seed = RandomState::new().hash_one(0);
    let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Courier::new(TokioTimer::default(), policy, seed, wall)
}

#[async_trait]
impl Middleware for ThrottleMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response, Error> {
        let cost = self.cost.as_ref().map_or(1.0, |cost| cost(&request));
        match &self.gate {
            Gate::One(throttle) => carry(&self.courier, throttle, cost, request, extensions, next).await,
            Gate::Hosts(keyed) => {
                let (host, port) = (request.url().host_str(), request.url().port_or_known_default());
                let key = format!("{}:{}", host.unwrap_or_default(), port.unwrap_or_default());
                let gate = OfKey { keyed, key };
                carry(&self.courier, &gate, cost, request, extensions, next).await
            }
        }
    }
}

/// Sends a request through a gate, and again as the rules say.
async fn carry<G>(
    courier: &Courier<TokioTimer>,
    gate: &G,
    cost: f64,
    request: Request,
    extensions: &mut Extensions,
    next: Next<'_>,
) -> Result<Response, Error>
where
    G: rules::Gate<TokioTimer, Permit: Send + Sync + 'static>,
{
    let method = request.method().clone();
    let mut told = rules::Request::new(method.as_str());
    told.idempotency_key = request.headers().contains_key("idempotency-key");
    told.repeatable_body = request.try_clone().is_some();
    let repeatable = told.repeatable_body;
    let mut original = Some(request);
    let mut errand = courier.errand(gate, cost, told);
    loop {
        errand.enter().await.map_err(Error::middleware)?;
        let copy = if repeatable { original.as_ref().and_then(Request::try_clone) } else { original.take() };
        let request = copy.expect("what cannot be repeated is sent once");
        let outcome = next.clone().run(request, extensions).await.map(Answered);
        let outcome = match outcome {
            Err(error) if !is_of_the_connection(&error) => return Err(error),
            outcome => outcome,
        };
        if let Some(permit) = errand.judge(&outcome) {
            return outcome.map(|Answered(response)| hold(response, permit));
        }
    }
}

/// Whether another attempt may go better. What cannot be sent, or goes round in circles, will not; nor is it known
/// what other middleware means.
fn is_of_the_connection(error: &Error) -> bool {
    matches!(error, Error::Reqwest(error) if !error.is_builder() && !error.is_redirect())
}

/// The same response, which holds the permit until its body has ended.
fn hold<P: Send + Sync + 'static>(response: Response, permit: P) -> Response {
    let url = response.url().clone();
    let response: http::Response<Body> = response.into();
    let (parts, body) = response.into_parts();
    let with_url = reqwest::ResponseBuilderExt::url(http::Response::builder(), url).body(());
    let mut response = http::Response::from_parts(parts, Body::wrap(Held::new(body, permit)));
    if let Ok(with_url) = with_url {
        response.extensions_mut().extend(with_url.into_parts().0.extensions);
    }
    response.into()
}

struct Answered(Response);

impl Reply for Answered {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.0.headers().get(name).map(http::HeaderValue::as_bytes)
    }
}

impl fmt::Debug for ThrottleMiddleware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ThrottleMiddleware");
        shown.field("gate", &self.gate).field("courier", &self.courier).finish_non_exhaustive()
    }
}
