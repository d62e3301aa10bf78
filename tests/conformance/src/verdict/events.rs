//! Compares events, one instant after the other.

use super::time::Times;
use crate::record::{Event, Record};
use crate::scenario::ExpectedEvent;

/// Within one instant the order of those who are admitted counts; other outcomes have none.
pub(super) fn compare(expected: &[ExpectedEvent], record: &Record, times: Times) -> Result<(), String> {
    let asked_for = |event: &&Event| {
        let same = |listed: &ExpectedEvent| listed.1 == event.who && listed.2 == event.outcome;
        !event.optional || expected.iter().any(same)
    };
    let actual: Vec<&Event> = record.events.iter().filter(asked_for).collect();
    if let Some(pair) = expected.windows(2).find(|pair| pair[1].0 < pair[0].0) {
        return Err(format!("expect.events is not in order of time: {} after {}", pair[1].0, pair[0].0));
    }
    let mut rest = actual.as_slice();
    for instant in expected.chunk_by(|a, b| a.0 == b.0) {
        let at = instant[0].0;
        let until_then = rest.iter().position(|event| times.after(at, event.at)).unwrap_or(rest.len());
        let (now, later) = rest.split_at(until_then);
        let early = now.iter().find(|event| times.before(at, event.at));
        if let Some(event) = early {
            return Err(format!("expected nothing before {}, got {}", show(&instant[0]), event.show()));
        }
        compare_instant(instant, now).map_err(|difference| {
            let next = later.first().map_or_else(|| "nothing".into(), |event| event.show());
            format!("at {at}: {difference}; next comes {next}")
        })?;
        rest = later;
    }
    match rest.first() {
        Some(event) => Err(format!("expected no more events, got {}", event.show())),
        None => Ok(()),
    }
}

fn compare_instant(expected: &[ExpectedEvent], actual: &[&Event]) -> Result<(), String> {
    let expected_in: Vec<&str> =
        expected.iter().filter(|event| event.2 == "admitted").map(|event| event.1.as_str()).collect();
    let actual_in: Vec<&str> =
        actual.iter().filter(|event| event.outcome == "admitted").map(|event| event.who.as_str()).collect();
    if expected_in != actual_in {
        return Err(format!("expected admitted {expected_in:?}, got {actual_in:?}"));
    }
    let mut others: Vec<&&Event> = actual.iter().filter(|event| event.outcome != "admitted").collect();
    for event in expected.iter().filter(|event| event.2 != "admitted") {
        let same = |other: &&&Event| other.who == event.1 && same_outcome(&event.2, &other.outcome);
        match others.iter().position(same) {
            Some(place) => drop(others.swap_remove(place)),
            None => {
                let got: Vec<String> = others.iter().map(|event| event.show()).collect();
                return Err(format!("expected {}, got [{}]", show(event), got.join(", ")));
            }
        }
    }
    match others.first() {
        Some(event) => Err(format!("expected nothing else, got {}", event.show())),
        None => Ok(()),
    }
}

/// A cost above the capacity is a kind of invalid argument.
fn same_outcome(expected: &str, actual: &str) -> bool {
    expected == actual || (expected == "error:invalid_argument" && actual == "error:cost_exceeds_capacity")
}

fn show(event: &ExpectedEvent) -> String {
    format!("[{}, {}, {}]", event.0, event.1, event.2)
}

impl Event {
    fn show(&self) -> String {
        format!("[{}, {}, {}]", self.at, self.who, self.outcome)
    }
}
