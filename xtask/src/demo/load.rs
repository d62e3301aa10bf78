//! The requests themselves, and what was answered.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use futures::TryFuture;
use reqwest::Client;
use tokio::task::JoinSet;
use tollgate_server::Api;

use super::progress::Progress;

/// A request that has not been answered by then has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a contestant is to do.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Where to send the requests.
    pub(crate) url: String,
    /// How many.
    pub(crate) requests: usize,
    /// The server, for the limits it has, and for who wants to change them on the way.
    pub(crate) api: Api,
    /// To be told of each answer.
    pub(crate) progress: Progress,
}

impl Job {
    pub(crate) fn capacity(&self) -> f64 {
        self.api.config().capacity.into()
    }

    pub(crate) fn concurrency(&self) -> usize {
        self.api.config().concurrency as usize
    }
}

/// What came back, as the client counts it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// Requests without an answer.
    pub(crate) errors: usize,
    pub(crate) first_error: Option<String>,
}

impl Answers {
    pub(crate) fn of(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }

    pub(crate) fn count(&mut self, answer: Result<u16>) {
        match answer {
            Ok(status) => *self.statuses.entry(status).or_default() += 1,
            Err(error) => {
                self.errors += 1;
                self.first_error.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }
}

/// Sends all requests, each on a task of its own, inside what `enter` hands out.
pub(crate) async fn send_all<E, F>(job: Job, enter: E) -> Result<Answers>
where
    E: Fn() -> F,
    F: TryFuture<Error: Into<anyhow::Error>> + Future<Output = Result<F::Ok, F::Error>> + Send + 'static,
    F::Ok: Send,
{
    let client = client()?;
    let send_one = move |url: String| {
        let (client, entered) = (client.clone(), enter());
        async move {
            let _permit = entered.await.map_err(Into::into)?;
            Ok(get(&client, &url).await?)
        }
    };
    send(job, send_one, |_| ()).await
}

/// A client for this machine's loopback, which the proxy that the environment may name does not know.
pub(crate) fn client() -> Result<Client> {
    Ok(Client::builder().no_proxy().timeout(PATIENCE).build()?)
}

/// Sends all requests, each on a task of its own, and tells how many have been answered after each.
pub(crate) async fn send<F>(
    job: Job,
    send_one: impl Fn(String) -> F,
    mut answered: impl FnMut(usize),
) -> Result<Answers>
where
    F: Future<Output = Result<u16>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..job.requests {
        tasks.spawn(send_one(job.url.clone()));
    }
    let mut answers = Answers::default();
    let mut count = 0;
    while let Some(task) = tasks.join_next().await {
        answers.count(task?);
        job.progress.answered();
        count += 1;
        answered(count);
    }
    Ok(answers)
}

/// One request, with its body: only then is it answered, and its connection free for the next one.
async fn get(client: &Client, url: &str) -> reqwest::Result<u16> {
    let response = client.get(url).send().await?;
    let status = response.status();
    response.bytes().await?;
    Ok(status.as_u16())
}
