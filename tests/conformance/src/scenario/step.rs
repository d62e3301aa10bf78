//! What a scenario does.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Number, Update};

/// One step.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, in seconds.
    pub at: Number,
    /// The next step comes before any task is polled.
    pub nosettle: bool,
    /// What.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the format, which describes them")]
pub enum Action {
    Acquire { names: Names, every: Option<Number>, ask: Ask },
    Release { n: usize },
    Cancel { who: Vec<String> },
    Pause { seconds: Number },
    Resume,
    Close,
    Refund { cost: Number },
    Update(Update),
    Probe(Probe),
    Jump { by: Number },
    Kick,
    Get { url: String },
}

/// Who acquires.
#[derive(Clone, Debug)]
pub enum Names {
    /// One task.
    One(String),
    /// So many tasks, numbered from 0.
    Many {
        /// What comes before the number.
        prefix: String,
        /// How many.
        n: usize,
    },
}

impl Names {
    /// All names.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::One(who) => vec![who.clone()],
            Self::Many { prefix, n } => (0..*n).map(|index| format!("{prefix}{index}")).collect(),
        }
    }
}

/// How a task asks, and what it does once inside.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the names of the format, which describes them")]
pub struct Ask {
    pub cost: Option<Number>,
    pub hold: Option<Number>,
    pub timeout: Option<Number>,
    pub repeat: Option<usize>,
    pub form: Option<Form>,
    pub body: Option<Body>,
    pub body_timeout: Option<Number>,
    pub locked_sleep: Option<Number>,
    pub via: Option<Via>,
    pub host: Option<String>,
}

/// How what is inside is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As a block with a guard.
    Scoped,
}

/// What happens inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// It fails at its end.
    Raise,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// Units alone.
    Consume,
}

/// A look from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// What is read.
    pub what: Reading,
    /// Of what cost or number.
    #[serde(default)]
    pub arg: Option<Number>,
    /// Of which host.
    #[serde(default)]
    pub host: Option<String>,
}

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the format, which describes them")]
pub enum Reading {
    Locked,
    Value,
    Level,
    HasCapacity,
    TryAcquire,
    Waiting,
    InFlight,
    Paused,
    Closed,
}

impl<'de> Deserialize<'de> for Step {
    /// Takes apart what all steps have in common and what is a step's own, so that unknown fields of
    /// either are found; serde's `flatten` would let them pass.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::deserialize(deserializer)?;
        let at = take(&mut fields, "at")?.ok_or_else(|| D::Error::missing_field("at"))?;
        let nosettle = take(&mut fields, "nosettle")?.unwrap_or(false);
        let action = action(fields).map_err(D::Error::custom)?;
        Ok(Self { at, nosettle, action })
    }
}

/// The steps whose fields are all their own.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Simple {
    Release {
        #[serde(default = "one")]
        n: usize,
    },
    Cancel {
        who: OneOrMore,
    },
    Pause {
        seconds: Number,
    },
    Resume {},
    Close {},
    Refund {
        cost: Number,
    },
    Update(Update),
    Probe(Probe),
    Jump {
        by: Number,
    },
    Kick {},
    Get {
        url: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn action(mut fields: Map<String, Value>) -> Result<Action, serde_json::Error> {
    let missing = serde_json::Error::missing_field;
    match fields.get("do").and_then(Value::as_str) {
        Some("acquire") => {
            fields.remove("do");
            let who = take(&mut fields, "who")?.ok_or_else(|| missing("who"))?;
            let ask = serde_json::from_value(Value::Object(fields))?;
            Ok(Action::Acquire { names: Names::One(who), every: None, ask })
        }
        Some("acquire_many") => {
            fields.remove("do");
            let prefix = take(&mut fields, "prefix")?.ok_or_else(|| missing("prefix"))?;
            let n = take(&mut fields, "n")?.ok_or_else(|| missing("n"))?;
            let every = take(&mut fields, "every")?;
            let ask = serde_json::from_value(Value::Object(fields))?;
            Ok(Action::Acquire { names: Names::Many { prefix, n }, every, ask })
        }
        _ => Ok(match serde_json::from_value(Value::Object(fields))? {
            Simple::Release { n } => Action::Release { n },
            Simple::Cancel { who: OneOrMore::One(who) } => Action::Cancel { who: vec![who] },
            Simple::Cancel { who: OneOrMore::More(who) } => Action::Cancel { who },
            Simple::Pause { seconds } => Action::Pause { seconds },
            Simple::Resume {} => Action::Resume,
            Simple::Close {} => Action::Close,
            Simple::Refund { cost } => Action::Refund { cost },
            Simple::Update(update) => Action::Update(update),
            Simple::Probe(probe) => Action::Probe(probe),
            Simple::Jump { by } => Action::Jump { by },
            Simple::Kick {} => Action::Kick,
            Simple::Get { url } => Action::Get { url },
        }),
    }
}

fn take<T: DeserializeOwned, E: Error>(fields: &mut Map<String, Value>, name: &str) -> Result<Option<T>, E> {
    let read = |value| serde_json::from_value(value).map_err(|error| E::custom(format!("{name}: {error}")));
    fields.remove(name).map(read).transpose()
}

fn one() -> usize {
    1
}
