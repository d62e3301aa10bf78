//! Requests through the middleware, against servers on loopback.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use futures::future::join_all;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tollgate_core::http::{Backoff, RetryPolicy};
use tollgate_core::{Rate, Settings};
use tollgate_native::reqwest::ThrottleMiddleware;
use tollgate_native::{Keyed, Throttle};

type Answer = dyn Fn(usize, &str) -> Response + Send + Sync;

/// A server that answers as told, by the number of the request; and what it has seen: when, and the body.
#[derive(Clone)]
struct Server {
    answer: Arc<Answer>,
    seen: Arc<Mutex<Vec<(Instant, Bytes)>>>,
}

impl Server {
    async fn start(answer: impl Fn(usize, &str) -> Response + Send + Sync + 'static) -> (Self, String) {
        let server = Self { answer: Arc::new(answer), seen: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let app = Router::new().fallback(serve).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (server, url)
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

async fn serve(State(server): State<Server>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await.unwrap_or_default();
    let number = {
        let mut seen = server.seen.lock().unwrap();
        seen.push((Instant::now(), body));
        seen.len()
    };
    (server.answer)(number, &path)
}

fn refused(seconds: u32) -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())], "later").into_response()
}

fn throttle(slots: usize) -> Throttle {
    Throttle::builder().concurrency(slots).build().unwrap()
}

fn client(throttle: &Throttle) -> ClientWithMiddleware {
    let policy = RetryPolicy::new().backoff(Backoff::Fixed(Duration::from_millis(10)));
    let middleware = ThrottleMiddleware::new(throttle.clone()).policy(policy);
    ClientBuilder::new(reqwest::Client::new()).with(middleware).build()
}

/// A body of so many chunks of 64 KB, for ever if none is given.
fn stream(chunks: Option<usize>) -> Response {
    let chunk = Bytes::from(vec![7_u8; 64 * 1024]);
    let all = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    match chunks {
        Some(count) => Body::from_stream(all.take(count)).into_response(),
        None => Body::from_stream(all).into_response(),
    }
}

#[tokio::test]
async fn a_slot_is_held_until_the_body_has_ended() {
    let (_server, url) = Server::start(|_, path| match path {
        "/empty" => StatusCode::NO_CONTENT.into_response(),
        "/small" => "small".into_response(),
        _ => stream(Some(100)),
    })
    .await;
    let throttle = throttle(1);
    let client = client(&throttle);
    let response = client.get(format!("{url}large")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.url().path()), (200, "/large"));
    assert_eq!(throttle.in_flight(), 1);
    assert_eq!(response.bytes().await.unwrap().len(), 100 * 64 * 1024);
    assert_eq!(throttle.in_flight(), 0);
    let half = client.get(format!("{url}large")).send().await.unwrap();
    let mut body = half.bytes_stream();
    assert!(body.next().await.unwrap().is_ok());
    assert_eq!(throttle.in_flight(), 1);
    drop(body);
    assert_eq!(throttle.in_flight(), 0);
    let response = client.get(format!("{url}empty")).send().await.unwrap();
    assert_eq!(throttle.in_flight(), 0, "there is nothing to be read");
    drop(response);
    let unread = client.get(format!("{url}small")).send().await.unwrap();
    assert_eq!((throttle.in_flight(), unread.content_length()), (1, Some(5)));
    drop(unread);
    assert_eq!(throttle.in_flight(), 0);
}

#[tokio::test]
async fn a_long_body_flows_through_and_frees_its_slot() {
    let (_server, url) = Server::start(|_, _| stream(Some(800))).await;
    let throttle = throttle(1);
    let mut body = client(&throttle).get(url).send().await.unwrap().bytes_stream();
    let mut length = 0;
    while let Some(chunk) = body.next().await {
        length += chunk.unwrap().len();
    }
    assert_eq!((length, throttle.in_flight()), (50 << 20, 0));
}

#[tokio::test]
async fn one_refusal_stops_everybody_and_all_are_answered() {
    let (server, url) =
        Server::start(|number, _| if number == 15 { refused(2) } else { "ok".into_response() }).await;
    let throttle = throttle(5);
    let client = client(&throttle);
    let get =
        async || client.get(&url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
    let all = join_all((0..50).map(|_| get())).await;
    assert!(all.iter().all(|text| text == "ok"));
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.len(), 51);
    let refused_at = seen[14].0;
    // Those who were on their way have arrived; nobody else is sent before the time.
    let during = seen.iter().filter(|(at, _)| {
        let since = at.saturating_duration_since(refused_at);
        since > Duration::from_millis(1_000) && since < Duration::from_millis(1_995)
    });
    assert_eq!(during.count(), 0);
    assert_eq!(throttle.in_flight(), 0);
}

