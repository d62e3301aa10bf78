//! What a scenario builds. The kinds that are throttles under other names are read into one shape.

use serde::Deserialize;

use super::Number;

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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Semaphores {
    /// Its permits.
    #[serde(default = "one")]
    pub value: Number,
}

/// A throttle.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are those of the library")]
pub enum CountingName {
    #[default]
    FromAdmission,
    UntilAnswered,
}

/// Limits in total and per host.
#[derive(Clone, Debug, Deserialize)]
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

/// An HTTP client. Nothing reads it yet.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// How many requests at once.
    pub max_concurrent: Number,
    /// Seconds that a slot is kept after its request.
    pub delay: Number,
    /// How many times a request is tried again.
    pub retries: Number,
}

/// A limiter of one rate, as `rate_limiter` and `queue_workers` write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limiter {
    max_rate: Number,
    #[serde(default = "minute")]
    time_period: Number,
    #[serde(default)]
    burst: Option<Number>,
    #[serde(default = "bucket")]
    pacing: PacingName,
}

/// Changed values; what is absent stays as it is.
#[derive(Clone, Debug, Deserialize)]
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

/// The subjects as they are written.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Semaphore(Semaphores),
    BoundedSemaphore(Semaphores),
    Throttle {
        #[serde(default)]
        capacity: Option<Number>,
        #[serde(default = "one")]
        period: Number,
        #[serde(default)]
        pacing: PacingName,
        #[serde(default)]
        burst: Option<Number>,
        #[serde(default)]
        interval: Option<Number>,
        #[serde(default)]
        counting: CountingName,
        /// Further rates, or all of them.
        #[serde(default)]
        rates: Vec<RateSpec>,
        #[serde(default = "zero")]
        concurrency: Number,
        #[serde(default = "zero")]
        cooldown: Number,
        #[serde(default)]
        max_waiting: Option<Number>,
    },
    RateLimiter(Limiter),
    WindowLimiter {
        limit: Number,
        #[serde(default = "one")]
        period: Number,
        #[serde(default)]
        pacing: PacingName,
        #[serde(default)]
        burst: Option<Number>,
    },
    TokenBucket {
        tokens: Number,
        #[serde(default)]
        capacity: Option<Number>,
        #[serde(default = "one")]
        period: Number,
        #[serde(default)]
        interval: Option<Number>,
    },
    Pool(PoolSpec),
    QueueWorkers {
        workers: usize,
        max_rate: Number,
        #[serde(default = "one")]
        time_period: Number,
        #[serde(default)]
        burst: Option<Number>,
        #[serde(default = "bucket")]
        pacing: PacingName,
        #[serde(default = "zero")]
        concurrency: Number,
    },
    Stack {
        layers: Vec<Subject>,
    },
    RateLimitedClient(Client),
}

impl From<Kind> for Subject {
    fn from(kind: Kind) -> Self {
        let rate = |capacity, period, pacing, burst, interval| {
            let counting = CountingName::FromAdmission;
            RateSpec { capacity, period, pacing, burst, interval, counting }
        };
        match kind {
            Kind::Semaphore(spec) => Self::Semaphore(spec),
            Kind::BoundedSemaphore(spec) => Self::BoundedSemaphore(spec),
            Kind::Throttle {
                capacity,
                period,
                pacing,
                burst,
                interval,
                counting,
                rates: further,
                concurrency,
                cooldown,
                max_waiting,
            } => {
                let first = |capacity| RateSpec { capacity, period, pacing, burst, interval, counting };
                let rates = capacity.map(first).into_iter().chain(further).collect();
                Self::Throttle(ThrottleSpec { rates, concurrency, cooldown, max_waiting })
            }
            Kind::RateLimiter(Limiter { max_rate, time_period, burst, pacing }) => {
                Self::Throttle(rate(max_rate, time_period, pacing, burst, None).into())
            }
            Kind::WindowLimiter { limit, period, pacing, burst } => {
                Self::Throttle(rate(limit, period, pacing, burst, None).into())
            }
            Kind::TokenBucket { tokens, capacity, period, interval } => {
                Self::Throttle(rate(tokens, period, PacingName::Stepped, capacity, interval).into())
            }
            Kind::Pool(spec) => Self::Pool(spec),
            Kind::QueueWorkers { workers, max_rate, time_period, burst, pacing, concurrency } => {
                let limiter = rate(max_rate, time_period, pacing, burst, None).into();
                let limiter = ThrottleSpec { concurrency, ..limiter };
                Self::Workers(Workers { workers, limiter })
            }
            Kind::Stack { layers } => Self::Stack(layers),
            Kind::RateLimitedClient(client) => Self::Client(client),
        }
    }
}

impl From<RateSpec> for ThrottleSpec {
    fn from(rate: RateSpec) -> Self {
        Self { rates: vec![rate], concurrency: zero(), cooldown: zero(), max_waiting: None }
    }
}

fn zero() -> Number {
    Number(0.0)
}

fn one() -> Number {
    Number(1.0)
}

fn minute() -> Number {
    Number(60.0)
}

fn hundred() -> Number {
    Number(100.0)
}

fn bucket() -> PacingName {
    PacingName::Bucket
}
