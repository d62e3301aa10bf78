//! Requests of reqwest through the middleware, which sends with `fetch`.

use futures::StreamExt;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use tollgate_core::http::{Backoff, RetryPolicy};
use tollgate_core::{Rate, Settings};
use tollgate_wasm::reqwest::{Deadline, SLOT, ThrottleMiddleware};
use tollgate_wasm::{Keyed, Throttle};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, turn};
use super::tasks::task;

const URL: &str = "https://api.example/items";

#[wasm_bindgen]
extern "C" {
    type Script;

    #[wasm_bindgen(method)]
    fn start(this: &Script, answers: &str);
    #[wasm_bindgen(method)]
    fn stop(this: &Script);
    #[wasm_bindgen(method)]
    fn seen(this: &Script) -> Vec<f64>;
    #[wasm_bindgen(method)]
    fn aborted(this: &Script) -> u32;
    #[wasm_bindgen(method, js_name = inSeconds)]
    fn in_seconds(this: &Script, seconds: u32) -> String;
}

/// What answers instead of the network; gone when dropped.
struct Server(Script);

impl Server {
    fn start(answers: &str) -> Self {
        let script: Script =
            js_sys::eval(include_str!("server.js")).expect("the script is sound").unchecked_into();
        script.start(answers);
        Self(script)
    }

    /// When requests came, in milliseconds from the first.
    fn times(&self) -> Vec<f64> {
        let seen = self.0.seen();
        seen.iter().map(|at| at - seen[0]).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.0.stop();
    }
}

fn slots(count: usize) -> Throttle {
    Throttle::builder().concurrency(count).build().unwrap()
}

fn with(middleware: ThrottleMiddleware) -> ClientWithMiddleware {
    let policy = RetryPolicy::new().jitter(false).backoff(Backoff::Fixed(ms(10)));
    ClientBuilder::new(reqwest::Client::new()).with(middleware.policy(policy)).build()
}

fn client(throttle: &Throttle) -> ClientWithMiddleware {
    with(ThrottleMiddleware::new(throttle.clone()))
}

