//! Limits per endpoint: a slow endpoint with a line in front of it does not hold back the others.
//!
//! `/reports` takes long and allows one call at once, `/users` is quick and allows four. Calls to both are
//! made at the same time, those to `/reports` first; all together there may be five.

use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::time::sleep;
use tollgate::{AdmitError, Keyed, Rate, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let endpoints = Keyed::builder()
        .total(Settings::new().concurrency(5).rate(Rate::per_second(100.0)))
        .per_key(Settings::new().concurrency(4))
        .key("/reports", Settings::new().concurrency(1))
        .build()?;

    let reports = try_join_all((0..5).map(|_| call(&endpoints, "/reports", Duration::from_millis(200))));
    let users = try_join_all((0..20).map(|_| call(&endpoints, "/users", Duration::from_millis(20))));
    let (reports, users) = tokio::try_join!(reports, users)?;

    for (endpoint, waits) in [("/reports", reports), ("/users", users)] {
        let longest = waits.iter().max().copied().unwrap_or_default();
        println!("{endpoint}: {} calls, the longest wait was {} ms", waits.len(), longest.as_millis());
    }
    Ok(())
}

/// A call that stands for a request of this length; tells how long it waited before it was let in.
async fn call(
    endpoints: &Keyed<&'static str>,
    endpoint: &'static str,
    length: Duration,
) -> Result<Duration, AdmitError> {
    let start = Instant::now();
    let _permit = endpoints.acquire(endpoint).await?;
    let waited = start.elapsed();
    sleep(length).await;
    Ok(waited)
}
