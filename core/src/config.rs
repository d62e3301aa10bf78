//! What is wrong with a configuration: which parameter, its value, what is allowed.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// A parameter that makes no sense. Nothing was built or changed.
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::{Rate, Throttle, time::ManualTimer};
///
/// let error = Throttle::builder_on(ManualTimer::new())
///     .rate(Rate::new(f64::NAN, Duration::from_secs(1)))
///     .build()
///     .unwrap_err();
/// assert_eq!(error.parameter(), "capacity");
/// assert_eq!(error.to_string(), "capacity is NaN, but must be a number above 0, at most 1e12");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ConfigError {
    parameter: &'static str,
    value: Value,
    allowed: &'static str,
    /// Which rate it is of, where there are several.
    rate: Option<usize>,
}

/// The value at fault; kept as it is, so that nothing is formatted before somebody reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Time(Duration),
    Count(usize),
}

impl ConfigError {
    pub(crate) const fn new(parameter: &'static str, value: Value, allowed: &'static str) -> Self {
        Self { parameter, value, allowed, rate: None }
    }

    /// Of the rate of this index.
    pub(crate) const fn in_rate(mut self, index: usize) -> Self {
        self.rate = Some(index);
        self
    }

    /// The name of the parameter.
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.rate {
            write!(f, "rates[{index}]: ")?;
        }
        write!(f, "{} is ", self.parameter)?;
        match &self.value {
            Value::Number(number) => write!(f, "{number}")?,
            Value::Time(time) => write!(f, "{time:?}")?,
            Value::Count(count) => write!(f, "{count}")?,
        }
        write!(f, ", but must be {}", self.allowed)
    }
}

impl Error for ConfigError {}
