//! The format `throttle-scenarios/1`: what is built, what is done to it, and what must come of it.
//!
//! Reading is strict: a field, a subject, a step, a probe or an expectation that is not known here makes
//! its case fail. A scenario that is half understood would pass for the wrong reason.

mod expect;
mod kind;
mod number;
mod step;
mod subject;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

pub use expect::{Check, Expect, ExpectedEvent, ExpectedProbe, Plan};
pub use number::Number;
pub use step::{Action, Ask, Body, Form, Names, Probe, Reading, Step, Via};
pub use subject::{
    Client, CountingName, PacingName, PoolSpec, RateSpec, Semaphores, Subject, ThrottleSpec, Update, Workers,
};

/// The only format there is.
const FORMAT: &str = "throttle-scenarios/1";

/// One case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its unique name.
    pub id: String,
    /// What is built at the beginning.
    pub subject: Subject,
    /// What is done then.
    pub steps: Vec<Step>,
    /// What must come of it.
    pub expect: Expect,
    /// The clock stops short of this time, in seconds; otherwise it runs until nothing is left to do.
    #[serde(default)]
    pub until: Option<Number>,
    /// What the clock shows at the beginning.
    #[serde(default)]
    pub clock_start: Option<Number>,
    /// The seconds that each item takes its worker; of `queue_workers` only.
    #[serde(default)]
    pub items: Option<Vec<Number>>,
    /// What a stub server answers by path; of `rate_limited_client` only.
    #[serde(default)]
    pub server: Option<BTreeMap<String, Vec<Answer>>>,
}

/// What says to people why a case is as it is; says nothing to a runner.
const PROSE: [&str; 7] = ["title", "source", "note", "basis", "oracle", "decision", "reference_model_agrees"];

/// One answer of the stub server of a client's scenario. Nothing reads it yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status; 200 if absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// The field Retry-After.
    #[serde(default)]
    pub retry_after: Option<Value>,
    /// Further fields.
    #[serde(default)]
    pub headers: Option<BTreeMap<String, String>>,
    /// The body.
    #[serde(default)]
    pub body: Option<Value>,
    /// The connection fails instead.
    #[serde(default)]
    pub error: Option<String>,
    /// Seconds until the answer is there.
    #[serde(default)]
    pub latency: Option<Number>,
}

/// A case as found in a file: readable or not, it has a place in the report.
#[derive(Debug)]
pub struct Found {
    /// Its name, as far as it could be read.
    pub id: String,
    /// The case, or what is wrong with it.
    pub scenario: Result<Scenario, String>,
}

/// Reads a file of scenarios.
///
/// # Errors
/// If it cannot be read, is no JSON, or is of another format. A single case that makes no sense is no
/// error here: it is found with its fault.
pub fn load(path: &Path) -> anyhow::Result<Vec<Found>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// Reads the text of a file of scenarios.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str) -> anyhow::Result<Vec<Found>> {
    let Value::Object(mut file) = serde_json::from_str(text)? else { bail!("not an object") };
    match file.get("format").and_then(Value::as_str) {
        Some(FORMAT) => {}
        other => bail!("format is {other:?}, but must be {FORMAT:?}"),
    }
    let Some(Value::Array(cases)) = file.remove("scenarios") else { bail!("no list of scenarios") };
    let mut found: Vec<Found> = cases.into_iter().enumerate().map(read_case).collect();
    let mut seen = std::collections::BTreeSet::new();
    for case in &mut found {
        if !seen.insert(case.id.clone()) {
            case.scenario = Err("another case has the same id".into());
        }
    }
    Ok(found)
}

fn read_case((index, case): (usize, Value)) -> Found {
    let id = match case.get("id").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => format!("#{index}"),
    };
    let scenario = Scenario::read(case);
    Found { id, scenario }
}

impl Scenario {
    /// Reads one case.
    ///
    /// # Errors
    /// A message, if anything about it is not understood.
    pub fn read(case: Value) -> Result<Self, String> {
        let Value::Object(mut fields) = case else { return Err("not an object".into()) };
        fields.retain(|name, _| !PROSE.contains(&name.as_str()) && !name.starts_with("python_"));
        let scenario: Self =
            serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        scenario.check().map(|()| scenario)
    }

    /// What no single field can tell.
    fn check(&self) -> Result<(), String> {
        if let Some(step) = self.steps.iter().find(|step| !(step.at.0 >= 0.0 && step.at.0.is_finite())) {
            return Err(format!("a step is at {}, but must be at a time from 0 on", step.at));
        }
        let late = self.steps.windows(2).find(|pair| pair[1].at < pair[0].at);
        if let Some([_, step]) = late {
            return Err(format!("steps are not in order of time: one at {} comes too late", step.at));
        }
        let client = matches!(self.subject, Subject::Client(_));
        let workers = matches!(self.subject, Subject::Workers(_));
        if self.server.is_some() != client {
            return Err("`server` goes with the subject rate_limited_client, and only with it".into());
        }
        if self.items.is_some() != workers {
            return Err("`items` goes with the subject queue_workers, and only with it".into());
        }
        for step in &self.steps {
            if matches!(step.action, Action::Get { .. }) != client {
                return Err("steps of a client are `get`, and `get` is a step of a client only".into());
            }
        }
        Ok(())
    }
}
