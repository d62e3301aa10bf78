//! Scripts as they are written for players: in the format in which they are read, with defaults filled in and
//! one way to say each thing.

use serde::ser::{Error, Serialize, Serializer};
use serde_json::{Value, json};

use super::{Action, Names, Step, Subject, Workers};

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, fields) = match self {
            Self::Semaphore(spec) => ("semaphore", tree(spec)?),
            Self::BoundedSemaphore(spec) => ("bounded_semaphore", tree(spec)?),
            Self::Throttle(spec) => ("throttle", tree(spec)?),
            Self::Pool(spec) => ("pool", tree(spec)?),
            Self::Workers(workers) => ("queue_workers", of_workers(workers)),
            Self::Stack(layers) => ("stack", json!({ "layers": layers })),
            Self::Client(client) => ("rate_limited_client", tree(client)?),
        };
        joined(json!({ "kind": kind }), fields).serialize(serializer)
    }
}

/// The rate of workers has names of its own.
fn of_workers(Workers { workers, limiter }: &Workers) -> Value {
    let rate = &limiter.rates[0];
    json!({
        "workers": workers,
        "max_rate": rate.capacity,
        "time_period": rate.period,
        "burst": rate.burst,
        "pacing": rate.pacing,
        "concurrency": limiter.concurrency,
    })
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (name, fields) = match &self.action {
            Action::Acquire { names: Names::One(who), ask, .. } => {
                ("acquire", joined(tree(ask)?, json!({ "who": who })))
            }
            Action::Acquire { names: Names::Many { prefix, n }, every, ask } => {
                ("acquire_many", joined(tree(ask)?, json!({ "prefix": prefix, "n": n, "every": every })))
            }
            Action::Release { n } => ("release", json!({ "n": n })),
            Action::Cancel { who } => ("cancel", json!({ "who": who })),
            Action::Pause { seconds } => ("pause", json!({ "seconds": seconds })),
            Action::Resume => ("resume", json!({})),
            Action::Close => ("close", json!({})),
            Action::Refund { cost } => ("refund", json!({ "cost": cost })),
            Action::Update(update) => ("update", tree(update)?),
            Action::Probe(probe) => ("probe", tree(probe)?),
            Action::Jump { by } => ("jump", json!({ "by": by })),
            Action::Kick => ("kick", json!({})),
            Action::Get { url } => ("get", json!({ "url": url })),
        };
        let common = json!({ "at": self.at, "do": name, "nosettle": self.nosettle.then_some(true) });
        joined(common, fields).serialize(serializer)
    }
}

fn tree<E: Error>(fields: impl Serialize) -> Result<Value, E> {
    serde_json::to_value(fields).map_err(E::custom)
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(fields), Value::Object(more)) = (&mut one, other) {
        fields.extend(more);
    }
    one
}
