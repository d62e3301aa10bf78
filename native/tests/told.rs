//! Fifty callers and the strict server, which has enough of them: all stop, nobody sends before the time, and all are
//! answered; whether it is told in seconds or by a date.

use std::time::Duration;

use futures::future::join_all;
use tollgate_native::Throttle;
use tollgate_native::reqwest::client;
use tollgate_server::{Algorithm, Api, Config, DelayRange, Server};

const CALLERS: usize = 50;
const SLOTS: usize = 10;
const WAIT: Duration = Duration::from_secs(2);
/// More than a round trip, on a machine that is busy.
const MOMENT: Duration = Duration::from_millis(800);

async fn fifty_are_told(refuse: impl Fn(&Api)) {
    // Each takes a while, so that many wait when it is said, however busy the machine is.
    let after_ms = DelayRange { min: 200, max: 200 };
    let config = Config { algorithm: Algorithm::None, after_ms, ..Config::default() };
    let server = Server::start(config).await.unwrap();
    let url = format!("{}/api", server.url());
    let throttle = Throttle::builder().concurrency(SLOTS).build().unwrap();
    let client = client(throttle.clone());
    let all = join_all((0..CALLERS).map(|_| async {
        let response = client.get(&url).send().await.unwrap();
        let status = response.status().as_u16();
        response.bytes().await.unwrap();
        status
    }));
    let has_enough = async {
        while server.stats().arrivals < 15 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        refuse(server.api());
    };
    let (statuses, ()) = tokio::join!(all, has_enough);
    assert_eq!(statuses, [200; CALLERS]);
    let log = server.log();
    let refused: Vec<_> = log.iter().filter(|arrival| arrival.status == 429).collect();
    // Those who were let in before the first of them was told: none is refused twice.
    assert!((1..=SLOTS).contains(&refused.len()), "{} were refused", refused.len());
    assert_eq!(log.len(), CALLERS + refused.len());
    let told = refused[0].at;
    let early = log.iter().filter(|arrival| arrival.at > told + MOMENT && arrival.at < told + WAIT);
    assert_eq!(early.count(), 0);
    let after = log.iter().filter(|arrival| arrival.at >= told + WAIT).count();
    assert!(after >= CALLERS - 15 - 2 * SLOTS, "only {after} had to wait");
    assert_eq!((throttle.in_flight(), throttle.waiting()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_are_told_in_seconds() {
    fifty_are_told(|api| api.refuse_for(WAIT)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_are_told_by_a_date() {
    fifty_are_told(|api| api.refuse_by_date(WAIT)).await;
}
