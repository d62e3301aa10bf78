//! `fetch`: fetches URLs from a file or standard input, one per line, no faster than you say.
//!
//! ```text
//! cargo run --example fetch -- urls.txt --rate 100/s --rate 2000/min --concurrency 10 --retries 2
//! ```
//!
//! Prints one JSON object per URL as it is done. The input is a stream of lines on a
//! [`Throttle`](tollgate::Throttle): each line gets its permit in turn and keeps it until the body has been
//! read, and Ctrl-C closes the throttle, so that what has not started is handed back and can be counted. A request that
//! is sent again queues again.

mod input;
mod output;
mod rate;
mod request;
mod turn;

use std::cell::Cell;
use std::future::pending;
use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use futures::{StreamExt, stream};
use tokio::runtime::Runtime;
use tokio::signal::ctrl_c;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tollgate::http::RetryPolicy;
use tollgate::{ConfigError, Rate, Settings, Throttle, ThrottleStreamExt};

use crate::input::Line;
use crate::output::Output;
use crate::request::Sender;
use crate::turn::Turn;

/// The exit code after Ctrl-C, as shells have it: 128 + SIGINT.
const INTERRUPTED: u8 = 130;

/// Signals within so long are one Ctrl-C.
const ONE_INTERRUPT: Duration = Duration::from_millis(200);

/// How long an interrupted run goes on reading its input, to count what was not fetched.
const COUNTING: Duration = Duration::from_secs(1);

/// Fetches URLs, one per line, no faster than you say.
///
/// Prints a JSON object per URL as soon as it is done: line, url, status or error, bytes of the body,
/// attempts, ms from the start of the first one to the end of the body, and waited_ms before that. Ctrl-C lets
/// the requests under way finish and starts no more; a second one quits at once.
///
/// Exit status: 0 if every status is below 400, 1 if not, 2 for bad usage, 130 after Ctrl-C.
#[derive(Parser)]
#[command(name = "fetch", version)]
struct Args {
    /// The file with the URLs, - for standard input. Blank lines and lines that start with # are skipped.
    #[arg(value_name = "FILE", default_value = "-")]
    input: PathBuf,

    /// At most so many requests per period: 100/s, 500/min, 10/250ms, 1000/h. May be given several times,
    /// and all of them hold. A request counts until it is answered.
    #[arg(long = "rate", value_name = "CAPACITY/PERIOD", value_parser = rate::parse, allow_hyphen_values = true)]
    rates: Vec<Rate>,

    /// At most so many requests at once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    concurrency: u16,

    /// How often to send a request again after a 429, a 503 or no answer. For as long as a 429 or 503 says, all
    /// wait. With 0, such an answer is the result, and nobody waits.
    #[arg(long, default_value_t = 0)]
    retries: u32,

    /// Who is told to wait longer than this gives up, and all wait this long at most.
    #[arg(long, default_value = "2m", value_parser = time_limit)]
    max_wait: Duration,

    /// How long an attempt may take, body included: 10s, 500ms, 1m 30s.
    #[arg(long, default_value = "30s", value_parser = time_limit)]
    timeout: Duration,

    /// Spaces requests evenly, instead of as many at once as the rates allow.
    #[arg(long)]
    smooth: bool,
}

impl Args {
    fn sender(&self) -> reqwest::Result<Sender> {
        Sender::new(RetryPolicy::new().retries(self.retries).max_retry_after(self.max_wait), self.timeout)
    }

    fn throttle(&self) -> Result<Throttle, ConfigError> {
        let rates = self.rates.iter().map(|rate| if self.smooth { rate.smooth() } else { *rate });
        let settings = Settings::new().set_rates(rates.map(Rate::until_answered));
        Throttle::builder().settings(settings).concurrency(self.concurrency.into()).build()
    }
}

