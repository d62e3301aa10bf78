//! The strict API server as a program.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;
use std::{io, process};

use clap::Parser;
use tollgate_server::{Algorithm, Config, DelayRange, Server};

/// A strict rate-limited API server, to test and show clients that keep to limits.
///
/// GET /api is limited: 429 over the rate limit, 503 over the concurrency cap. GET /stats and
/// GET /log tell what arrived, GET and PUT /limits show and change the limits, POST /reset starts
/// over.
#[derive(Debug, Parser)]
#[command(version)]
struct Args {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,

    /// How requests are counted.
    #[arg(long, value_enum, default_value_t = Algorithm::Sliding)]
    algorithm: Algorithm,

    /// How many requests are let in per period.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    capacity: u32,

    /// The period, such as 250ms, 1s, 1m; from 1ms to 365days.
    #[arg(long, default_value = "1s", value_parser = period)]
    period: u64,

    /// How many accepted requests may be inside at once; 0 is without limit.
    #[arg(long, default_value_t = 0)]
    concurrency: u32,

    /// Delay before the limiter decides: 20ms, or uniform between two bounds: 10ms..30ms.
    #[arg(long, default_value = "0ms", value_parser = delay)]
    before: DelayRange,

    /// Delay after the limiter has decided, while the request still takes up its place.
    #[arg(long, default_value = "0ms", value_parser = delay)]
    after: DelayRange,

    /// The seed that the delays are drawn with.
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// A folder to serve at `/`: that of the built playground page.
    #[arg(long, value_name = "FOLDER")]
    page: Option<PathBuf>,
}

impl Args {
    fn config(&self) -> Config {
        Config {
            algorithm: self.algorithm,
            capacity: self.capacity,
            period_ms: self.period,
            concurrency: self.concurrency,
            before_ms: self.before,
            after_ms: self.after,
            seed: self.seed,
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let args = Args::parse();
    let started = match &args.page {
        Some(folder) => Server::start_with_page(args.addr, args.config(), folder).await,
        None => Server::start_on(args.addr, args.config()).await,
    };
    let server = match started {
        Ok(server) => server,
        Err(error) => {
            eprintln!("error: cannot serve on --addr {}: {error}", args.addr);
            process::exit(1);
        }
    };
    println!("listening on {}", server.url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

/// A duration in whole milliseconds within a range, which is also given as the user would write it.
fn millis(text: &str, range: RangeInclusive<u64>, bounds: &str) -> Result<u64, String> {
    let refused = |why: &str| format!("{why}; allowed are whole milliseconds {bounds}, such as 250ms or 1m");
    let duration = humantime::parse_duration(text).map_err(|error| refused(&error.to_string()))?;
    match u64::try_from(duration.as_millis()) {
        Ok(ms) if Duration::from_millis(ms) != duration => Err(refused("too fine")),
        Ok(ms) if range.contains(&ms) => Ok(ms),
        _ => Err(refused("out of range")),
    }
}

fn period(text: &str) -> Result<u64, String> {
    millis(text, 1..=Config::MAX_PERIOD_MS, "from 1ms to 365days")
}

fn delay(text: &str) -> Result<DelayRange, String> {
    let bound = |text| millis(text, 0..=Config::MAX_DELAY_MS, "from 0ms to 1h");
    let (min, max) = text.split_once("..").unwrap_or((text, text));
    let (min, max) = (bound(min)?, bound(max)?);
    if min > max {
        return Err("the first bound must not be above the second, as in 10ms..30ms".into());
    }
    Ok(DelayRange { min, max })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn humane_durations() {
        assert_eq!(period("1s"), Ok(1000));
        assert_eq!(period("1m 30s"), Ok(90_000));
        assert_eq!(period("365days"), Ok(Config::MAX_PERIOD_MS));
        for bad in ["0ms", "366days", "1500us", "1", "-1s", "soon"] {
            let error = period(bad).unwrap_err();
            assert!(error.contains("allowed are"), "{bad}: {error}");
        }
    }

    #[test]
    fn delays_have_one_bound_or_two() {
        let range = |min, max| Ok(DelayRange { min, max });
        assert_eq!(delay("20ms"), range(20, 20));
        assert_eq!(delay("0ms..1s"), range(0, 1000));
        assert!(delay("30ms..10ms").is_err());
        assert!(delay("..10ms").is_err());
        assert!(delay("2h").is_err());
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let args = Args::parse_from(["tollgate-server"]);
        assert_eq!(args.config(), Config::default());
    }
}
