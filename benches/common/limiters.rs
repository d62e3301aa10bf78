//! The rate limiters that are compared: each lets so many in per period.

use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use governor::{Quota, RateLimiter};
use ratelimit::{Ratelimiter, TryWaitError};
use tollgate::{Rate, Throttle};

/// Waits to be let in once; when that was, counted from any fixed moment.
pub(crate) type Enter = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Duration> + Send>> + Send + Sync>;

/// What a limiter lets in when it has been left alone, and how it goes on.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// The whole quota, once per period; never more than that.
    InPeriods,
    /// The same, but around a refill twice as much.
    InSteps,
    /// One at once, then evenly.
    Evenly,
    /// Some at once, then evenly.
    Bursts,
}

impl Shape {
    /// How many are let in at once, of `n` per period.
    pub(crate) fn at_once(self, n: u32) -> u32 {
        match self {
            Self::InPeriods | Self::InSteps => n,
            Self::Evenly => 1,
            Self::Bursts => burst(n),
        }
    }

    /// The most in any window of one period.
    pub(crate) fn most(self, n: u32) -> u32 {
        match self {
            Self::InPeriods | Self::Evenly => n,
            Self::InSteps => 2 * n,
            Self::Bursts => n + burst(n),
        }
    }
}

/// A limiter and what it promises.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) make: fn(u32, Duration) -> Enter,
}

pub(crate) const CONTESTANTS: &[Contestant] = &[
    Contestant {
        name: "tollgate window",
        shape: Shape::InPeriods,
        make: |n, period| tollgate(Rate::new(n.into(), period)),
    },
    Contestant {
        name: "tollgate smooth",
        shape: Shape::Evenly,
        make: |n, period| tollgate(Rate::new(n.into(), period).smooth()),
    },
    Contestant {
        name: "tollgate bucket n/10",
        shape: Shape::Bursts,
        make: |n, period| tollgate(Rate::new(n.into(), period).bucket(burst(n).into())),
    },
    Contestant {
        name: "tollgate stepped n",
        shape: Shape::InSteps,
        make: |n, period| tollgate(Rate::new(n.into(), period).stepped(n.into())),
    },
    Contestant {
        name: "tollgate bucket 1",
        shape: Shape::Evenly,
        make: |n, period| tollgate(Rate::new(n.into(), period).bucket(1.0)),
    },
    Contestant {
        name: "governor, burst n/10",
        shape: Shape::Bursts,
        make: |n, period| governor(n, period, burst(n)),
    },
    Contestant { name: "governor, burst 1", shape: Shape::Evenly, make: |n, period| governor(n, period, 1) },
    Contestant { name: "leaky-bucket, n/10", shape: Shape::Bursts, make: leaky_bucket_in_tenths },
    Contestant { name: "leaky-bucket, 1", shape: Shape::Evenly, make: leaky_bucket_one },
    Contestant {
        name: "ratelimit, burst n/10",
        shape: Shape::Bursts,
        make: |n, period| ratelimit(n, period, burst(n)),
    },
    Contestant {
        name: "ratelimit, burst 1",
        shape: Shape::Evenly,
        make: |n, period| ratelimit(n, period, 1),
    },
];

/// The bursts of buckets: a tenth; and two at least, since with one of them the lateness of every timer is lost.
fn burst(n: u32) -> u32 {
    (n / 10).max(2)
}

/// The time of the throttle's decision; when the caller gets to run is the scheduler's business.
fn tollgate(rate: Rate) -> Enter {
    let throttle = Throttle::builder().rate(rate).build().expect("valid rates");
    Arc::new(move || {
        let throttle = throttle.clone();
        Box::pin(async move {
            let permit = throttle.acquire().await.expect("nobody closes it");
            Duration::from_nanos(permit.admitted_at().as_nanos())
        })
    })
}

/// Peers do not tell when they decided: it is the time at which the caller goes on.
fn now() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

fn governor(n: u32, period: Duration, burst: u32) -> Enter {
    let quota = Quota::with_period(period / n).expect("some time between calls");
    let burst = NonZeroU32::new(burst).expect("a burst of one and more");
    let limiter = Arc::new(RateLimiter::direct(quota.allow_burst(burst)));
    Arc::new(move || {
        let limiter = limiter.clone();
        Box::pin(async move {
            limiter.until_ready().await;
            now()
        })
    })
}

fn leaky_bucket_in_tenths(n: u32, period: Duration) -> Enter {
    leaky_bucket(burst(n), period / (n / burst(n)))
}

/// It refuses to be told of intervals below a millisecond, so there it gets as many per millisecond.
fn leaky_bucket_one(n: u32, period: Duration) -> Enter {
    const LEAST: Duration = Duration::from_millis(1);
    let interval = period / n;
    if interval >= LEAST {
        return leaky_bucket(1, interval);
    }
    leaky_bucket((LEAST.as_nanos() / interval.as_nanos()) as u32, LEAST)
}

fn leaky_bucket(burst: u32, interval: Duration) -> Enter {
    let burst = burst as usize;
    let limiter = leaky_bucket::RateLimiter::builder()
        .max(burst)
        .initial(burst)
        .refill(burst)
        .interval(interval)
        .build();
    let limiter = Arc::new(limiter);
    Arc::new(move || {
        let limiter = limiter.clone();
        Box::pin(async move {
            limiter.acquire_owned(1).await;
            now()
        })
    })
}

/// It does not wait by itself: its callers sleep for as long as it says and ask again, as its docs show.
fn ratelimit(n: u32, period: Duration, burst: u32) -> Enter {
    let limiter = Ratelimiter::builder(n.into())
        .period(period)
        .max_tokens(burst.into())
        .initial_available(burst.into())
        .build()
        .expect("valid rates");
    let limiter = Arc::new(limiter);
    Arc::new(move || {
        let limiter = limiter.clone();
        Box::pin(async move {
            while let Err(error) = limiter.try_wait() {
                match error {
                    TryWaitError::Insufficient(wait) => tokio::time::sleep(wait).await,
                    _ => unreachable!("one token always fits"),
                }
            }
            now()
        })
    })
}
