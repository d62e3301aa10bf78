//! What a scenario builds: one shape for all kinds that are throttles under other names.

use serde::{Deserialize, Serialize};

use super::Number;
use super::kind::Kind;

/// What is built at the beginning.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Kind")]
pub enum Subject {
    /// A semaphore.
    Semaphore(Semaphores),
    /// A semaphore that cannot be released too often.
    BoundedSemaphore(Semaphores),
    /// A throttle, or one of the limiters that are throttles with one rate.
    Throttle(ThrottleSpec),
    /// Limits in total and per host.
    Pool(PoolSpec),
    /// Workers that take items from a queue, at a rate.
    Workers(Workers),
    /// Several of them, taken in this order.
    Stack(Vec<Subject>),
    /// An HTTP client.
    Client(Client),
}

/// Either semaphore.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Semaphores {
    /// Its permits.
    #[serde(default = "one")]
    pub value: Number,
}

/// A throttle.
#[derive(Clone, Debug, Serialize)]
pub struct ThrottleSpec {
    /// Its rates.
    pub rates: Vec<RateSpec>,
    /// How many at once; 0 for any number.
    pub concurrency: Number,
    /// Seconds until a slot comes back.
    pub cooldown: Number,
    /// How many may wait.
    pub max_waiting: Option<Number>,
}

/// One rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSpec {
    /// Units in a period.
    pub capacity: Number,
    /// Seconds.
    #[serde(default = "one")]
    pub period: Number,
    /// How they are spread.
    #[serde(default)]
    pub pacing: PacingName,
    /// What may be saved up; `max(1, capacity)` if absent.
    #[serde(default)]
    pub burst: Option<Number>,
    /// Seconds between the refills of a stepped bucket; the period if absent or 0.
    #[serde(default)]
    pub interval: Option<Number>,
    /// How long a call counts.
    #[serde(default)]
    pub counting: CountingName,
}

/// The names of the pacings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are those of the library")]
pub enum PacingName {
    #[default]
    Window,
    Bucket,
    Stepped,
    Smooth,
}

/// The names of the ways to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are those of the library")]
pub enum CountingName {
    #[default]
    FromAdmission,
    UntilAnswered,
}

/// Limits in total and per host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// How many at once in all; 0 for any number.
    #[serde(default = "hundred")]
    pub limit: Number,
    /// How many at once for each host; 0 for any number.
    #[serde(default = "zero")]
    pub limit_per_host: Number,
    /// How many may wait.
    #[serde(default)]
    pub max_waiting: Option<Number>,
}

/// Workers that take items from a queue, at a rate.
#[derive(Clone, Debug)]
pub struct Workers {
    /// How many.
    pub workers: usize,
    /// What holds them back.
    pub limiter: ThrottleSpec,
}

/// An HTTP client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// How many requests at once.
    pub max_concurrent: Number,
    /// Seconds that a slot is kept after its request.
    pub delay: Number,
    /// How many times a request is tried again.
    pub retries: Number,
}

/// Changed values; what is absent stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "they are those of the subjects")]
pub struct Update {
    #[serde(default)]
    pub value: Option<Number>,
    #[serde(default, alias = "max_rate", alias = "limit", alias = "tokens")]
    pub capacity: Option<Number>,
    #[serde(default, alias = "time_period")]
    pub period: Option<Number>,
    #[serde(default)]
    pub pacing: Option<PacingName>,
    #[serde(default)]
    pub burst: Option<Number>,
    #[serde(default)]
    pub interval: Option<Number>,
    #[serde(default)]
    pub counting: Option<CountingName>,
    #[serde(default)]
    pub concurrency: Option<Number>,
    #[serde(default)]
    pub cooldown: Option<Number>,
    #[serde(default)]
    pub max_waiting: Option<Number>,
}

fn zero() -> Number {
    Number(0.0)
}

fn one() -> Number {
    Number(1.0)
}

fn hundred() -> Number {
    Number(100.0)
}
