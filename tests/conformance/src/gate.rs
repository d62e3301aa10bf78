//! What scenarios are about, in one shape: something to enter, to look at, and to give orders to.

mod client;
mod pool;
mod semaphore;
mod stack;
mod throttle;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::time::Timer;
use tollgate_core::{AdmitError, ConfigError, CostError};

use crate::clock::Clock;
use crate::scenario::{Probe, Subject, Update};
pub use client::ClientGate;

/// A subject, built.
pub trait Gate: Send + Sync {
    /// Waits to be let in. Takes its place in line when first polled.
    fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>>;

    /// Whether [`enter`](Self::enter) heeds a time limit by itself.
    fn keeps_time(&self) -> bool;

    /// How many alarms it may have set at any time while somebody waits.
    fn most_alarms(&self) -> usize;

    /// Reads something; what is taken by that goes to the shelf.
    fn probe(&self, probe: &Probe, shelf: &Shelf) -> Option<Value>;

    /// Whether the next to come would have to wait, if it can be told.
    fn locked(&self) -> Option<bool>;

    /// Does as told.
    fn obey(&self, order: &Order) -> Result<(), Refusal>;
}

/// Leave to be inside, given back when dropped.
pub trait Pass: Send {
    /// Stays inside for ever. What the library still has to own goes to the shelf.
    fn keep(self: Box<Self>, shelf: &Shelf);
}

/// How somebody asks to be let in.
#[derive(Clone, Debug)]
pub struct Entry {
    /// How much for.
    pub cost: f64,
    /// Under which host.
    pub host: Option<String>,
    /// Units alone.
    pub consume: bool,
    /// Waits at most so many seconds.
    pub timeout: Option<f64>,
}

/// An order to a gate.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names of the steps")]
pub enum Order {
    Release,
    Pause { seconds: f64 },
    Resume,
    Close,
    Refund { cost: f64 },
    Update(Update),
}

/// Passes that are kept until the end of the scenario.
#[derive(Default)]
pub struct Shelf(Mutex<Vec<Box<dyn Pass>>>);

/// Why somebody was not let in, or an order not obeyed.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names of the format")]
pub enum Refusal {
    InvalidArgument(String),
    CostExceedsCapacity,
    OverRelease,
    Closed,
    QueueFull,
    TimedOut,
    /// The subject does not know such a thing: the scenario makes no sense.
    Unsupported(&'static str),
}

/// Builds a subject.
///
/// # Errors
/// If the library refuses its parameters, or cannot even be told of them.
pub fn build<T: Timer + Clone>(subject: &Subject, clock: &Clock<T>) -> Result<Arc<dyn Gate>, Refusal> {
    Ok(match subject {
        Subject::Semaphore(spec) => Arc::new(semaphore::Plain::new(spec)?),
        Subject::BoundedSemaphore(spec) => Arc::new(semaphore::Bounded::new(spec)?),
        Subject::Throttle(spec) => Arc::new(throttle::ThrottleGate::new(spec.clone(), clock)?),
        Subject::Workers(workers) => Arc::new(throttle::ThrottleGate::new(workers.limiter.clone(), clock)?),
        Subject::Pool(spec) => Arc::new(pool::PoolGate::new(spec, clock)?),
        Subject::Stack(layers) => Arc::new(stack::StackGate::new(layers, clock)?),
        Subject::Client(client) => Arc::new(ClientGate::new(client, clock)?),
    })
}

/// A whole number that the library takes as `usize`; its types rule out what scenarios may contain.
fn whole(name: &str, value: f64) -> Result<usize, Refusal> {
    let most = tollgate_core::Semaphore::MAX_PERMITS;
    if value >= 0.0 && value.fract() == 0.0 && value <= most as f64 {
        return Ok(value as usize);
    }
    Err(Refusal::InvalidArgument(format!("{name} is {value}, but must be a whole number, at least 0")))
}

impl Shelf {
    /// Keeps a pass.
    pub fn put(&self, pass: Box<dyn Pass>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(pass);
    }
}

impl Refusal {
    /// The outcome in the words of the format.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::InvalidArgument(_) => "error:invalid_argument",
            Self::CostExceedsCapacity => "error:cost_exceeds_capacity",
            Self::OverRelease => "error:over_release",
            Self::Closed => "error:closed",
            Self::QueueFull => "error:queue_full",
            Self::TimedOut => "timeout",
            Self::Unsupported(_) => "error:unsupported",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidArgument(message) => f.write_str(message),
            Self::Unsupported(what) => write!(f, "the subject cannot {what}"),
            other => f.write_str(other.outcome()),
        }
    }
}

impl From<ConfigError> for Refusal {
    fn from(error: ConfigError) -> Self {
        Self::InvalidArgument(error.to_string())
    }
}

impl From<CostError> for Refusal {
    fn from(error: CostError) -> Self {
        match error {
            CostError::TooHigh { .. } => Self::CostExceedsCapacity,
            other => Self::InvalidArgument(other.to_string()),
        }
    }
}

impl From<AdmitError> for Refusal {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Closed => Self::Closed,
            AdmitError::QueueFull { .. } => Self::QueueFull,
            AdmitError::TimedOut => Self::TimedOut,
            AdmitError::Cost(error) => error.into(),
            other => Self::InvalidArgument(other.to_string()),
        }
    }
}
