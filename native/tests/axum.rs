//! One limit for all connections of a server on loopback, under load.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::error_handling::HandleErrorLayer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::serve::IncomingStream;
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::time::Instant;
use tollgate_core::Rate;
use tollgate_native::Throttle;
use tollgate_native::tower::ThrottleLayer;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder};

type Request = axum::http::Request<Body>;
type Stack = BoxCloneSyncService<Request, Response, Infallible>;

/// What the handlers see: how many are inside, the most that ever were, and when each began.
#[derive(Clone, Default)]
struct Site(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    inside: usize,
    most: usize,
    begun: Vec<Instant>,
}

/// Somebody is inside; also one whose client goes away in the middle.
struct Inside(Site);

impl Site {
    fn enter(&self) -> Inside {
        let mut seen = self.0.lock().unwrap();
        seen.inside += 1;
        seen.most = seen.most.max(seen.inside);
        seen.begun.push(Instant::now());
        Inside(self.clone())
    }

    fn router(&self, meeting: usize) -> Router {
        let meeting = Arc::new(Barrier::new(meeting));
        let meet = move || async move {
            meeting.wait().await;
        };
        Router::new()
            .route("/", get(visit))
            .route("/endless", get(endless))
            .route("/meet", get(meet))
            .with_state(self.clone())
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().inside -= 1;
    }
}

async fn visit(State(site): State<Site>) -> &'static str {
    let _inside = site.enter();
    tokio::time::sleep(Duration::from_millis(2)).await;
    "hello"
}

/// A body without end, which is inside as long as somebody reads it.
async fn endless(State(site): State<Site>) -> Body {
    let inside = site.enter();
    Body::from_stream(futures::stream::repeat_with(move || {
        let _inside = &inside;
        Ok::<_, Infallible>(Bytes::from_static(&[7; 1024]))
    }))
}

/// Makes the stack anew for each connection, from a clone of the layer.
#[derive(Clone)]
struct Maker {
    layer: ThrottleLayer,
    router: Router,
}

impl Maker {
    fn stack(&self) -> Stack {
        let refused = |error: BoxError| async move { (StatusCode::SERVICE_UNAVAILABLE, error.to_string()) };
        let stack = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(refused))
            .layer(self.layer.clone())
            .service(self.router.clone());
        BoxCloneSyncService::new(tower::ServiceExt::<Request>::map_response(
            stack,
            |response: Response<_>| response.map(Body::new),
        ))
    }
}

impl Service<IncomingStream<'_, TcpListener>> for Maker {
    type Response = Stack;
    type Error = Infallible;
    type Future = Ready<Result<Stack, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _connection: IncomingStream<'_, TcpListener>) -> Self::Future {
        ready(Ok(self.stack()))
    }
}

/// Serves the site behind the layer: one stack that axum clones for each connection, or one made for each.
async fn serve(site: &Site, layer: &ThrottleLayer, meeting: usize, made_anew: bool) -> SocketAddr {
    let maker = Maker { layer: layer.clone(), router: site.router(meeting) };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        if made_anew {
            axum::serve(listener, maker).await
        } else {
            let app = Router::new().fallback_service(maker.stack());
            axum::serve(listener, app.into_make_service()).await
        }
    });
    address
}

/// A connection of its own, which asks for a path, and has not read anything.
async fn ask(address: SocketAddr, path: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    socket
}

/// So many clients at once, each on a connection of its own, which ask so often each. All are answered.
async fn load(address: SocketAddr, clients: usize, requests: usize) {
    let url = format!("http://{address}/");
    let ask = |_| {
        let (client, url) = (reqwest::Client::new(), url.clone());
        tokio::spawn(async move {
            for _ in 0..requests {
                let response = client.get(&url).send().await.unwrap();
                assert_eq!(response.status(), 200);
                assert_eq!(response.text().await.unwrap(), "hello");
            }
        })
    };
    for task in join_all((0..clients).map(ask)).await {
        task.unwrap();
    }
}

