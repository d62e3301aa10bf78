//! The server over loopback. Nothing here depends on how fast the machine is: limits are either
//! so wide that time does not matter, or waited for.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sfv::{BareItem, List, ListEntry, Parser};
use tollgate_server::{Algorithm, Arrival, Config, DelayRange, Server, Stats};

const HOUR_MS: u64 = 3_600_000;

/// Far longer than any of these tests takes.
fn hourly(algorithm: Algorithm, capacity: u32) -> Config {
    Config { algorithm, capacity, period_ms: HOUR_MS, ..Config::default() }
}

/// As good as forever, if a test does not disconnect.
fn stuck() -> DelayRange {
    DelayRange { min: 600_000, max: 600_000 }
}

async fn get(server: &Server, path: &str) -> Response {
    reqwest::get(format!("{}{path}", server.url())).await.unwrap()
}

async fn put(server: &Server, limits: Value) -> (u16, Value) {
    let url = format!("{}/limits", server.url());
    let response = Client::new().put(url).json(&limits).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

/// The single member of a `RateLimit` field: its name and its two integer parameters.
fn member(headers: &HeaderMap, field: &str, parameters: [&str; 2]) -> (String, [i64; 2]) {
    let list: List = Parser::new(headers[field].as_bytes()).parse().unwrap();
    let [ListEntry::Item(item)] = &list[..] else {
        panic!("not one item: {list:?}");
    };
    let BareItem::String(name) = &item.bare_item else {
        panic!("not a string: {item:?}");
    };
    let values = parameters.map(|key| match item.params[key] {
        BareItem::Integer(value) => i64::from(value),
        ref other => panic!("{key} is not an integer: {other:?}"),
    });
    (name.as_str().to_owned(), values)
}

/// Asks again and again until it holds; panics after a long time.
async fn until(holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to hold");
}

#[tokio::test]
async fn over_the_rate_limit_is_429_with_all_fields() {
    for algorithm in [Algorithm::Fixed, Algorithm::Sliding, Algorithm::Bucket] {
        let server = Server::start(hourly(algorithm, 2)).await.unwrap();
        for left in [1, 0] {
            let response = get(&server, "/api").await;
            assert_eq!(response.status(), 200);
            let headers = response.headers();
            let policy = member(headers, "ratelimit-policy", ["q", "w"]);
            assert_eq!(policy, ("default".into(), [2, 3600]));
            let (name, [remaining, reset]) = member(headers, "ratelimit", ["r", "t"]);
            assert_eq!((name.as_str(), remaining), ("default", left));
            assert!((1..=3600).contains(&reset));
            assert!(!headers.contains_key("retry-after"));
            let body: Value = response.json().await.unwrap();
            assert_eq!(body, json!({ "ok": true, "n": 2 - left }));
        }
        let response = get(&server, "/api/deeper/still").await;
        assert_eq!(response.status(), 429);
        let headers = response.headers();
        let (_, [remaining, reset]) = member(headers, "ratelimit", ["r", "t"]);
        assert_eq!(remaining, 0);
        let retry_after: i64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert_eq!(retry_after, reset);
        server.shutdown().await;
    }
}

#[tokio::test]
async fn waiting_as_told_is_enough() {
    let server = Server::start(Config { capacity: 1, period_ms: 1000, ..Config::default() });
    let server = server.await.unwrap();
    assert_eq!(get(&server, "/api").await.status(), 200);
    loop {
        // If the machine is so slow that the second has passed, there is nothing to wait for.
        let response = get(&server, "/api").await;
        let Some(wait) = response.headers().get("retry-after") else {
            continue;
        };
        let seconds = wait.to_str().unwrap().parse().unwrap();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        break;
    }
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(server.stats().worst_window_accepted, 1);
}

#[tokio::test]
async fn it_refuses_on_command_and_says_for_how_long_in_seconds_or_by_a_date() {
    let server = Server::start(hourly(Algorithm::Sliding, 1)).await.unwrap();
    server.api().refuse_for(Duration::from_millis(59_500));
    let response = get(&server, "/api").await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["retry-after"]),
        (429, &"60".parse().unwrap())
    );
    server.api().refuse_by_date(Duration::from_millis(59_500));
    let response = get(&server, "/api").await;
    assert_eq!(response.status(), 429);
    let date = |name: &str| httpdate::parse_http_date(response.headers()[name].to_str().unwrap()).unwrap();
    let wait = date("retry-after").duration_since(date("date")).unwrap();
    assert_eq!(wait, Duration::from_secs(60));
    // Who has waited gets in, and no refusal has cost quota.
    server.api().refuse_by_date(Duration::ZERO);
    assert_eq!(get(&server, "/api").await.status(), 200);
    // What the limits refuse is told in seconds as ever.
    assert!(get(&server, "/api").await.headers()["retry-after"].to_str().unwrap().parse::<u32>().is_ok());
}