async fn get(client: ClientWithMiddleware, url: &'static str) -> (u16, String) {
    let response = client.get(url).send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[wasm_bindgen_test]
async fn a_slot_is_held_as_long_as_the_response() {
    let (_platform, _server) = (Platform::by_hand(), Server::start(r#"[[200, { "a": "b" }, "hello"]]"#));
    let throttle = slots(1);
    let client = client(&throttle);
    let send = async || client.get(URL).send().await.unwrap();
    let response = send().await;
    assert_eq!((throttle.in_flight(), response.url().as_str()), (1, URL));
    assert_eq!(response.headers()["a"], "b");
    let mut text = Box::pin(response.text());
    assert!(futures::poll!(&mut text).is_pending());
    assert_eq!(throttle.in_flight(), 1, "it is being read");
    assert_eq!((text.await.unwrap().as_str(), throttle.in_flight()), ("hello", 0));
    let unread = send().await;
    assert_eq!(throttle.in_flight(), 1);
    drop(unread);
    assert_eq!(throttle.in_flight(), 0);
    assert_eq!(send().await.bytes().await.unwrap().len(), 5);
    assert_eq!(throttle.in_flight(), 0);
}

#[wasm_bindgen_test]
async fn a_stream_frees_the_slot_at_once_unless_it_is_taken_out_before() {
    let (_platform, _server) = (Platform::by_hand(), Server::start(r#"[[200, {}, "hello"]]"#));
    let throttle = slots(1);
    let client = client(&throttle);
    let stream = client.get(URL).send().await.unwrap().bytes_stream();
    assert_eq!(throttle.in_flight(), 0);
    drop(stream);
    let mut response = client.get(URL).send().await.unwrap();
    let slot = response.headers_mut().remove(SLOT);
    let mut stream = response.bytes_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "hello");
    assert!(stream.next().await.is_none());
    assert_eq!(throttle.in_flight(), 1);
    drop(slot);
    assert_eq!(throttle.in_flight(), 0);
}

#[wasm_bindgen_test]
async fn two_middlewares_hold_both_their_slots() {
    let (_platform, _server) = (Platform::by_hand(), Server::start(r#"[[200, {}, "hello"]]"#));
    let (outer, inner) = (slots(1), slots(1));
    let both =
        ClientBuilder::from_client(client(&outer)).with(ThrottleMiddleware::new(inner.clone())).build();
    let response = both.get(URL).send().await.unwrap();
    assert_eq!((outer.in_flight(), inner.in_flight()), (1, 1));
    assert_eq!(response.text().await.unwrap(), "hello");
    assert_eq!((outer.in_flight(), inner.in_flight()), (0, 0));
}

#[wasm_bindgen_test]
async fn one_refusal_holds_everybody_off_and_no_slot_meanwhile() {
    let platform = Platform::by_hand();
    let server = Server::start(r#"[[429, { "retry-after": "2" }, "later"], [200, {}, "hello"]]"#);
    let throttle = slots(1);
    let client = client(&throttle);
    let calls: Vec<_> = (0..3).map(|_| task(get(client.clone(), URL))).collect();
    platform.pass(1_999).await;
    assert_eq!((server.times(), throttle.in_flight(), throttle.waiting()), (vec![0.0], 0, 3));
    platform.pass(1).await;
    for call in calls {
        assert_eq!(call.await, (200, "hello".to_owned()));
    }
    assert_eq!(server.times(), [0.0, 2_000.0, 2_000.0, 2_000.0]);
    assert_eq!(throttle.in_flight(), 0);
}

#[wasm_bindgen_test]
async fn a_date_is_taken_by_the_wall_clock() {
    let platform = Platform::by_hand();
    let date = Server::start("[]").0.in_seconds(60);
    let server =
        Server::start(&format!(r#"[[429, {{ "retry-after": "{date}" }}, "later"], [200, {{}}, "hello"]]"#));
    let call = task(get(client(&slots(1)), URL));
    // The date is one of the real clock, which goes on while the test is at work.
    platform.pass(30_000).await;
    assert_eq!(server.times().len(), 1);
    platform.pass(31_000).await;
    assert_eq!(call.await, (200, "hello".to_owned()));
}

#[wasm_bindgen_test]
async fn a_host_that_refuses_holds_up_no_other() {
    let platform = Platform::by_hand();
    let server = Server::start(r#"[[503, { "retry-after": "5" }, ""], [200, {}, "hello"]]"#);
    let hosts = Keyed::builder().per_key(Settings::new().concurrency(1)).build().unwrap();
    let client = with(ThrottleMiddleware::per_host(hosts.clone()));
    let refused = task(get(client.clone(), URL));
    turn().await;
    assert_eq!(get(client, "https://other.example/").await, (200, "hello".to_owned()));
    platform.pass(5_000).await;
    assert_eq!(refused.await, (200, "hello".to_owned()));
    assert_eq!((server.times(), hosts.in_flight()), (vec![0.0, 0.0, 5_000.0], 0));
}

#[wasm_bindgen_test]
async fn a_network_that_fails_is_tried_again_and_the_last_error_is_told() {
    let platform = Platform::by_hand();
    let server = Server::start(r#"[[0], [200, {}, "hello"], [0]]"#);
    let throttle = slots(1);
    let call = task(get(client(&throttle), URL));
    platform.pass(10).await;
    assert_eq!((call.await.1.as_str(), server.times()), ("hello", vec![0.0, 10.0]));
    let failing = client(&throttle).get(URL);
    let failing = task(failing.send());
    platform.pass(20).await;
    assert!(failing.await.unwrap_err().is_request());
    assert_eq!((server.times().len(), throttle.in_flight()), (5, 0));
}

#[wasm_bindgen_test]
async fn one_who_goes_away_leaves_the_place_and_the_slot() {
    let platform = Platform::by_hand();
    let server = Server::start("[[-1]]");
    let throttle = slots(1);
    let client = client(&throttle);
    let calls = [(); 2].map(|()| task(get(client.clone(), URL)));
    platform.pass(1).await;
    assert_eq!((throttle.in_flight(), throttle.waiting()), (1, 1));
    drop(calls);
    platform.pass(1).await;
    assert_eq!((throttle.in_flight(), throttle.waiting(), server.0.aborted()), (0, 0, 1));
}

#[wasm_bindgen_test]
async fn a_deadline_ends_the_wait_in_line() {
    let platform = Platform::by_hand();
    let server = Server::start(r#"[[200, {}, "hello"]]"#);
    let throttle = Throttle::builder().rate(Rate::per_minute(1.0)).build().unwrap();
    let client = client(&throttle);
    assert_eq!(get(client.clone(), URL).await.0, 200);
    let late = task(client.get(URL).with_extension(Deadline::within(ms(300))).send());
    platform.pass(299).await;
    assert_eq!(throttle.waiting(), 1);
    platform.pass(1).await;
    assert!(late.await.unwrap_err().to_string().contains("not admitted in time"));
    assert_eq!((server.times().len(), throttle.waiting()), (1, 0));
}
