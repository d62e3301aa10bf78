//! `cargo xtask demo`: what a throttle is good for, in a table and a picture.

mod contestants;
mod load;
mod node;
mod plot;
mod progress;
mod row;
mod table;
mod verdict;

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::value_parser;
use console::{Term, style};
use tokio::time::sleep;
use tollgate_server::{Config, DelayRange, Server};

use crate::{page, tools};
use contestants::{CONTESTANTS, Contestant};
use row::Row;
use table::NAME_WIDTH;

/// Prints a line. Whoever stops reading, as `head` does, has read enough.
macro_rules! say {
    ($($line:tt)*) => {{
        let _ = writeln!(io::stdout(), $($line)*);
    }};
}

/// A client's connection and the server's end of it are both in this process, and there is some to spare.
const FILES_PER_REQUEST: usize = 2;
const SPARE_FILES: usize = 200;

/// Uneven, as on a real network: what is sent in one order arrives in another.
const ON_THE_WAY_MS: [u64; 2] = [0, 2];

/// How long the server works on what it has let in.
const WORK_MS: [u64; 2] = [1, 1];

/// Used where the terminal does not say how wide it is.
const WIDTH: u16 = 80;
/// Wider than this is harder to read, not easier.
const MOST_WIDTH: u16 = 120;

/// Show what a throttle is good for: seven ways to send 500 requests, in a table and a picture.
///
/// The API is a server in this process that lets in so many requests in any second, and so many at once, and refuses
/// all others with 429 or 503. After that it stays up, with a page at which to see it happen. Ends with an error if a
/// row that counts until answered breaks its promise: everything answered 200, the limit kept in every second, and at
/// least 98 % of the quota used while requests waited.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// End when everything is shown, instead of leaving the server up with its page.
    #[arg(long)]
    once: bool,

    /// How many requests each row sends.
    #[arg(long, default_value_t = 500, value_parser = value_parser!(u32).range(1..=10_000))]
    requests: u32,

    /// How many requests the server lets in per second. (With many more it would be this machine that sets the pace.)
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=1000))]
    capacity: u32,

    /// How many requests may be inside the server at once.
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=10_000))]
    concurrency: u32,
}

impl Args {
    fn config(&self) -> Config {
        let delay = |[min, max]: [u64; 2]| DelayRange { min, max };
        Config {
            capacity: self.capacity,
            concurrency: self.concurrency,
            before_ms: delay(ON_THE_WAY_MS),
            after_ms: delay(WORK_MS),
            ..Config::default()
        }
    }
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    // Some systems start programs with 256 files at most. More cannot always be had; then some requests of the first
    // row fail, and are shown as errors.
    let _ = rlimit::increase_nofile_limit((args.requests as usize * FILES_PER_REQUEST + SPARE_FILES) as u64);
    let with_node = tools::node::check()
        .inspect_err(|error| say!("Without what needs Node, rows and page: {error}\n"))
        .is_ok();
    if with_node {
        node::prepare()?;
    }
    let page = if with_node && !args.once { build_page() } else { None };
    let contestants: Vec<_> = CONTESTANTS.iter().filter(|one| with_node || !one.in_node).collect();
    tokio::runtime::Runtime::new()?.block_on(demo(args, &contestants, page.as_deref()))?;
    Ok(ExitCode::SUCCESS)
}

/// The folder of the page. What the table needs is there by now, so that what goes wrong here is no reason to go without.
fn build_page() -> Option<PathBuf> {
    page::build().inspect_err(|error| say!("Without the page: {error:#}\n")).ok()
}

async fn demo(args: Args, contestants: &[&'static Contestant], page: Option<&Path>) -> Result<()> {
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = match page {
        Some(folder) => Server::start_with_page(addr, args.config(), folder).await,
        None => Server::start_on(addr, args.config()).await,
    };
    let server = server.context("cannot start the API server")?;
    let Args { requests, capacity, concurrency, .. } = args;
    say!("A server allows {capacity} requests in any second, {concurrency} at once, and refuses all others.");
    say!("Each row sends {requests} requests, as fast as its limits let it.\n");

    let mut rows = vec![];
    for &contestant in contestants {
        if !rows.is_empty() {
            // Nothing of the row before is left in the server's or anybody's window.
            sleep(server.config().period()).await;
        }
        server.set_config(args.config())?;
        rows.push(Row::measure(contestant, &server, args.requests as usize).await?);
    }

    eprintln!();
    say!("{}", table::table(&rows, &server.config()));
    say!("{}\n", style("worst window: the most requests that reached the server within any second").dim());
    say!("{}", plot::plot(&rows.iter().map(Row::lane).collect::<Vec<_>>(), args.capacity as usize, width()));
    for contestant in contestants {
        if let Some(note) = contestant.note {
            say!("{}", style(format!("{:1$}{note}", contestant.name, NAME_WIDTH + 2)).dim());
        }
    }
    say!();
    let judged = judge(&rows, &server.config());
    if !args.once {
        // A machine that is busy may break a promise; the page is there all the same.
        if let Err(broken) = &judged {
            say!("{} {broken}", style("✗").red());
        }
        stay(server, page.is_some()).await?;
    }
    judged
}

/// Says whether those rows that promised something kept it.
fn judge(rows: &[Row], limits: &Config) -> Result<()> {
    for row in rows.iter().filter(|row| row.contestant.promises) {
        let broken = verdict::broken(row, limits);
        if !broken.is_empty() {
            bail!("{:?} broke its promise: {}", row.contestant.name, broken.join("; "));
        }
        say!("{} {}", style("✓").green(), verdict::kept(row, limits));
    }
    Ok(())
}

/// Leaves the server to the user.
async fn stay(server: Server, with_page: bool) -> Result<()> {
    server.reset();
    let url = server.url();
    say!("\nThe server stays up at {url} until Ctrl-C. Try:");
    say!("  curl -i {url}/api     one request, with what is left of the quota");
    say!("  curl {url}/stats      what the server has seen");
    say!("  curl -X PUT -d '{{\"capacity\":5}}' {url}/limits");
    if with_page {
        say!("\nSee it happen: {}", style(format!("{url}/")).bold().underlined());
    }
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

fn width() -> usize {
    let width = Term::stdout().size_checked().map_or(WIDTH, |(_, columns)| columns);
    usize::from(width.min(MOST_WIDTH))
}

/// A time as people say it.
fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