fn time_limit(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be above zero".to_owned()),
        Ok(limit) => Ok(limit),
        Err(error) => Err(format!("{error}; must be a time such as 10s, 500ms or 1m 30s")),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(run(args));
        runtime.shutdown_background(); // waits for nobody, not even for a name server
        outcome
    });
    outcome.unwrap_or_else(|error| {
        say(&format!("fetch: {error:#}"));
        ExitCode::FAILURE
    })
}

async fn run(args: Args) -> Result<ExitCode> {
    let path = &args.input;
    let input = input::open(path).unwrap_or_else(|error| {
        let message = format!("cannot read {}: {error}", path.display());
        Args::command().error(ErrorKind::Io, message).exit()
    });
    let sender = &Arc::new(args.sender().context("cannot set up HTTPS")?);
    let throttle = args.throttle()?;
    let output = Output::new(path)?;
    let interrupted = close_on_ctrl_c(throttle.clone(), output.clone());
    let (mut lines, reader) = input::read_ahead(input);

    let cut_off = Cell::new(false);
    let wound_up = pin!(async {
        wound_up(interrupted, &throttle).await;
        cut_off.set(true);
    });
    let mut records = stream::poll_fn(|cx| lines.poll_recv(cx))
        .take_until(wound_up)
        // A line without a URL takes its turn, and nothing from the rates.
        .throttled_by(throttle.clone(), |line: &Line| if line.url.is_ok() { 1.0 } else { 0.0 })
        .map(async |admitted| {
            let Ok((line, permit)) = admitted else { return Ok(None) }; // closed before its turn
            let turn = Turn::new(throttle.clone(), permit, args.retries > 0);
            let sender = sender.clone();
            // On a task of its own, a request goes on also while standard output does not.
            let task = tokio::spawn(async move { sender.fetch(line, turn).await });
            task.await.map(Result::ok) // closed before its turn came again
        })
        .buffer_unordered(args.concurrency.into());

    let (mut fetched, mut failed, mut left) = (0, 0, 0);
    while let Some(record) = records.next().await {
        let Some(record) = record? else {
            left += 1;
            continue;
        };
        fetched += 1;
        failed += u64::from(record.is_failure());
        match output.record(&record) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                output.finish();
                return Ok(exit_code(failed)); // nobody reads on
            }
            printed => printed.context("cannot write the results")?,
        }
    }
    output.finish();

    if throttle.is_closed() {
        let rest = if cut_off.get() { ", and the input was not read to its end" } else { "" };
        say(&format!("interrupted: {fetched} fetched, {left} not fetched{rest}"));
        return Ok(INTERRUPTED.into());
    }
    let end = reader.join().map_err(|_| anyhow!("the reader panicked"))?;
    end.with_context(|| format!("cannot read {} to its end", path.display()))?;
    Ok(exit_code(failed))
}

/// Closes the throttle at the first Ctrl-C, and is ready then; ends the program at the second.
fn close_on_ctrl_c(throttle: Throttle, output: Output) -> JoinHandle<()> {
    tokio::spawn(async move {
        if ctrl_c().await.is_err() {
            return pending().await; // there is none on this system
        }
        throttle.close();
        tokio::spawn(async {
            // Some programs send the signal twice, to the process and to its group: that is one Ctrl-C.
            let start = Instant::now();
            while ctrl_c().await.is_ok() {
                if start.elapsed() > ONE_INTERRUPT {
                    process::exit(INTERRUPTED.into());
                }
            }
        });
        match throttle.in_flight() {
            0 => {}
            some => output.note(&format!("{some} under way will finish, Ctrl-C again quits at once")),
        }
    })
}

/// Ready when an interrupted run has nothing under way, and has had a moment to count what is left.
async fn wound_up(interrupted: JoinHandle<()>, throttle: &Throttle) {
    let _ = interrupted.await;
    while throttle.in_flight() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    sleep(COUNTING).await;
}

fn exit_code(failed: u64) -> ExitCode {
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells on standard error, if anybody still listens there.
fn say(message: &str) {
    let _ = writeln!(io::stderr(), "{message}");
}
