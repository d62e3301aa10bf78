//! What the runner and a player say to each other: one line of JSON each, in turns.
//!
//! `tests/conformance/README.md` tells those who write players all about it.

use serde::{Deserialize, Serialize};
use serde_json::{Error, Value};

use crate::platform::Stopped;
use crate::record::Record;
use crate::scenario::Script;
use crate::target::Target;

/// The protocol that is spoken.
pub const PROTOCOL: &str = "throttle-player/1";

/// What a player says when it can play.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// The protocol it speaks.
    pub ready: String,
}

/// What the runner asks for: to play this from beginning to end.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// What is played.
    pub script: Script,
    /// The largest power of ten by which its times can be multiplied so that all of it lasts no longer than a
    /// clock of nanoseconds can tell.
    pub stretch: u32,
}

/// What a player answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// This is what happened.
    Record(Record),
    /// It cannot be played here, for this reason.
    NotApplicable(String),
    /// It makes no sense, or something broke.
    Broken(String),
}

impl Request {
    /// As a line without its end. What is absent is left out.
    ///
    /// # Errors
    /// None that a script could cause.
    pub fn to_line(&self) -> Result<String, Error> {
        let mut request = serde_json::to_value(self)?;
        leave_out_nulls(&mut request);
        Ok(request.to_string())
    }
}

fn leave_out_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(leave_out_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_nulls),
        _ => {}
    }
}

/// A player's answer to a request, played on a target of this process.
#[must_use]
pub fn answer(request: &str, target: &dyn Target) -> String {
    let reply = match serde_json::from_str::<Request>(request) {
        Ok(request) => target.play(&request.script).into(),
        Err(error) => Reply::Broken(format!("the request is not understood: {error}")),
    };
    serde_json::to_string(&reply).expect("all keys are text")
}

impl From<Result<Record, Stopped>> for Reply {
    fn from(played: Result<Record, Stopped>) -> Self {
        match played {
            Ok(record) => Self::Record(record),
            Err(Stopped::NotApplicable(reason)) => Self::NotApplicable(reason),
            Err(Stopped::Broken(fault)) => Self::Broken(fault),
        }
    }
}

impl From<Reply> for Result<Record, Stopped> {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Record(record) => Ok(record),
            Reply::NotApplicable(reason) => Err(Stopped::NotApplicable(reason)),
            Reply::Broken(fault) => Err(Stopped::Broken(fault)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::scenario::load;

    /// What arrives at a player is what was read here, whatever the case.
    #[test]
    fn a_request_is_read_as_it_was_written() {
        let further = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/further.json");
        for file in [crate::default_file(), further] {
            for found in load(&file).expect("the file can be read") {
                let mut script = found.scenario.expect("the case is sound").script;
                script.steps = script.in_order();
                let line =
                    Request { script: script.clone(), stretch: 1 }.to_line().expect("it can be written");
                let read: Request = serde_json::from_str(&line).expect("it can be read");
                assert_eq!(format!("{:?}", read.script), format!("{script:?}"), "{}", found.id);
                assert!(!line.contains("null") && !line.contains("expect"), "{line}");
            }
        }
    }

    #[test]
    fn a_reply_says_one_of_three_things() {
        let read = |text| serde_json::from_str::<Reply>(text);
        let full = r#"{"record": {"events": [{"at": 0.5, "who": "A", "outcome": "admitted"}],
            "probes": [{"at": 1, "what": "has_capacity", "arg": "inf", "answer": false}], "pending": ["B"]}}"#;
        assert!(matches!(read(full), Ok(Reply::Record(record)) if record.events[0].at == 0.5));
        assert!(matches!(read(r#"{"not_applicable": "no pools"}"#), Ok(Reply::NotApplicable(_))));
        assert!(matches!(read(r#"{"broken": "it threw"}"#), Ok(Reply::Broken(_))));
        assert!(read(r#"{"record": {"event": []}}"#).is_err());
    }
}
