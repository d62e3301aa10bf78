//! Who sends the requests: a row each.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest_middleware::ClientBuilder;
use tollgate::reqwest::ThrottleMiddleware;
use tollgate::{Rate, Semaphore, Throttle};

use super::load::{self, Answers, Job, send_all};
use super::node;

/// A way to send requests, and its name.
#[derive(Debug)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    /// What a reader may want to know about it.
    pub(crate) note: Option<&'static str>,
    /// Whether the demo fails if the row is not [perfect](super::verdict).
    pub(crate) promises: bool,
    /// Whether Node runs it.
    pub(crate) in_node: bool,
    /// Whether the server begins to refuse everything in the middle.
    pub(crate) is_refused: bool,
    /// Sends all requests of a job and ends when all are answered.
    pub(crate) run: fn(Job) -> BoxFuture<'static, Result<Answers>>,
}

/// The rows of the demo, in order.
pub(crate) const CONTESTANTS: &[Contestant] = &[
    Contestant {
        name: "no limit",
        note: None,
        promises: false,
        in_node: false,
        is_refused: false,
        run: no_limit,
    },
    Contestant {
        name: "semaphore only",
        note: None,
        promises: false,
        in_node: false,
        is_refused: false,
        run: semaphore,
    },
    Contestant {
        name: "throttle, from admission",
        note: Some("counts a call from its start: delays may bunch calls up"),
        promises: false,
        in_node: false,
        is_refused: false,
        run: from_admission,
    },
    Contestant {
        name: "throttle, until answered",
        note: Some("counts a call until its answer is in: delays bunch nothing"),
        promises: true,
        in_node: false,
        is_refused: false,
        run: until_answered,
    },
    Contestant {
        name: "told to wait, reqwest",
        note: Some("half-way the server refuses for 2 s: all wait once, and all are answered"),
        promises: true,
        in_node: false,
        is_refused: true,
        run: told_to_wait,
    },
    Contestant {
        name: "Node, createFetch",
        note: Some("the npm package: the same engine, as a drop-in `fetch`"),
        promises: true,
        in_node: true,
        is_refused: false,
        run: |job| node::run("node/fetch.mjs", job).boxed(),
    },
    Contestant {
        name: "Rust + JS, one throttle",
        note: Some("an app in Rust that shares its throttle with a script, in Node"),
        promises: true,
        in_node: true,
        is_refused: false,
        run: |job| node::run("sharing/run.mjs", job).boxed(),
    },
];

fn no_limit(job: Job) -> BoxFuture<'static, Result<Answers>> {
    send_all(job, || ready(anyhow::Ok(()))).boxed()
}

fn semaphore(job: Job) -> BoxFuture<'static, Result<Answers>> {
    let semaphore = Arc::new(Semaphore::new(job.concurrency()));
    send_all(job, move || semaphore.clone().acquire_owned()).boxed()
}

fn from_admission(job: Job) -> BoxFuture<'static, Result<Answers>> {
    let rate = Rate::per_second(job.capacity());
    throttled(job, rate).boxed()
}

fn until_answered(job: Job) -> BoxFuture<'static, Result<Answers>> {
    let rate = Rate::per_second(job.capacity()).until_answered();
    throttled(job, rate).boxed()
}

/// How long the server refuses, in the middle.
pub(crate) const REFUSES_FOR: Duration = Duration::from_secs(2);

fn told_to_wait(job: Job) -> BoxFuture<'static, Result<Answers>> {
    let send = async move {
        let rate = Rate::per_second(job.capacity()).until_answered();
        let throttle = Throttle::builder().rate(rate).concurrency(job.concurrency()).build()?;
        let client = ClientBuilder::new(load::client()?).with(ThrottleMiddleware::new(throttle)).build();
        let half = job.requests / 2;
        let api = job.api.clone();
        let get = move |url: String| {
            let client = client.clone();
            async move {
                let response = client.get(url).send().await?;
                let status = response.status();
                response.bytes().await?;
                Ok(status.as_u16())
            }
        };
        load::send(job, get, move |answered| {
            if answered == half {
                api.refuse_for(REFUSES_FOR);
            }
        })
        .await
    };
    send.boxed()
}

async fn throttled(job: Job, rate: Rate) -> Result<Answers> {
    let throttle = Throttle::builder().rate(rate).concurrency(job.concurrency()).build()?;
    send_all(job, move || throttle.acquire_owned()).await
}
