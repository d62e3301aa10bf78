//! What an API answers to 200 requests when it allows 100 per second and 10 at once: to a client without
//! limits, to one that only keeps to 10 at once, and to one whose throttle knows both limits.
//!
//! The API is a strict server in this process; it counts what it lets in, and how much of its quota that is.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use futures::future::try_join_all;
use reqwest::Client;
use tollgate::{Rate, Throttle};
use tollgate_server::{Config, Server};

#[tokio::main]
async fn main() -> Result<()> {
    // Without a proxy, as the server is on this machine.
    let client = Client::builder().no_proxy().build()?;
    let limits = Config { capacity: 100, concurrency: 10, after_ms: [5, 15].into(), ..Config::default() };
    let server = Server::start(limits).await?;

    let no_limits = Throttle::builder().build()?;
    let ten_at_once = Throttle::builder().concurrency(10).build()?;
    // Counted until answered, so that uneven delays on the way cannot push the API over its limit.
    let both = Throttle::builder().concurrency(10).rate(Rate::per_second(100.0).until_answered()).build()?;

    for (name, throttle) in
        [("no limits", no_limits), ("10 at once", ten_at_once), ("10 at once, 100 per second", both)]
    {
        server.reset();
        let start = Instant::now();
        let counts = status_counts(&client, &server.url(), &throttle).await?;
        let quota = 100.0 * server.stats().quota_used.unwrap_or(0.0);
        println!("{name}: {counts:?} in {:.1?}, {quota:.0} % of the quota used", start.elapsed());
    }
    Ok(())
}

/// Sends 200 requests as fast as the throttle lets them go; tells how often which status came back.
async fn status_counts(client: &Client, url: &str, throttle: &Throttle) -> Result<BTreeMap<u16, usize>> {
    let requests = (0..200).map(|n| async move {
        let status = throttle.run(get(client, format!("{url}/api/{n}"))).await??;
        anyhow::Ok(status)
    });
    let mut counts = BTreeMap::new();
    for status in try_join_all(requests).await? {
        *counts.entry(status).or_default() += 1;
    }
    Ok(counts)
}

/// One request, with its body: only then is it over.
async fn get(client: &Client, url: String) -> reqwest::Result<u16> {
    let response = client.get(url).send().await?;
    let status = response.status().as_u16();
    response.bytes().await?;
    Ok(status)
}
