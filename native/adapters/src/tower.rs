//! Layers for [tower](https://docs.rs/tower): services that let requests in as a throttle says.
//!
//! A slot is held until the body of the response has ended, on a server and on a client. Layers and services are
//! `Clone`, and clones share one throttle: a limit stays one limit under axum and hyper, which clone a service for each
//! connection, and no `Buffer` is needed.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tollgate_core::throttle::{Reservation, Reserve};
use tollgate_core::time::Timer;
use tollgate_core::{ConfigError, OwnedThrottlePermit, Rate, Throttle};
use tower_layer::Layer;
use tower_service::Service;

pub use crate::held::Held;

/// Any error, as tower's own layers have it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Lets requests in as a throttle says.
///
/// ```
/// use std::convert::Infallible;
///
/// use http::{Request, Response};
/// use tollgate_core::Rate;
/// use tollgate_native::Throttle;
/// use tollgate_native::tower::ThrottleLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), tower::BoxError> {
/// let throttle = Throttle::builder().rate(Rate::per_second(100.0)).concurrency(10).build()?;
/// let service = ServiceBuilder::new()
///     .layer(ThrottleLayer::new(throttle))
///     .service(service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(String::from("hello")))));
/// let response = service.oneshot(Request::new(())).await?;
/// # drop(response); Ok(()) }
/// ```
///
/// # Errors
/// Those of the service; and [`AdmitError`](tollgate_core::AdmitError) if the throttle is closed, as many wait as may, or
/// the wait takes longer than its [`timeout`](Self::timeout).
/// Under axum, `HandleErrorLayer` makes a response of that.
///
/// # Cancel safety
/// Dropping the future of a call gives up its place in line, or its slot.
pub struct ThrottleLayer<T: Timer> {
    throttle: Throttle<T>,
    /// How long a request waits at most.
    limit: Duration,
}

impl<T: Timer> ThrottleLayer<T> {
    /// Through this throttle, which others may share.
    #[must_use]
    pub fn new(throttle: Throttle<T>) -> Self {
        Self { throttle, limit: Duration::MAX }
    }

    /// So many at once.
    ///
    /// # Errors
    /// If `count` makes no sense.
    pub fn concurrency(count: usize) -> Result<Self, ConfigError>
    where
        T: Default,
    {
        Ok(Self::new(Throttle::builder().concurrency(count).build()?))
    }

    /// At this rate: in each window of it, wherever it starts.
    ///
    /// # Errors
    /// If a parameter of the rate makes no sense.
    pub fn rate(rate: Rate) -> Result<Self, ConfigError>
    where
        T: Default,
    {
        Ok(Self::new(Throttle::builder().rate(rate).build()?))
    }

    /// Lets a request wait at most so long; who is not let in by then gets
    /// [`AdmitError::TimedOut`](tollgate_core::AdmitError::TimedOut).
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The throttle: to pause it, to change its settings, to look at it.
    #[must_use]
    pub fn throttle(&self) -> &Throttle<T> {
        &self.throttle
    }
}

impl<S, T: Timer> Layer<S> for ThrottleLayer<T> {
    type Service = Throttled<S, T>;

    fn layer(&self, service: S) -> Throttled<S, T> {
        Throttled { service, layer: self.clone() }
    }
}

impl<T: Timer> Clone for ThrottleLayer<T> {
    fn clone(&self) -> Self {
        Self { throttle: self.throttle.clone(), limit: self.limit }
    }
}

impl<T: Timer> fmt::Debug for ThrottleLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThrottleLayer").field("throttle", &self.throttle).field("limit", &self.limit).finish()
    }
}

/// A service behind a [`ThrottleLayer`]. Always ready: requests wait in the throttle's line, first come, first served.
pub struct Throttled<S, T: Timer> {
    service: S,
    layer: ThrottleLayer<T>,
}

impl<S: Clone, T: Timer> Clone for Throttled<S, T> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, T: Timer> fmt::Debug for Throttled<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttled").field("service", &self.service).field("layer", &self.layer).finish()
    }
}

impl<S, Q, B, T> Service<Q> for Throttled<S, T>
where
    T: Timer,
    S: Service<Q, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Response = Response<Held<B, OwnedThrottlePermit<T>>>;
    type Error = BoxError;
    type Future = Call<S, Q, T>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The service is asked when the request's turn has come: until then it may be of use to others.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Q) -> Call<S, Q, T> {
        let reserve = self.layer.throttle.reserve_cost_owned(1.0).timeout(self.layer.limit);
        Call { stage: Stage::Waiting { reserve, service: Some((self.service.clone(), request)) } }
    }
}

pin_project! {
    /// A request on its way through a [`Throttled`] service.
    pub struct Call<S, Q, T>
    where
        S: Service<Q>,
        T: Timer,
    {
        #[pin]
        stage: Stage<S, S::Future, Q, T>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, F, Q, T>
    where
        T: Timer,
    {
        Waiting {
            #[pin]
            reserve: Reserve<Throttle<T>, T>,
            service: Option<(S, Q)>,
        },
        Admitted {
            reservation: Option<Reservation<Throttle<T>, T>>,
            service: Option<(S, Q)>,
        },
        Inside {
            #[pin]
            future: F,
            permit: Option<OwnedThrottlePermit<T>>,
        },
    }
}

impl<S, Q, B, T> Future for Call<S, Q, T>
where
    T: Timer,
    S: Service<Q, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Output = Result<Response<Held<B, OwnedThrottlePermit<T>>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageProjection::Waiting { reserve, service } => {
                    let reservation = Some(ready!(reserve.poll(cx))?);
                    Stage::Admitted { reservation, service: service.take() }
                }
                StageProjection::Admitted { reservation, service } => {
                    let (inner, _) = service.as_mut().expect("it is there until it is called");
                    ready!(inner.poll_ready(cx)).map_err(Into::into)?;
                    let (mut inner, request) = service.take().expect("it was there above");
                    let permit = reservation.take().map(|reservation| reservation.begin());
                    Stage::Inside { future: inner.call(request), permit }
                }
                StageProjection::Inside { future, permit } => {
                    let outcome = ready!(future.poll(cx));
                    let permit = permit.take().expect("a future was polled after it was ready");
                    let hold = |response: Response<B>| response.map(|body| Held::new(body, permit));
                    return Poll::Ready(outcome.map(hold).map_err(Into::into));
                }
            };
            this.stage.set(next);
        }
    }
}

impl<S: Service<Q>, Q, T: Timer> fmt::Debug for Call<S, Q, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