/// Waits until nobody is inside or in line, which a server finds out when it gets to it.
async fn settled(throttle: &Throttle) {
    let free = async {
        while (throttle.in_flight(), throttle.waiting()) != (0, 0) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(30), free).await;
    assert!(outcome.is_ok(), "{throttle:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_are_inside_than_may_be_over_all_connections() {
    for made_anew in [false, true] {
        let site = Site::default();
        let layer = ThrottleLayer::concurrency(4).unwrap();
        let address = serve(&site, &layer, 4, made_anew).await;
        load(address, 40, 10).await;
        let most = site.0.lock().unwrap().most;
        assert!(most <= 4, "{most} were inside");
        assert_eq!(site.0.lock().unwrap().begun.len(), 400);
        settled(layer.throttle()).await;
        // All four slots are there: each of four waits for the other three.
        for response in join_all((0..4).map(|_| reqwest::get(format!("http://{address}/meet")))).await {
            assert_eq!(response.unwrap().status(), 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_go_away_half_way_leave_their_slots_to_others() {
    for made_anew in [false, true] {
        let site = Site::default();
        let layer = ThrottleLayer::concurrency(3).unwrap();
        let address = serve(&site, &layer, 3, made_anew).await;
        let go_away = |number: usize| async move {
            let mut socket = ask(address, if number.is_multiple_of(3) { "/endless" } else { "/" }).await;
            match number % 4 {
                // While it is in line, most likely; or while it is inside; or once it has begun to read.
                0 => {}
                1 => tokio::time::sleep(Duration::from_millis(1)).await,
                _ => assert!(socket.read(&mut [0; 512]).await.unwrap() > 0),
            }
        };
        let (leaving, staying) = (join_all((0..60).map(go_away)), load(address, 10, 10));
        tokio::join!(leaving, staying);
        let most = site.0.lock().unwrap().most;
        assert!(most <= 3, "{most} were inside");
        settled(layer.throttle()).await;
        for response in join_all((0..3).map(|_| reqwest::get(format!("http://{address}/meet")))).await {
            assert_eq!(response.unwrap().status(), 200);
        }
        assert_eq!(site.0.lock().unwrap().inside, 0);
    }
}

/// On real connections, while the clock stands unless everybody waits: what a handler sees is when it was let in.
#[tokio::test(start_paused = true)]
async fn in_no_second_do_more_begin_than_the_rate_says_over_all_connections() {
    let second = Duration::from_secs(1);
    for made_anew in [false, true] {
        for rate in [Rate::per_second(20.0), Rate::per_second(20.0).smooth()] {
            let site = Site::default();
            let layer = ThrottleLayer::rate(rate).unwrap();
            let address = serve(&site, &layer, 1, made_anew).await;
            let start = Instant::now();
            load(address, 50, 2).await;
            let begun = std::mem::take(&mut site.0.lock().unwrap().begun);
            assert_eq!(begun.len(), 100);
            assert!(begun.windows(21).all(|window| window[20] - window[0] >= second), "{begun:?}");
            // Nor is anything lost of what may go.
            let took = start.elapsed();
            assert!(took < 6 * second, "{took:?}");
            settled(layer.throttle()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_and_a_concurrency_hold_together_for_layers_on_one_throttle() {
    let throttle = Throttle::builder().rate(Rate::per_second(1_000.0)).concurrency(2).build().unwrap();
    let site = Site::default();
    let (one, other) = (ThrottleLayer::new(throttle.clone()), ThrottleLayer::new(throttle.clone()));
    let addresses = [serve(&site, &one, 1, false).await, serve(&site, &other, 1, true).await];
    join_all(addresses.map(|address| load(address, 10, 5))).await;
    let (most, count) = {
        let seen = site.0.lock().unwrap();
        (seen.most, seen.begun.len())
    };
    assert!(most <= 2 && count == 100, "{most} were inside, {count} in all");
    settled(&throttle).await;
}
