//! The tasks of a client: each makes a request, by the rules, of a stub server.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tollgate_core::http::{Backoff, Courier, Reply, Request, RetryPolicy};
use tollgate_core::time::Timer;

use super::scene::Scene;
use crate::clock::{Clock, JumpTimer};
use crate::gate::{ClientGate, Refusal};
use crate::scenario::{Answer, Client};

/// What is sent with, and the server.
pub(super) struct Internet<T: Timer> {
    courier: Courier<JumpTimer<T>>,
    gate: Arc<ClientGate<T>>,
    /// Seconds until the caller gets its answer, once it is there.
    delay: f64,
    server: BTreeMap<String, Vec<Answer>>,
    /// How many requests there have been, by path.
    asked: Mutex<HashMap<String, usize>>,
}

/// What the server answers.
struct Page<'a>(&'a Answer);

/// The connection has failed.
struct Broken;

impl<T: Timer + Clone> Internet<T> {
    pub(super) fn new(
        client: &Client,
        server: BTreeMap<String, Vec<Answer>>,
        gate: Arc<ClientGate<T>>,
        clock: &Clock<T>,
    ) -> Self {
        let span = |seconds| clock.span(seconds).unwrap_or_default();
        let policy = RetryPolicy::new()
            .retries(f64::from(client.retries) as u32)
            .backoff(Backoff::Linear(span(0.5)))
            .backoff_when_refused(Backoff::Fixed(span(1.0)))
            .jitter(false);
        // At the beginning it is 1970.
        let shown = clock.clone();
        let wall = move || Duration::from_secs_f64(shown.seconds());
        let courier = Courier::new(clock.timer(), policy, 0, wall);
        Self { courier, gate, delay: client.delay.into(), server, asked: Mutex::default() }
    }

    /// One request.
    pub(super) async fn get(self: Arc<Self>, scene: Arc<Scene<T>>, url: String) {
        let mut errand = self.courier.errand(self.gate.throttle(), 1.0, Request::new("GET"));
        let body = loop {
            if let Err(error) = errand.enter().await {
                return scene.tell(&url, Refusal::from(error).outcome(), None);
            }
            scene.tell(&url, "send", None);
            let outcome = self.answer(&scene, &url).await;
            if errand.judge(&outcome).is_some() {
                break match &outcome {
                    Ok(Page(answer)) if answer.status.unwrap_or(200) == 200 => text(answer.body.as_ref()),
                    _ => "None".to_owned(),
                };
            }
        };
        scene.clock.sleep(self.delay).await;
        scene.tell(&url, &format!("return:{body}"), None);
        scene.leave(&url);
    }

    async fn answer(&self, scene: &Scene<T>, url: &str) -> Result<Page<'_>, Broken> {
        let answers = self.server.get(url).filter(|answers| !answers.is_empty());
        let Some(answers) = answers else {
            scene.cannot("ask for a path that the server does not know");
            return Err(Broken);
        };
        let number = {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = asked.entry(url.to_owned()).or_default();
            *asked += 1;
            *asked - 1
        };
        let answer = &answers[number.min(answers.len() - 1)];
        if let Some(latency) = answer.latency {
            scene.clock.sleep(latency.into()).await;
        }
        if answer.error.is_some() { Err(Broken) } else { Ok(Page(answer)) }
    }
}

impl Reply for Page<'_> {
    fn status(&self) -> u16 {
        self.0.status.unwrap_or(200)
    }

    fn field(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let headers = self.0.headers.iter().flatten();
        let listed =
            headers.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_bytes());
        let short = self.0.retry_after.as_deref().filter(|_| name == "retry-after").map(str::as_bytes);
        short.into_iter().chain(listed)
    }
}

fn text(body: Option<&Value>) -> String {
    match body {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}
