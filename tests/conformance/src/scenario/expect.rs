//! What must come of a scenario.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{Number, Reading};

/// All that must come of a scenario.
#[derive(Clone, Debug)]
pub struct Expect {
    /// What is compared, one by one.
    pub checks: Vec<Check>,
}

/// One thing that must come of a scenario.
#[derive(Clone, Debug)]
pub enum Check {
    /// Who did what, and when.
    Events(Vec<ExpectedEvent>),
    /// How many were admitted when. Of workers: how many items were done.
    Histogram(Vec<(f64, usize)>),
    /// What was read.
    Probes(Vec<ExpectedProbe>),
    /// Who waits at the end.
    Pending(Vec<String>),
    /// It cannot be built, for this reason.
    Construct(String),
    /// A histogram for each host.
    PerHost(BTreeMap<String, Vec<(f64, usize)>>),
    /// How many were admitted from one time on until before another.
    Total {
        /// From when.
        from: f64,
        /// Until before when.
        to: f64,
        /// How many.
        count: usize,
    },
    /// The most that were admitted in a half-open window of this length, wherever it starts.
    MaxInAny {
        /// The length in seconds.
        window: f64,
        /// How many.
        count: usize,
    },
    /// When the first was admitted.
    First(f64),
    /// When the last was admitted.
    Last(f64),
    /// When those of these numbers were admitted, counted from 0.
    KTh(Vec<(usize, f64)>),
    /// When all items were done.
    Join(Option<f64>),
    /// How many workers were still there to be cancelled.
    WorkersCancelled(usize),
    /// How many items were left.
    Left(usize),
    /// What servers of several kinds would have answered, under this plan.
    Servers {
        /// How the subject is paced.
        plan: Plan,
        /// How often which status, by kind of server.
        answers: BTreeMap<String, BTreeMap<String, usize>>,
    },
}

/// How the subject is paced where servers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// By an exact sliding window.
    StrictWindow,
    /// By a bucket of 1.
    PacedBurst1,
}

/// When, who, what.
#[derive(Clone, Debug, Deserialize)]
pub struct ExpectedEvent(pub f64, pub String, pub String);

/// When, what was read and of which number, and the answer.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "as above")]
pub struct ExpectedProbe {
    pub at: f64,
    pub what: Reading,
    pub arg: Option<f64>,
    pub answer: Value,
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields: Map<String, Value> = Map::deserialize(deserializer)?;
        if fields.is_empty() {
            return Err(D::Error::custom("nothing is expected"));
        }
        let read = |(key, value): (String, Value)| {
            check(&key, value).map_err(|error| D::Error::custom(format!("expect.{key}: {error}")))
        };
        Ok(Self { checks: fields.into_iter().map(read).collect::<Result<_, _>>()? })
    }
}

fn check(key: &str, value: Value) -> Result<Check, String> {
    Ok(match key {
        "events" => Check::Events(read(value)?),
        "histogram" => Check::Histogram(read(value)?),
        "probes" => {
            let probes: Vec<(f64, String, Value)> = read(value)?;
            Check::Probes(probes.into_iter().map(probe).collect::<Result<_, _>>()?)
        }
        "pending" => Check::Pending(read(value)?),
        "construct" => Check::Construct(read(value)?),
        "per_host" => {
            let hosts: BTreeMap<String, BTreeMap<String, usize>> = read(value)?;
            let histogram = |(host, times): (String, BTreeMap<String, usize>)| Ok((host, keyed(times)?));
            Check::PerHost(hosts.into_iter().map(histogram).collect::<Result<_, String>>()?)
        }
        "first" => Check::First(read(value)?),
        "last" => Check::Last(read(value)?),
        "k_th" => {
            let times: BTreeMap<usize, f64> = read(value)?;
            Check::KTh(times.into_iter().collect())
        }
        "join" => Check::Join(read(value)?),
        "workers_cancelled" => Check::WorkersCancelled(read(value)?),
        "left" => Check::Left(read(value)?),
        "strict_window" => Check::Servers { plan: Plan::StrictWindow, answers: read(value)? },
        "paced_burst_1" => Check::Servers { plan: Plan::PacedBurst1, answers: read(value)? },
        _ => return spanned(key, value).unwrap_or_else(|| Err("unknown expectation".into())),
    })
}

/// The expectations that carry numbers in their names.
fn spanned(key: &str, value: Value) -> Option<Result<Check, String>> {
    if let Some(span) = key.strip_prefix("total_in_[") {
        let (from, to) = span.strip_suffix(')')?.split_once(',')?;
        let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        return Some(read(value).map(|count| Check::Total { from, to, count }));
    }
    let window = key.strip_prefix("max_in_any_[t,t+")?.strip_suffix(')')?.parse().ok()?;
    Some(read(value).map(|count| Check::MaxInAny { window, count }))
}

/// A probe; its name may carry a number, as in `has_capacity(0.5)`.
fn probe((at, name, answer): (f64, String, Value)) -> Result<ExpectedProbe, String> {
    let (what, arg) = match name.split_once('(') {
        None => (name.as_str(), None),
        Some((what, arg)) => {
            let arg = arg.strip_suffix(')').and_then(|arg| arg.parse().ok());
            (what, Some(arg.ok_or_else(|| format!("{name} is no probe"))?))
        }
    };
    let what = read(Value::from(what))?;
    Ok(ExpectedProbe { at, what, arg, answer })
}

/// A histogram whose times are the keys of an object, in order of time.
fn keyed(times: BTreeMap<String, usize>) -> Result<Vec<(f64, usize)>, String> {
    let number = |(time, count): (String, usize)| {
        time.parse().map(|time: f64| (time, count)).map_err(|_| format!("{time} is no time"))
    };
    let mut histogram: Vec<_> = times.into_iter().map(number).collect::<Result<_, _>>()?;
    histogram.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(histogram)
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

impl Expect {
    /// The events that are expected, if any are.
    #[must_use]
    pub fn events(&self) -> Option<&[ExpectedEvent]> {
        self.checks.iter().find_map(|check| match check {
            Check::Events(events) => Some(events.as_slice()),
            _ => None,
        })
    }
}

impl From<Number> for f64 {
    fn from(number: Number) -> Self {
        number.0
    }
}
