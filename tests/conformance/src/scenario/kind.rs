//! The subjects as they are written, each kind with names of its own.

use serde::Deserialize;

use super::{
    Client, CountingName, Number, PacingName, PoolSpec, RateSpec, Semaphores, Subject, ThrottleSpec, Workers,
};

/// The subjects as they are written.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Kind {
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

/// A limiter of one rate, as `rate_limiter` and `queue_workers` write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limiter {
    max_rate: Number,
    #[serde(default = "minute")]
    time_period: Number,
    #[serde(default)]
    burst: Option<Number>,
    #[serde(default = "bucket")]
    pacing: PacingName,
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

fn bucket() -> PacingName {
    PacingName::Bucket
}
