//! Services behind a throttle.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use futures::future::join_all;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tollgate_core::{AdmitError, Rate};
use tollgate_native::Throttle;
use tollgate_native::tower::ThrottleLayer;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt, service_fn};

/// How many are inside, and the most that ever were.
#[derive(Clone, Default)]
struct Inside(Arc<(AtomicUsize, AtomicUsize)>);

impl Inside {
    async fn visit(self) -> &'static str {
        let (now, most) = &*self.0;
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(2)).await;
        now.fetch_sub(1, Ordering::SeqCst);
        "hello"
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_axum_the_limit_is_one_for_all_connections() {
    let inside = Inside::default();
    let layer = ThrottleLayer::concurrency(3).unwrap();
    let throttle = layer.throttle().clone();
    let refused = |error: BoxError| async move { (StatusCode::SERVICE_UNAVAILABLE, error.to_string()) };
    let three = Arc::new(Barrier::new(3));
    let app = Router::new()
        .route(
            "/",
            get({
                let inside = inside.clone();
                move || inside.clone().visit()
            }),
        )
        .route(
            "/meet",
            get(move || {
                let three = three.clone();
                async move {
                    let _leads = three.wait().await;
                }
            }),
        )
        .layer(ServiceBuilder::new().layer(HandleErrorLayer::new(refused)).layer(layer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    // A client each, so that each has a connection of its own.
    let visit = |_| {
        let (client, url) = (reqwest::Client::new(), url.clone());
        tokio::spawn(async move {
            for _ in 0..10 {
                assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "hello");
            }
        })
    };
    for task in join_all((0..20).map(visit)).await {
        task.unwrap();
    }
    assert!(inside.0.1.load(Ordering::SeqCst) <= 3);
    // Three can be inside at once: each of them waits for the other two.
    let meet = |_| reqwest::get(format!("{url}meet"));
    for response in join_all((0..3).map(meet)).await {
        assert_eq!(response.unwrap().status(), 200);
    }
    assert_eq!(throttle.in_flight(), 0);
    throttle.close();
    let response = reqwest::get(&url).await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.text().await.unwrap().contains("closed"));
}

fn hello() -> impl Service<Request<()>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone {
    service_fn(async |_: Request<()>| Ok(Response::new(Body::from("hello"))))
}

#[tokio::test(start_paused = true)]
async fn a_slot_is_held_until_the_body_has_ended() {
    let layer = ThrottleLayer::concurrency(1).unwrap();
    let service = layer.layer(hello());
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    let mut second = Box::pin(service.clone().oneshot(Request::new(())));
    assert!(futures::poll!(&mut second).is_pending());
    assert_eq!(axum::body::to_bytes(Body::new(first.into_body()), 99).await.unwrap(), "hello");
    let second = second.await.unwrap();
    assert_eq!(layer.throttle().in_flight(), 1);
    drop(second);
    assert_eq!(layer.throttle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn requests_come_at_their_rate_and_in_their_order() {
    let layer = ThrottleLayer::rate(Rate::per_second(2.0)).unwrap();
    let start = tokio::time::Instant::now();
    let service = layer.layer(service_fn(async |request: Request<u32>| {
        Ok::<_, Infallible>(Response::new(Body::from(request.into_body().to_string())))
    }));
    let visit = |number| {
        let service = service.clone();
        async move {
            service.oneshot(Request::new(number)).await.unwrap();
            (number, start.elapsed().as_millis())
        }
    };
    let times = join_all((0..5).map(visit)).await;
    assert_eq!(times, [(0, 0), (1, 0), (2, 1_000), (3, 1_000), (4, 2_000)]);
}

#[tokio::test(start_paused = true)]
async fn errors_and_calls_that_are_dropped_leave_nothing() {
    let layer = ThrottleLayer::concurrency(1).unwrap();
    let failing = layer
        .layer(service_fn(async |_: Request<()>| Err::<Response<Body>, _>(std::io::Error::other("mine"))));
    assert_eq!(failing.oneshot(Request::new(())).await.unwrap_err().to_string(), "mine");
    assert_eq!(layer.throttle().in_flight(), 0);
    let stuck = layer.layer(service_fn(async |_: Request<()>| {
        std::future::pending::<Result<Response<Body>, Infallible>>().await
    }));
    let mut inside = Box::pin(stuck.clone().oneshot(Request::new(())));
    let mut waiting = Box::pin(stuck.oneshot(Request::new(())));
    assert!(futures::poll!(&mut inside).is_pending() && futures::poll!(&mut waiting).is_pending());
    assert_eq!((layer.throttle().in_flight(), layer.throttle().waiting()), (1, 1));
    drop(waiting);
    drop(inside);
    assert_eq!((layer.throttle().in_flight(), layer.throttle().waiting()), (0, 0));
}

/// A service that is ready when it is asked for the third time.
#[derive(Clone, Default)]
struct Slow {
    asked: usize,
}

impl Service<Request<()>> for Slow {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut std::task::Context<'_>) -> Poll<Result<(), Infallible>> {
        self.asked += 1;
        if self.asked < 3 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        assert_eq!(self.asked, 3, "called before it was ready");
        std::future::ready(Ok(Response::new(Body::empty())))
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_is_asked_whether_it_is_ready_when_the_turn_has_come() {
    let throttle = Throttle::builder().rate(Rate::per_second(1.0)).build().unwrap();
    let mut service = ThrottleLayer::new(throttle.clone()).layer(Slow::default());
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    drop(service.call(Request::new(())).await.unwrap());
    assert_eq!(throttle.available(), 0.0);
}

#[tokio::test(start_paused = true)]
async fn as_many_wait_as_may_and_the_next_is_told() {
    let throttle = Throttle::builder().concurrency(1).max_waiting(0).build().unwrap();
    let service = ThrottleLayer::new(throttle.clone()).layer(hello());
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    let error = service.oneshot(Request::new(())).await.unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(AdmitError::QueueFull { max_waiting: 0 })));
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn who_has_waited_long_enough_is_told() {
    let limit = Duration::from_millis(1_500);
    let layer = ThrottleLayer::concurrency(1).unwrap().timeout(limit);
    let service = layer.clone().layer(hello());
    let first = service.clone().oneshot(Request::new(())).await.unwrap();
    let start = tokio::time::Instant::now();
    // On this clock a minute is over at once, should it wait for ever.
    let second = tokio::time::timeout(Duration::from_secs(60), service.clone().oneshot(Request::new(())));
    let error = second.await.unwrap().unwrap_err();
    assert!(matches!(error.downcast_ref(), Some(AdmitError::TimedOut)));
    assert_eq!(start.elapsed(), limit);
    drop(first);
    assert!(service.oneshot(Request::new(())).await.is_ok());
    assert_eq!(layer.throttle().waiting(), 0);
}
