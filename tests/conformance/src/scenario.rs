//! The format `throttle-scenarios/1`: what is built, what is done to it, and what must come of it.
//!
//! Reading is strict: a field, a subject, a step, a probe or an expectation that is not known here makes
//! its case fail. A scenario that is half understood would pass for the wrong reason.

mod expect;
mod kind;
mod number;
mod script;
mod step;
mod subject;
mod write;

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

pub use expect::{Check, Expect, ExpectedEvent, ExpectedProbe, Plan};
pub use number::Number;
pub use script::{Answer, Script};
pub use step::{Action, Ask, Body, Form, Names, Probe, Reading, Step, Via};
pub use subject::{
    Client, CountingName, PacingName, PoolSpec, RateSpec, Semaphores, Subject, ThrottleSpec, Update, Workers,
};

/// The only format there is.
const FORMAT: &str = "throttle-scenarios/1";

/// One case.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its unique name.
    pub id: String,
    /// What is played. Whoever plays it is not told what is expected.
    pub script: Script,
    /// What must come of it.
    pub expect: Expect,
}

/// What says to people why a case is as it is; says nothing to a runner.
const PROSE: [&str; 7] = ["title", "source", "note", "basis", "oracle", "decision", "reference_model_agrees"];

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
        let (Some(Value::String(id)), Some(expect)) = (fields.remove("id"), fields.remove("expect")) else {
            return Err("every case has an `id`, which is a text, and something to `expect`".into());
        };
        let script: Script =
            serde_json::from_value(Value::Object(fields)).map_err(|error| error.to_string())?;
        let expect = serde_json::from_value(expect).map_err(|error| error.to_string())?;
        script.check().map(|()| Self { id, script, expect })
    }
}