#[tokio::test]
async fn over_the_cap_is_503_and_a_disconnect_frees_the_slot() {
    let server = Server::start(Config {
        algorithm: Algorithm::None,
        concurrency: 2,
        after_ms: stuck(),
        ..Config::default()
    });
    let server = server.await.unwrap();
    let url = format!("{}/api", server.url());
    let stuck: Vec<_> = (0..2).map(|_| tokio::spawn(reqwest::get(url.clone()))).collect();
    until(|| server.stats().in_flight == 2).await;

    // The delays end, for those that come from now on.
    assert_eq!(put(&server, json!({ "after_ms": [0, 0] })).await.0, 200);
    let response = get(&server, "/api").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert!(!response.headers().contains_key("ratelimit"));

    stuck.iter().for_each(|one| one.abort());
    until(|| server.stats().in_flight == 0).await;
    assert_eq!(get(&server, "/api").await.status(), 200);
    let stats = server.stats();
    assert_eq!(stats.statuses, [(200, 3), (503, 1)].into());
    assert_eq!((stats.peak_concurrency, stats.peak_offered), (2, 3));
}

#[tokio::test]
async fn a_disconnect_before_the_decision_never_arrives() {
    let server = Server::start(Config { before_ms: stuck(), ..hourly(Algorithm::Sliding, 1) });
    let server = server.await.unwrap();
    let url = format!("{}/api", server.url());
    let impatient = Client::builder().timeout(Duration::from_millis(50)).build().unwrap();
    assert!(impatient.get(url).send().await.is_err());
    server.set_config(hourly(Algorithm::Sliding, 1)).unwrap();
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(server.stats().arrivals, 1);
}

#[tokio::test]
async fn limits_can_be_put_in_part_and_bad_ones_change_nothing() {
    let server = Server::start(hourly(Algorithm::Sliding, 1)).await.unwrap();
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(get(&server, "/api").await.status(), 429);

    let (status, limits) = put(&server, json!({ "capacity": 2, "before_ms": [0, 1] })).await;
    assert_eq!(status, 200);
    let expected = Config { before_ms: [0, 1].into(), ..hourly(Algorithm::Sliding, 2) };
    assert_eq!(serde_json::from_value::<Config>(limits).unwrap(), expected);
    // The one accepted under the old limit still counts.
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(get(&server, "/api").await.status(), 429);

    let (status, error) = put(&server, json!({ "seed": 4, "capacity": 0 })).await;
    assert_eq!(status, 400);
    assert_eq!((&error["parameter"], &error["value"]), (&json!("capacity"), &json!(0)));
    let message = error["error"].as_str().unwrap();
    assert!(message.contains(error["allowed"].as_str().unwrap()), "{message}");
    let (status, error) = put(&server, json!({ "burst": 4 })).await;
    assert_eq!((status, &error["parameter"]), (400, &json!("burst")));

    let in_force: Config = get(&server, "/limits").await.json().await.unwrap();
    assert_eq!(in_force, expected);
    assert_eq!(get(&server, "/api").await.status(), 429);
}

#[tokio::test]
async fn statistics_and_log_agree() {
    let server = Server::start(Config {
        capacity: 20,
        period_ms: 100,
        concurrency: 3,
        before_ms: [0, 20].into(),
        after_ms: [0, 10].into(),
        seed: 7,
        ..Config::default()
    });
    let server = server.await.unwrap();
    let client = Client::new();
    let url = format!("{}/api/item", server.url());
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for _ in 0..40 {
                    client.get(&url).send().await.unwrap();
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }

    let stats: Stats = get(&server, "/stats").await.json().await.unwrap();
    let log: Vec<Arrival> = get(&server, "/log").await.json().await.unwrap();
    assert_eq!(stats, server.stats());
    assert_eq!(log, server.log());
    assert_eq!(stats.arrivals, 240);
    assert!(log.iter().map(|one| one.number).eq(1..=240));
    assert!(log.is_sorted_by_key(|one| one.at));
    assert!(log.iter().all(|one| one.path == "/api/item"));
    for (status, count) in &stats.statuses {
        let logged = log.iter().filter(|one| one.status == *status).count();
        assert_eq!(logged as u64, *count);
    }
    let period = Duration::from_millis(100);
    let fullest = |times: Vec<Duration>| {
        let count = |from| times.iter().filter(|&&at| from <= at && at < from + period).count();
        times.iter().map(|&from| count(from) as u64).max()
    };
    let accepted = log.iter().filter(|one| one.accepted());
    assert_eq!(fullest(log.iter().map(|one| one.at).collect()), Some(stats.worst_window));
    assert_eq!(fullest(accepted.map(|one| one.at).collect()), Some(stats.worst_window_accepted));
    assert!(stats.worst_window_accepted <= 20);
    assert_eq!(log.iter().map(|one| one.in_flight).max(), Some(stats.peak_concurrency));
    assert!(stats.peak_concurrency <= 3);
    assert!(stats.quota_used.is_some_and(|used| used > 0.0 && used <= 1.0));
    assert_eq!(stats.in_flight, 0);

    let newer: Vec<Arrival> = get(&server, "/log?since=238").await.json().await.unwrap();
    assert_eq!(newer, log[238..]);
    let response = get(&server, "/log?since=x").await;
    assert_eq!(response.status(), 400);
    let error: Value = response.json().await.unwrap();
    assert_eq!((&error["parameter"], &error["value"]), (&json!("since"), &json!("x")));
}

