//! One request, and what there is to tell about it.

use std::error::Error;
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use serde::Serialize;
use tokio::time::timeout;

use crate::input::Line;

/// What is printed for each line of the input.
#[derive(Serialize)]
pub(crate) struct Record {
    line: u64,
    url: String,
    /// The status of the answer, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why there was no answer, or not all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The length of the body, as far as it came.
    bytes: u64,
    /// From being let in to the end of the body.
    ms: f64,
    /// From being read to being let in.
    waited_ms: f64,
}

impl Record {
    /// Whether it was not answered with a status below 400.
    pub(crate) fn is_failure(&self) -> bool {
        self.error.is_some() || self.status.is_none_or(|status| status >= 400)
    }
}

/// A client for all requests.
pub(crate) fn client() -> reqwest::Result<Client> {
    Client::builder().user_agent(concat!("tollgate-fetch/", env!("CARGO_PKG_VERSION"))).build()
}

/// Fetches what a line asks for. To be called when it is let in.
pub(crate) async fn fetch(client: Client, line: Line, limit: Duration) -> Record {
    let start = Instant::now();
    let waited_ms = ms(start - line.read_at);
    let Line { number, text: url, .. } = line;
    let mut record = Record { line: number, url, status: None, error: None, bytes: 0, ms: 0.0, waited_ms };
    record.error = match line.url {
        Ok(url) => match timeout(limit, get(&client, url, &mut record)).await {
            Ok(outcome) => outcome.err().map(|error| describe(&error)),
            Err(_) => Some(format!("timed out after {}", humantime::format_duration(limit))),
        },
        Err(error) => Some(error),
    };
    record.ms = ms(start.elapsed());
    record
}

/// Notes status and length as they come, so that they are known also of an answer that breaks off.
async fn get(client: &Client, url: Url, record: &mut Record) -> reqwest::Result<()> {
    let mut response = client.get(url).send().await?;
    record.status = Some(response.status().as_u16());
    while let Some(chunk) = response.chunk().await? {
        record.bytes += chunk.len() as u64;
    }
    Ok(())
}

/// What went wrong, and the cause at the bottom of it.
fn describe(error: &reqwest::Error) -> String {
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

fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
