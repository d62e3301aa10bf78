//! Real time, real HTTP: what counting until answered is for.
//!
//! A server with a sliding window of 100 per second sits behind a network that delays each message by
//! anything between 0 and 200 ms. Calls counted from their admission bunch up on the way and some are
//! refused. Counted until they are answered, none can be.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tollgate::{Rate, Throttle};
use tollgate_server::{Algorithm, Config, Server, Stats};

const CALLS: usize = 1_000;

async fn stats_of_calls(rate: Rate) -> Stats {
    let config = Config {
        algorithm: Algorithm::Sliding,
        capacity: 100,
        period_ms: 1_000,
        before_ms: [0, 200].into(),
        after_ms: [0, 200].into(),
        seed: 7,
        ..Config::default()
    };
    let server = Server::start(config).await.unwrap();
    let throttle = Throttle::builder().rate(rate).build().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/api", server.url());
    let call = || throttle.run(client.get(&url).send());
    let mut calls: FuturesUnordered<_> = (0..CALLS).map(|_| call()).collect();
    while let Some(answer) = calls.next().await {
        answer.unwrap().unwrap();
    }
    let stats = server.stats();
    server.shutdown().await;
    stats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_counting_until_answered_keeps_a_server_behind_an_uneven_network_content() {
    let rate = Rate::new(100.0, Duration::from_secs(1));
    let (admitted, answered) = tokio::join!(stats_of_calls(rate), stats_of_calls(rate.until_answered()));
    assert!(admitted.statuses.get(&429).is_some_and(|&refused| refused > 0), "{admitted:?}");
    assert_eq!(answered.statuses.get(&200), Some(&(CALLS as u64)), "{answered:?}");
    assert!(answered.worst_window <= 100, "{answered:?}");
}