#[tokio::test]
async fn what_may_be_sent_again_is_with_its_body_and_the_rest_is_sent_once() {
    let (server, url) = Server::start(|_, _| refused(0)).await;
    let throttle = throttle(1);
    let client = client(&throttle);
    let stream = || reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>("body")]));
    for (request, count) in [
        (client.get(&url), 3),
        (client.put(&url).body("body"), 3),
        (client.put(&url).body(stream()), 1),
        (client.post(&url).body("body"), 1),
        (client.post(&url).body("body").header("Idempotency-Key", "1"), 3),
        (client.patch(&url), 1),
    ] {
        let before = server.count();
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 429, "the last answer is what the caller gets");
        assert_eq!(response.text().await.unwrap(), "later");
        assert_eq!(server.count() - before, count);
        assert_eq!(throttle.in_flight(), 0);
    }
    let seen = server.seen.lock().unwrap();
    let bodies = seen.iter().map(|(_, body)| std::str::from_utf8(body).unwrap());
    assert_eq!(bodies.collect::<Vec<_>>()[3..8], ["body"; 5]);
}

#[tokio::test]
async fn a_connection_that_fails_is_tried_again_and_leaks_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let throttle = throttle(1);
    let error = client(&throttle).get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert_eq!(throttle.in_flight(), 0);
}

#[tokio::test]
async fn a_server_that_ends_half_way_or_never_answers_frees_the_slot() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        for number in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            if number == 0 {
                assert!(socket.read(&mut [0; 4096]).await.unwrap() > 0);
                socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await.unwrap();
                socket.shutdown().await.unwrap();
            } else {
                kept.push(socket);
            }
        }
    });
    let throttle = throttle(1);
    let client = client(&throttle);
    let response = client.post(&url).send().await.unwrap();
    assert!(response.bytes().await.is_err());
    assert_eq!(throttle.in_flight(), 0);
    let never = client.post(&url).timeout(Duration::from_millis(50)).send().await.unwrap_err();
    assert!(never.is_timeout(), "{never:?}");
    assert_eq!(throttle.in_flight(), 0);
    let given_up = tokio::time::timeout(Duration::from_millis(50), client.get(&url).send()).await;
    assert!(given_up.is_err());
    assert_eq!((throttle.in_flight(), throttle.waiting()), (0, 0));
}

#[tokio::test]
async fn a_wait_of_a_century_is_told_and_not_waited() {
    let (server, url) = Server::start(|_, _| refused(u32::MAX)).await;
    let throttle = throttle(1);
    let response = client(&throttle).get(&url).send().await.unwrap();
    assert_eq!((response.status().as_u16(), server.count()), (429, 1));
    assert!(throttle.is_paused(), "the others wait all the same");
}

#[tokio::test]
async fn a_throttle_that_refuses_says_so_and_costs_count() {
    let (_server, url) = Server::start(|_, _| "ok".into_response()).await;
    let throttle = Throttle::builder().rate(Rate::per_minute(5.0)).build().unwrap();
    let middleware = ThrottleMiddleware::new(throttle.clone())
        .cost(|request| if request.method() == "GET" { 2.0 } else { 9.0 });
    let client = ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    client.get(&url).send().await.unwrap();
    assert_eq!(throttle.available(), 3.0);
    let error = client.post(&url).send().await.unwrap_err();
    assert!(error.is_middleware() && error.to_string().contains("cost is 9"), "{error}");
    throttle.close();
    assert!(client.get(&url).send().await.unwrap_err().to_string().contains("closed"));
}

#[tokio::test]
async fn a_host_that_refuses_or_is_full_holds_up_no_other() {
    let (refusing, refusing_url) = Server::start(|_, _| refused(60)).await;
    let (_full, full_url) = Server::start(|_, _| stream(None)).await;
    let (_free, free_url) = Server::start(|_, _| "ok".into_response()).await;
    let hosts = Keyed::builder().per_key(Settings::new().concurrency(1)).build().unwrap();
    let middleware = ThrottleMiddleware::per_host(hosts.clone());
    let client = ClientBuilder::new(reqwest::Client::new()).with(middleware).build();
    let mut waiting = Box::pin(client.get(&refusing_url).send());
    let endless = client.get(&full_url).send().await.unwrap();
    let mut behind = Box::pin(client.get(&full_url).send());
    let moment = Duration::from_millis(100);
    assert!(tokio::time::timeout(moment, &mut waiting).await.is_err());
    assert!(tokio::time::timeout(moment, &mut behind).await.is_err());
    for _ in 0..3 {
        assert_eq!(client.get(&free_url).send().await.unwrap().text().await.unwrap(), "ok");
    }
    assert_eq!((refusing.count(), hosts.waiting()), (1, 2));
    drop((waiting, behind, endless));
    assert_eq!((hosts.waiting(), hosts.in_flight()), (0, 0));
}
