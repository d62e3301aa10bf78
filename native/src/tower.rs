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

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tollgate_core::throttle::Reserve;
use tollgate_core::{ConfigError, Rate};
use tower_layer::Layer;
use tower_service::Service;

pub use crate::held::Held;
use crate::{OwnedPermit, Throttle, TokioTimer};

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
/// Those of the service; and [`AdmitError`](tollgate_core::AdmitError) if the throttle is closed, or as many wait as may.
/// Under axum, `HandleErrorLayer` makes a response of that.
///
/// # Cancel safety
/// Dropping the future of a call gives up its place in line, or its slot.
#[derive(Clone, Debug)]
pub struct ThrottleLayer {
    throttle: Throttle,
}

impl ThrottleLayer {
    /// Through this throttle, which others may share.
    #[must_use]
    pub fn new(throttle: Throttle) -> Self {
        Self { throttle }
    }

    /// So many at once.
    ///
    /// # Errors
    /// If `count` makes no sense.
    pub fn concurrency(count: usize) -> Result<Self, ConfigError> {
        Ok(Self::new(Throttle::builder().concurrency(count).build()?))
    }

    /// At this rate: in each window of it, wherever it starts.
    ///
    /// # Errors
    /// If a parameter of the rate makes no sense.
    pub fn rate(rate: Rate) -> Result<Self, ConfigError> {
        Ok(Self::new(Throttle::builder().rate(rate).build()?))
    }

    /// The throttle: to pause it, to change its settings, to look at it.
    #[must_use]
    pub fn throttle(&self) -> &Throttle {
        &self.throttle
    }
}

impl<S> Layer<S> for ThrottleLayer {
    type Service = Throttled<S>;

    fn layer(&self, service: S) -> Throttled<S> {
        Throttled { service, throttle: self.throttle.clone() }
    }
}

/// A service behind a [`ThrottleLayer`]. Always ready: requests wait in the throttle's line, first come, first served.
#[derive(Clone, Debug)]
pub struct Throttled<S> {
    service: S,
    throttle: Throttle,
}

impl<S, Q, B> Service<Q> for Throttled<S>
where
    S: Service<Q, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Response = Response<Held<B, OwnedPermit>>;
    type Error = BoxError;
    type Future = Call<S, Q>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The service is asked when the request's turn has come: until then it may be of use to others.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Q) -> Call<S, Q> {
        let reserve = self.throttle.reserve_cost_owned(1.0);
        Call { stage: Stage::Waiting { reserve, service: Some((self.service.clone(), request)) } }
    }
}

pin_project! {
    /// A request on its way through a [`Throttled`] service.
    pub struct Call<S, Q>
    where
        S: Service<Q>,
    {
        #[pin]
        stage: Stage<S, S::Future, Q>,
    }
}

pin_project! {
    #[project = StageProjection]
    enum Stage<S, F, Q> {
        Waiting {
            #[pin]
            reserve: Reserve<Throttle, TokioTimer>,
            service: Option<(S, Q)>,
        },
        Admitted {
            reservation: Option<tollgate_core::throttle::Reservation<Throttle, TokioTimer>>,
            service: Option<(S, Q)>,
        },
        Inside {
            #[pin]
            future: F,
            permit: Option<OwnedPermit>,
        },
    }
}

impl<S, Q, B> Future for Call<S, Q>
where
    S: Service<Q, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: Body,
{
    type Output = Result<Response<Held<B, OwnedPermit>>, BoxError>;

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

impl<S: Service<Q>, Q> fmt::Debug for Call<S, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
