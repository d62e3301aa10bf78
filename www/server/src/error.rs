//! What is said about a value that cannot be.

use std::{error, fmt, io};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A parameter has a value that is not allowed. Nothing was changed.
///
/// As JSON, with its message in `error`, it is the body of a response 400.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigError {
    /// The name of the parameter, as in the JSON.
    pub parameter: String,
    /// The value as it was given.
    pub value: Value,
    /// What would be allowed, in words.
    pub allowed: String,
}

impl ConfigError {
    pub(crate) fn new(
        parameter: impl Into<String>,
        value: impl Into<Value>,
        allowed: impl Into<String>,
    ) -> Self {
        Self { parameter: parameter.into(), value: value.into(), allowed: allowed.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { parameter, value, allowed } = self;
        write!(f, "invalid {parameter}: {value} is not {allowed}")
    }
}

impl error::Error for ConfigError {}

impl From<ConfigError> for io::Error {
    fn from(error: ConfigError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
