//! How long a caller waits, and what there is when the wait is over; against a server on loopback, on virtual time: the
//! clock stands unless everybody waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use tollgate_core::AdmitError;
use tollgate_core::http::RetryPolicy;
use tollgate_native::Throttle;
use tollgate_native::reqwest::{Deadline, ThrottleMiddleware};

/// Answers 429 with this Retry-After so often, and then 200; and how often it was asked.
async fn server(refusals: usize, seconds: u32) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let answer = move || async move {
        if count.fetch_add(1, Ordering::Relaxed) >= refusals {
            return "hello".into_response();
        }
        let refused: Response =
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())], "later").into_response();
        refused
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await.unwrap() });
    (url, asked)
}

fn throttle() -> Throttle {
    Throttle::builder().concurrency(1).build().unwrap()
}

fn client(throttle: &Throttle, deadline: Option<Deadline>) -> ClientWithMiddleware {
    let mut middleware = ThrottleMiddleware::new(throttle.clone()).policy(RetryPolicy::new().jitter(false));
    if let Some(deadline) = deadline {
        middleware = middleware.deadline(deadline);
    }
    ClientBuilder::new(reqwest::Client::new()).with(middleware).build()
}

fn within(seconds: u64) -> Deadline {
    Deadline::within(Duration::from_secs(seconds))
}

#[tokio::test(start_paused = true)]
async fn who_is_not_let_in_by_the_deadline_gets_an_error() {
    let (url, asked) = server(0, 0).await;
    let throttle = throttle();
    let client = client(&throttle, Some(within(3)));
    let inside = throttle.try_acquire().unwrap();
    // Its own deadline, or that of all.
    for (deadline, seconds) in [(Some(within(2)), 2), (None, 3), (Some(within(4)), 4)] {
        let start = Instant::now();
        let mut request = client.get(&url);
        if let Some(deadline) = deadline {
            request = request.with_extension(deadline);
        }
        // On this clock a minute is over at once, should it wait for ever.
        let answer = tokio::time::timeout(Duration::from_secs(60), request.send()).await.unwrap();
        let reqwest_middleware::Error::Middleware(error) = answer.unwrap_err() else {
            panic!("it is the throttle that says so");
        };
        assert_eq!(error.downcast_ref(), Some(&AdmitError::TimedOut));
        assert_eq!(start.elapsed().as_millis(), seconds * 1_000);
    }
    assert_eq!((asked.load(Ordering::Relaxed), throttle.waiting()), (0, 0));
    drop(inside);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_longer_than_what_is_left_is_not_waited() {
    for (deadline, status, count, waited) in [(within(5), 429, 1, 0), (within(6), 200, 2, 5_000)] {
        let (url, asked) = server(1, 5).await;
        let throttle = throttle();
        let start = Instant::now();
        let response = client(&throttle, None).get(&url).with_extension(deadline).send().await.unwrap();
        assert_eq!((response.status().as_u16(), asked.load(Ordering::Relaxed)), (status, count));
        assert_eq!(start.elapsed().as_millis(), waited);
        assert_eq!(throttle.is_paused(), status == 429, "the others wait all the same");
    }
}

#[tokio::test(start_paused = true)]
async fn one_who_is_not_let_in_again_gets_the_last_answer() {
    // The line is too long; or it is full; or nobody is let in any more.
    for case in ["late", "full", "closed"] {
        let (url, asked) = server(1, 1).await;
        let throttle = Throttle::builder()
            .concurrency(1)
            .max_waiting(if case == "full" { 0 } else { 9 })
            .build()
            .unwrap();
        let client = client(&throttle, Some(within(3)));
        let start = Instant::now();
        let other = async {
            sleep(Duration::from_millis(500)).await;
            match case {
                "closed" => throttle.close(),
                // Lets nobody in for longer than anybody waits.
                "late" => throttle.pause(Duration::from_secs(60)),
                _ => {}
            }
        };
        let (response, ()) = tokio::join!(client.get(&url).send(), other);
        let response = response.unwrap();
        assert_eq!((response.status(), asked.load(Ordering::Relaxed)), (StatusCode::TOO_MANY_REQUESTS, 1));
        assert_eq!(response.headers()["retry-after"], "1", "{case}");
        assert_eq!((throttle.in_flight(), throttle.waiting()), (0, 0));
        // The two who are joined take half a second at least.
        assert_eq!(start.elapsed().as_millis(), if case == "late" { 3_000 } else { 500 }, "{case}");
        assert_eq!(response.text().await.unwrap(), "later", "{case}: it can still be read");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_under_way_is_not_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let slow = || async {
        sleep(Duration::from_secs(10)).await;
        "slow"
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(slow)).await.unwrap() });
    let response = client(&throttle(), Some(within(1))).get(&url).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), "slow");
}
