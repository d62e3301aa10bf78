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
}

/// The value at fault; kept as it is, so that nothing is formatted before somebody reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Number(f64),
    Time(Duration),
}

impl ConfigError {
    pub(crate) const fn new(parameter: &'static str, value: Value, allowed: &'static str) -> Self {
        Self { parameter, value, allowed }
    }

    /// The name of the parameter.
    #[must_use]
    pub fn parameter(&self) -> &'static str {
        self.parameter
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is ", self.parameter)?;
        match &self.value {
            Value::Number(number) => write!(f, "{number}")?,
            Value::Time(time) => write!(f, "{time:?}")?,
        }
        write!(f, ", but must be {}", self.allowed)
    }
}

impl Error for ConfigError {}
