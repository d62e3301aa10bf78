//! A client that keeps to its limits, sends again what was refused, waits when it is told to, and closes cleanly.
//!
//! [`ApiClient`] allows itself 100 requests per second and 5 at once. The API of this example is stricter
//! than that: it answers 429 at 40 per second, and the `Retry-After` of one such answer holds back all
//! callers. What was refused is sent again, so that its caller gets a page all the same. Closing turns away whoever
//! waits, and lets those finish that are under way.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::future::join_all;
use reqwest::StatusCode;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tokio::time::sleep;
use tollgate::http::RetryPolicy;
use tollgate::reqwest::ThrottleMiddleware;
use tollgate::{Rate, Throttle};
use tollgate_server::{Config, Server};

/// A client of one API. Clones share its limits.
#[derive(Clone)]
struct ApiClient {
    http: ClientWithMiddleware,
    base: String,
    throttle: Throttle,
}

/// An answer of the API, whatever its status.
struct Answer {
    status: StatusCode,
    body: String,
}

impl ApiClient {
    fn new(base: impl Into<String>) -> Result<Self> {
        let throttle =
            Throttle::builder().rate(Rate::per_second(100.0).until_answered()).concurrency(5).build()?;
        // Without a proxy, as the server of this example is on this machine.
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        let middleware = ThrottleMiddleware::new(throttle.clone()).policy(RetryPolicy::new().retries(3));
        Ok(Self { http: ClientBuilder::new(http).with(middleware).build(), base: base.into(), throttle })
    }

    /// Waits until the limits allow a request, and makes it; again, if the API has had enough.
    ///
    /// An error is a request without an answer, or `AdmitError::Closed`.
    async fn get(&self, path: &str) -> Result<Answer> {
        let response = self.http.get(format!("{}{path}", self.base)).send().await?;
        let status = response.status();
        // The body is part of the request: its slot is held until it has been read.
        Ok(Answer { status, body: response.text().await? })
    }

    /// Lets no more requests start. Those that wait for the limits get an error, those under way go on.
    fn close(&self) {
        self.throttle.close();
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let limits = Config { capacity: 40, after_ms: [20, 40].into(), ..Config::default() };
    let server = Server::start(limits).await?;
    let client = ApiClient::new(server.url())?;

    let start = Instant::now();
    let first = client.get("/api/first").await?;
    println!("the first answer: {} {}", first.status, first.body);
    let answers = join_all((1..80).map(|_| client.get("/api/items"))).await;
    let retries = server.stats().arrivals - 80;
    println!("79 more: {:?}, after {retries} retries, in {:.1?}", outcomes(answers), start.elapsed());

    server.reset();
    let requests = join_all((0..30).map(|_| client.get("/api/items")));
    let close = async {
        sleep(Duration::from_millis(100)).await;
        println!(
            "closing with {} under way, {} waiting",
            client.throttle.in_flight(),
            client.throttle.waiting()
        );
        client.close();
    };
    let (answers, ()) = tokio::join!(requests, close);
    println!("30 more: {:?}, {} under way", outcomes(answers), client.throttle.in_flight());
    Ok(())
}

/// How often there was which status or error.
fn outcomes(answers: Vec<Result<Answer>>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        let outcome =
            answer.map_or_else(|error| error.to_string(), |answer| answer.status.as_u16().to_string());
        *counts.entry(outcome).or_default() += 1;
    }
    counts
}
