//! Why a throttle did not let somebody in.

use std::error::Error;
use std::fmt;

/// Why a wait at a throttle ended without a permit. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AdmitError {
    /// The throttle was closed, before or while waiting.
    Closed,
    /// As many callers wait as are allowed to.
    QueueFull {
        /// How many that is.
        max_waiting: usize,
    },
    /// The time that the caller was ready to wait is over.
    TimedOut,
    /// The cost makes no sense, or can never be admitted.
    Cost(CostError),
}

/// Why a throttle did not let somebody in at once. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum TryAdmitError {
    /// Not now: no slot is free, a rate does not allow it, the throttle is paused, or others wait.
    NotNow,
    /// The throttle is closed.
    Closed,
    /// The cost makes no sense, or can never be admitted.
    Cost(CostError),
}

/// A cost that cannot be admitted, now or ever.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum CostError {
    /// Not a cost at all: NaN, infinite or negative.
    Invalid {
        /// What was given.
        cost: f64,
    },
    /// More than a rate can ever admit at once.
    TooHigh {
        /// What was given.
        cost: f64,
        /// The most that can be admitted.
        max: f64,
    },
}

/// No call of such a cost is inside without a permit or reservation: [`Throttle::release`](crate::Throttle::release),
/// [`begin`](crate::Throttle::begin), [`cancel`](crate::Throttle::cancel).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotInsideError {
    /// What was given.
    pub cost: f64,
}

impl fmt::Display for AdmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("throttle closed"),
            Self::QueueFull { max_waiting } => {
                write!(f, "queue full: at most {max_waiting} may wait")
            }
            Self::TimedOut => f.write_str("not admitted in time"),
            Self::Cost(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for TryAdmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNow => f.write_str("cannot be admitted now; `check` tells when and why"),
            Self::Closed => f.write_str("throttle closed"),
            Self::Cost(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for CostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { cost } => write!(f, "cost is {cost}, but must be a finite number, at least 0"),
            Self::TooHigh { cost, max } => {
                write!(f, "cost is {cost}, but at most {max} can ever be admitted at once")
            }
        }
    }
}

impl fmt::Display for NotInsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no call that cost {} is inside with its permit or reservation forgotten", self.cost)
    }
}

impl Error for AdmitError {}
impl Error for TryAdmitError {}
impl Error for CostError {}
impl Error for NotInsideError {}

impl From<CostError> for AdmitError {
    fn from(error: CostError) -> Self {
        Self::Cost(error)
    }
}

/// Only what can happen without waiting.
impl From<AdmitError> for TryAdmitError {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Closed => Self::Closed,
            AdmitError::QueueFull { .. } | AdmitError::TimedOut => Self::NotNow,
            AdmitError::Cost(error) => Self::Cost(error),
        }
    }
}
