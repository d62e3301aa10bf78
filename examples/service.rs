//! A service in axum that keeps its callers to a limit: so many requests per second, so many at once, over all
//! connections; and who would have to wait behind too many others is told so at once.
//!
//! `cargo run --example service` serves a burst of its own, shows what became of it, and ends.
//! `cargo run --release --example service -- --listen 127.0.0.1:3000` serves until it is stopped.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::error_handling::HandleErrorLayer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{BoxError, Router};
use clap::Parser;
use futures::future::join_all;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tollgate::tower::ThrottleLayer;
use tollgate::{AdmitError, Rate, Throttle};
use tower::ServiceBuilder;

/// A service that keeps its callers to a limit.
#[derive(Debug, Parser)]
struct Args {
    /// Where to listen, until stopped.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Requests that may begin in any second.
    #[arg(long, default_value_t = 100.0)]
    rate: f64,
    /// Requests that may be inside at once.
    #[arg(long, default_value_t = 10)]
    concurrency: usize,
    /// Requests that may wait; the others get a 503.
    #[arg(long, default_value_t = 150)]
    waiting: usize,
}

/// How many handlers are at work, and the most that ever were.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// A handler at work; over when dropped, which is also how it ends if its caller goes away.
struct Inside(Arc<Crowd>);

impl Inside {
    fn new(crowd: Arc<Crowd>) -> Self {
        crowd.most.fetch_max(crowd.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        Self(crowd)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let throttle = Throttle::builder()
        .rate(Rate::per_second(args.rate))
        .concurrency(args.concurrency)
        .max_waiting(args.waiting)
        .build()?;
    let crowd = Arc::new(Crowd::default());
    let app = app(throttle, crowd.clone());
    let listener = TcpListener::bind(args.listen.unwrap_or(([127, 0, 0, 1], 0).into())).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");
    let server = async { axum::serve(listener, app).await };
    if args.listen.is_some() {
        tokio::select! { outcome = server => outcome?, outcome = tokio::signal::ctrl_c() => outcome? }
    } else {
        tokio::select! { outcome = server => outcome?, outcome = burst(address) => outcome? }
    }
    println!("at most {} were inside at once", crowd.most.load(Ordering::Relaxed));
    Ok(())
}

/// The routes, behind one throttle: axum clones the layers for each connection, and the clones share it.
fn app(throttle: Throttle, crowd: Arc<Crowd>) -> Router {
    let limit = ServiceBuilder::new().layer(HandleErrorLayer::new(busy)).layer(ThrottleLayer::new(throttle));
    Router::new().route("/", get(work)).with_state(crowd).layer(limit)
}

/// What a caller gets who is not let in.
async fn busy(error: BoxError) -> Response {
    match error.downcast_ref() {
        Some(AdmitError::QueueFull { .. }) => {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], error.to_string()).into_response()
        }
        _ => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Stands for work that must not be done too often, or too much at once.
async fn work(State(crowd): State<Arc<Crowd>>) -> &'static str {
    let _inside = Inside::new(crowd);
    sleep(Duration::from_millis(20)).await;
    "done\n"
}

/// 300 requests at the same time, on as many connections.
async fn burst(address: SocketAddr) -> Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let start = Instant::now();
    let ask = async || anyhow::Ok(client.get(format!("http://{address}/")).send().await?.status().as_u16());
    let mut counts = BTreeMap::<u16, usize>::new();
    for status in join_all((0..300).map(|_| ask())).await {
        *counts.entry(status?).or_default() += 1;
    }
    println!("300 requests: {counts:?} in {:.1?}", start.elapsed());
    Ok(())
}
