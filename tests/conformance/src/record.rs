//! What happened in a scenario.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::scenario::{Number, Reading};

/// All that happened.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Record {
    /// Why it could not be built, if so.
    pub construct: Option<Refused>,
    /// Who did what, as it happened.
    pub events: Vec<Event>,
    /// What was read.
    pub probes: Vec<Read>,
    /// Who waited at the end.
    pub pending: Vec<String>,
    /// What became of the workers, if there were any.
    pub workers: Option<WorkersRecord>,
    /// By how many seconds the timer may be late, however exact the library is.
    pub granularity: f64,
}

/// Why something could not be built.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The kind of the error, in the words of the format.
    pub kind: String,
    /// What the library says about it.
    pub message: String,
}

/// Who did what, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, in seconds of the scenario, without jumps.
    pub at: f64,
    /// Who.
    pub who: String,
    /// What: an outcome of the format.
    pub outcome: String,
    /// Under which host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether this is told only where it is asked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// What was read, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// When, in seconds of the scenario, without jumps.
    pub at: f64,
    /// What was read.
    pub what: Reading,
    /// Of which number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arg: Option<Number>,
    /// The answer.
    pub answer: Value,
}

/// What became of the workers of a queue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkersRecord {
    /// When all items were done.
    pub join: Option<f64>,
    /// When each item was done.
    pub done: Vec<f64>,
    /// How many workers were still there to be cancelled.
    pub cancelled: usize,
    /// How many items were left.
    pub left: usize,
}

impl Record {
    /// When each was admitted, in order of time.
    #[must_use]
    pub fn admissions(&self) -> Vec<f64> {
        let admitted = self.events.iter().filter(|event| event.outcome == "admitted");
        admitted.map(|event| event.at).collect()
    }
}
