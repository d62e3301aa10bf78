//! What is played: all of a case but what is expected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Action, Names, Number, Step, Subject};

/// What is played.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What is built at the beginning.
    pub subject: Subject,
    /// What is done then.
    pub steps: Vec<Step>,
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

/// One answer of the stub server of a client's scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status; 200 if absent.
    #[serde(default)]
    pub status: Option<u16>,
    /// The field Retry-After.
    #[serde(default)]
    pub retry_after: Option<String>,
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

impl Script {
    /// What no single field can tell.
    pub(super) fn check(&self) -> Result<(), String> {
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

    /// The steps one by one: those of `every` are taken apart and merged with the others by time.
    #[must_use]
    pub fn in_order(&self) -> Vec<Step> {
        let mut all: Vec<Step> = Vec::new();
        for step in &self.steps {
            match &step.action {
                Action::Acquire { names, every: Some(Number(every)), ask } => {
                    for (index, name) in names.all().into_iter().enumerate() {
                        let at = Number(step.at.0 + every * index as f64);
                        let action =
                            Action::Acquire { names: Names::One(name), every: None, ask: ask.clone() };
                        all.push(Step { at, nosettle: step.nosettle, action });
                    }
                }
                _ => all.push(step.clone()),
            }
        }
        all.sort_by(|a, b| a.at.0.total_cmp(&b.at.0));
        all
    }
}
