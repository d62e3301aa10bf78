//! Compares how many there were, and when.

use std::collections::BTreeMap;

use super::time::Times;
use crate::record::Record;

/// Times closer than this are one.
const SAME: f64 = 1e-9;

/// Compares a histogram with the times it is of.
pub(super) fn histogram(
    name: &str,
    expected: &[(f64, usize)],
    actual: &[f64],
    times: Times,
) -> Result<(), String> {
    let mut rest = actual;
    for &(at, count) in expected {
        let until_then = rest.iter().position(|&time| times.after(at, time)).unwrap_or(rest.len());
        let (now, later) = rest.split_at(until_then);
        if let Some(early) = now.iter().find(|&&time| times.before(at, time)) {
            return Err(format!("{name}: expected {count} at {at}, got one at {early}"));
        }
        if now.len() != count {
            let next = later.first().map_or_else(String::new, |next| format!(", the next at {next}"));
            return Err(format!("{name}: expected {count} at {at}, got {}{next}", now.len()));
        }
        rest = later;
    }
    match rest.first() {
        Some(time) => Err(format!("{name}: expected no more, got {} from {time} on", rest.len())),
        None => Ok(()),
    }
}

/// Compares the histograms of all hosts.
pub(super) fn per_host(
    expected: &BTreeMap<String, Vec<(f64, usize)>>,
    record: &Record,
    times: Times,
) -> Result<(), String> {
    let mut hosts: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for event in record.events.iter().filter(|event| event.outcome == "admitted") {
        hosts.entry(event.host.as_deref().unwrap_or_default()).or_default().push(event.at);
    }
    for (host, expected) in expected {
        let actual = hosts.remove(host.as_str()).unwrap_or_default();
        histogram(&format!("per_host {host}"), expected, &actual, times)?;
    }
    match hosts.first_key_value() {
        Some((host, times)) => Err(format!("per_host: expected no host {host:?}, got {} of it", times.len())),
        None => Ok(()),
    }
}

/// How many there were from one time on until before another.
pub(super) fn total(times: &[f64], from: f64, to: f64) -> usize {
    times.iter().filter(|&&time| time >= from - SAME && time < to - SAME).count()
}

/// The most there were in a half-open window, wherever it starts. The fullest one starts with somebody.
pub(super) fn most_in_any(times: &[f64], window: f64) -> usize {
    let starting_at = |(index, &start): (usize, &f64)| {
        times[index..].iter().take_while(|&&time| time < start + window - SAME).count()
    };
    times.iter().enumerate().map(starting_at).max().unwrap_or(0)
}