#[tokio::test]
async fn a_reset_starts_over() {
    let server = Server::start(hourly(Algorithm::Fixed, 1)).await.unwrap();
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(get(&server, "/api").await.status(), 429);
    let url = format!("{}/reset", server.url());
    assert_eq!(Client::new().post(url).send().await.unwrap().status(), 204);
    assert_eq!(server.stats(), Stats::default());
    assert!(server.log().is_empty());
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(server.log()[0].number, 1);
}

#[tokio::test]
async fn any_method_is_limited_and_the_rest_is_not() {
    let server = Server::start(hourly(Algorithm::Spacing, 1)).await.unwrap();
    let url = format!("{}/api", server.url());
    let response = Client::new().post(url).body("x".repeat(10_000)).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(get(&server, "/api/").await.status(), 429);
    for path in ["/health", "/stats", "/limits", "/log"] {
        assert_eq!(get(&server, path).await.status(), 200);
    }
    assert_eq!(get(&server, "/nowhere").await.status(), 404);
}

#[tokio::test]
async fn stopped_or_dropped_it_no_longer_listens() {
    let server = Server::start(Config::default()).await.unwrap();
    // A kept-alive connection that idles must not hold up the shutdown.
    let client = Client::new();
    let url = format!("{}/health", server.url());
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    server.shutdown().await;
    assert!(client.get(&url).send().await.is_err());

    let server = Server::start(Config::default()).await.unwrap();
    let addr = server.addr();
    drop(server);
    // Another can have the address as soon as the task has ended.
    for _ in 0..2000 {
        if let Ok(server) = Server::start_on(addr, Config::default()).await {
            assert_eq!(server.addr(), addr);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the dropped server never let go of its address");
}

#[tokio::test]
async fn an_invalid_start_says_why() {
    let error = Server::start(hourly(Algorithm::Sliding, 0)).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("capacity"), "{error}");
}

#[tokio::test]
async fn it_refuses_for_a_while_on_command() {
    let server = Server::start(hourly(Algorithm::Sliding, 100)).await.unwrap();
    let refuse = async |query: &str| {
        let url = format!("{}/refuse{query}", server.url());
        Client::new().post(url).send().await.unwrap()
    };
    assert_eq!(get(&server, "/api").await.status(), 200);
    assert_eq!(refuse("?ms=3600000").await.status(), 204);
    let response = get(&server, "/api").await;
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "3600");
    for wrong in ["", "?ms=", "?ms=-1", "?ms=3600001"] {
        let response = refuse(wrong).await;
        assert_eq!(response.status(), 400, "{wrong}");
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["parameter"], "ms");
    }
    server.reset();
    assert_eq!(get(&server, "/api").await.status(), 200);
}

#[tokio::test]
async fn with_a_page_there_are_its_files_and_apis_to_compare_on_more_lines() {
    let folder = std::env::temp_dir().join(format!("tollgate-page-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "<title>hello</title>").unwrap();
    let addr = ([127, 0, 0, 1], 0).into();
    let server = Server::start_with_page(addr, hourly(Algorithm::Sliding, 1), &folder).await.unwrap();

    assert_eq!(get(&server, "/").await.text().await.unwrap(), "<title>hello</title>");
    assert_eq!(get(&server, "/no-such-file").await.status(), 404);
    let lines: Vec<String> = get(&server, "/lines").await.json().await.unwrap();
    assert_eq!(lines.len(), 8);
    for side in ["/left", "/right", "/left-2", "/right-2", ""] {
        // Each keeps its own count, whichever line it is reached on.
        assert_eq!(get(&server, &format!("{side}/api")).await.status(), 200, "{side}");
        let again = reqwest::get(format!("{}{side}/api", lines[0])).await.unwrap();
        assert_eq!(again.status(), 429, "{side}");
        let stats: Stats = get(&server, &format!("{side}/stats")).await.json().await.unwrap();
        assert_eq!((stats.arrivals, stats.accepted), (2, 1), "{side}");
    }

    let ask = async |origin: &str| {
        let ask = Client::new().get(format!("{}/left/api", lines[7])).header("origin", origin);
        ask.send().await.unwrap().headers().get("access-control-allow-origin").cloned()
    };
    assert_eq!(ask(&server.url()).await.unwrap(), server.url().as_str());
    assert_eq!(ask("http://elsewhere.example").await, None);
    std::fs::remove_dir_all(folder).unwrap();
    server.shutdown().await;
}
