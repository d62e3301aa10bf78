//! One line of the input, fetched, and what there is to tell about it.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime};

use reqwest::{Client, Response, Url};
use serde::Serialize;
use tokio::time::timeout_at;
use tollgate::http::{Courier, Reply, Request, RetryPolicy};
use tollgate::{AdmitError, TokioTimer};

use crate::input::Line;
use crate::turn::Turn;

/// What is printed for each line of the input.
#[derive(Serialize)]
pub(crate) struct Record {
    line: u64,
    url: String,
    /// The status of the last answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why there was no answer, or not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The length of the body, as far as it came.
    bytes: u64,
    /// How often it was sent.
    attempts: u32,
    /// From being let in for the first time to the end of the body.
    ms: f64,
    /// From being read to being let in for the first time.
    waited_ms: f64,
}

impl Record {
    /// Whether it was not answered with a status below 400.
    pub(crate) fn is_failure(&self) -> bool {
        self.error.is_some() || self.status.is_none_or(|status| status >= 400)
    }
}

/// Sends requests, and again as the rules say.
pub(crate) struct Sender {
    client: Client,
    courier: Courier<TokioTimer>,
    /// How long an attempt may take, body included.
    limit: Duration,
}

/// Why there is no answer, or not all of it.
enum Failure {
    TimedOut,
    Request(reqwest::Error),
}

impl Sender {
    pub(crate) fn new(policy: RetryPolicy, limit: Duration) -> reqwest::Result<Self> {
        let agent = concat!("tollgate-fetch/", env!("CARGO_PKG_VERSION"));
        let client = Client::builder().user_agent(agent).build()?;
        let wall = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let courier = Courier::new(TokioTimer::default(), policy, wall().subsec_nanos().into(), wall);
        Ok(Self { client, courier, limit })
    }

    /// Fetches what a line asks for. To be called when it is let in.
    ///
    /// # Errors
    /// If it was to be sent again, and is not let in any more.
    pub(crate) async fn fetch(&self, line: Line, turn: Turn) -> Result<Record, AdmitError> {
        let start = Instant::now();
        let waited_ms = ms(start - line.read_at);
        let Line { number: line, text, url, .. } = line;
        let record =
            Record { line, url: text, status: None, error: None, bytes: 0, attempts: 0, ms: 0.0, waited_ms };
        let mut record = match url {
            Ok(url) => self.get(url, &turn, record).await?,
            Err(error) => Record { error: Some(error), ..record },
        };
        record.ms = ms(start.elapsed());
        Ok(record)
    }

    async fn get(&self, url: Url, turn: &Turn, mut record: Record) -> Result<Record, AdmitError> {
        let mut errand = self.courier.errand(turn, 1.0, Request::new("GET"));
        loop {
            record.attempts = errand.enter().await? + 1;
            let end = tokio::time::Instant::now() + self.limit;
            let sent = timeout_at(end, self.client.get(url.clone()).send()).await;
            let outcome = sent.map_err(|_| Failure::TimedOut).and_then(|sent| sent.map_err(Failure::Request));
            let outcome = outcome.map(Answered);
            record.status = outcome.as_ref().ok().map(Reply::status);
            // Sent again or not; if not, the permit is held until the body has been read.
            let permit = match &outcome {
                Err(failure) if failure.is_for_good() => None,
                _ => match errand.judge(&outcome) {
                    None => continue,
                    permit => permit,
                },
            };
            let read = match outcome {
                Ok(Answered(response)) => timeout_at(end, read(response, &mut record.bytes))
                    .await
                    .map_err(|_| Failure::TimedOut)
                    .and_then(|read| read.map_err(Failure::Request)),
                Err(failure) => Err(failure),
            };
            drop(permit);
            record.error = read.err().map(|failure| failure.describe(self.limit));
            return Ok(record);
        }
    }
}

/// Counts the length as it comes, so that it is known also of a body that breaks off.
async fn read(mut response: Response, bytes: &mut u64) -> reqwest::Result<()> {
    while let Some(chunk) = response.chunk().await? {
        *bytes += chunk.len() as u64;
    }
    Ok(())
}

struct Answered(Response);

impl Reply for Answered {
    fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.0.headers().get(name).map(AsRef::as_ref)
    }
}

impl Failure {
    /// Whether any other attempt would end as this one did.
    fn is_for_good(&self) -> bool {
        matches!(self, Self::Request(error) if error.is_builder() || error.is_redirect())
    }

    /// What went wrong, and the cause at the bottom of it.
    fn describe(&self, limit: Duration) -> String {
        let error = match self {
            Self::TimedOut => return format!("timed out after {}", humantime::format_duration(limit)),
            Self::Request(error) => error,
        };
        let what = match error {
            _ if error.is_connect() => "cannot connect",
            _ if error.is_redirect() => "cannot follow the redirect",
            _ if error.is_body() || error.is_decode() => "the body broke off",
            _ => "no answer",
        };
        let mut cause: &dyn Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        format!("{what}: {cause}")
    }
}

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
