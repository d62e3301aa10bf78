//! What the server enforces, and how it can be changed.

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::ConfigError;

/// The limits of the server; as JSON it is the body of `GET` and `PUT /limits`.
///
/// ```
/// use tollgate_server::{Algorithm, Config};
///
/// let config = Config {
///     algorithm: Algorithm::Bucket,
///     capacity: 20,
///     concurrency: 4,
///     ..Config::default()
/// };
/// assert!(config.validate().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How requests are counted. Default: [`Algorithm::Sliding`].
    pub algorithm: Algorithm,
    /// How many requests are let in per period, at least 1. Default: 100.
    pub capacity: u32,
    /// The period in milliseconds, from 1 to [`Config::MAX_PERIOD_MS`]. Default: 1000.
    ///
    /// Without a rate limit it is still the length of the windows in the statistics.
    pub period_ms: u64,
    /// How many accepted requests may be inside at once; 0 is without limit. Default: 0.
    pub concurrency: u32,
    /// Artificial delay before the limiter decides. Default: none.
    pub before_ms: DelayRange,
    /// Artificial delay after the limiter has decided, until the response is sent. Default: none.
    ///
    /// Refused requests have it as well: it stands for the way back, not for work alone.
    pub after_ms: DelayRange,
    /// The seed that the delays are drawn with. Default: 0.
    pub seed: u64,
}

/// How a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// Fixed windows, aligned to the server's start (or last reset).
    Fixed,
    /// Sliding log: no half-open window of one period ever holds more than the capacity.
    Sliding,
    /// Token bucket: starts full, holds a burst of the capacity, refills continuously.
    Bucket,
    /// Spacing: at least period / capacity after the last accepted request.
    Spacing,
    /// No rate limit.
    None,
}

/// Two bounds in milliseconds between which a delay is drawn uniformly; in JSON `[min, max]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[u64; 2]", into = "[u64; 2]")]
pub struct DelayRange {
    /// The shortest delay.
    pub min: u64,
    /// The longest delay, not below `min` and at most [`Config::MAX_DELAY_MS`].
    pub max: u64,
}

impl Config {
    /// The longest period: 365 days.
    pub const MAX_PERIOD_MS: u64 = 365 * 24 * 3_600_000;
    /// The longest artificial delay: one hour.
    pub const MAX_DELAY_MS: u64 = 3_600_000;

    /// The period as a [`Duration`].
    pub fn period(&self) -> Duration {
        Duration::from_millis(self.period_ms)
    }

    /// Checks every value against its bounds.
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.capacity == 0 {
            return Err(ConfigError::new("capacity", self.capacity, CAPACITY));
        }
        if !PERIOD_RANGE.contains(&self.period_ms) {
            return Err(ConfigError::new("period_ms", self.period_ms, PERIOD));
        }
        for (name, delay) in [("before_ms", self.before_ms), ("after_ms", self.after_ms)] {
            if delay.min > delay.max || delay.max > Self::MAX_DELAY_MS {
                return Err(ConfigError::new(name, [delay.min, delay.max], DELAY));
            }
        }
        Ok(())
    }

    /// This configuration with the fields of a JSON object put in; absent ones stay as they are.
    ///
    /// ```
    /// use tollgate_server::Config;
    ///
    /// let config = Config::default();
    /// let faster = config.patched(br#"{ "capacity": 500 }"#)?;
    /// assert_eq!(faster, Config { capacity: 500, ..config.clone() });
    ///
    /// let error = config.patched(br#"{ "capacity": -1 }"#).unwrap_err();
    /// assert_eq!(error.parameter, "capacity");
    /// # Ok::<(), tollgate_server::ConfigError>(())
    /// ```
    pub fn patched(&self, json: &[u8]) -> Result<Self, ConfigError> {
        let fields: Map<String, Value> = serde_json::from_slice(json).map_err(|error| {
            let allowed = format!("{BODY} ({error})");
            ConfigError::new("body", String::from_utf8_lossy(json), allowed)
        })?;
        let mut config = self.clone();
        // Field by field rather than by one derived patch type: only so can the error say which
        // field it was and what would have been allowed.
        for (name, value) in fields {
            match name.as_str() {
                "algorithm" => config.algorithm = parse(&name, value, ALGORITHM)?,
                "capacity" => config.capacity = parse(&name, value, CAPACITY)?,
                "period_ms" => config.period_ms = parse(&name, value, PERIOD)?,
                "concurrency" => config.concurrency = parse(&name, value, CONCURRENCY)?,
                "before_ms" => config.before_ms = parse(&name, value, DELAY)?,
                "after_ms" => config.after_ms = parse(&name, value, DELAY)?,
                "seed" => config.seed = parse(&name, value, SEED)?,
                _ => return Err(ConfigError::new(name, value, FIELDS)),
            }
        }
        config.validate()?;
        Ok(config)
    }

    /// Whether the other counts requests alike, so that the limiter's account can go on.
    pub(crate) fn same_rate(&self, other: &Self) -> bool {
        let rate = |config: &Self| (config.algorithm, config.capacity, config.period_ms);
        rate(self) == rate(other)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::Sliding,
            capacity: 100,
            period_ms: 1000,
            concurrency: 0,
            before_ms: DelayRange::default(),
            after_ms: DelayRange::default(),
            seed: 0,
        }
    }
}

impl From<[u64; 2]> for DelayRange {
    fn from([min, max]: [u64; 2]) -> Self {
        Self { min, max }
    }
}

impl From<DelayRange> for [u64; 2] {
    fn from(delay: DelayRange) -> Self {
        [delay.min, delay.max]
    }
}

// What is allowed, as the errors say it.
const BODY: &str = "a JSON object of limits such as {\"capacity\": 10}";
const FIELDS: &str = "one of the parameters algorithm, capacity, period_ms, concurrency, \
                      before_ms, after_ms, seed";
const ALGORITHM: &str = "one of \"fixed\", \"sliding\", \"bucket\", \"spacing\", \"none\"";
const CAPACITY: &str = "a whole number from 1 to 4294967295";
const CONCURRENCY: &str = "a whole number from 0 (without limit) to 4294967295";
const PERIOD: &str = "a whole number of milliseconds from 1 to 31536000000 (365 days)";
const PERIOD_RANGE: RangeInclusive<u64> = 1..=Config::MAX_PERIOD_MS;
const DELAY: &str = "two whole numbers of milliseconds [min, max], min <= max <= 3600000 (1 hour)";
const SEED: &str = "a whole number from 0 to 18446744073709551615";

fn parse<T: DeserializeOwned>(name: &str, value: Value, allowed: &str) -> Result<T, ConfigError> {
    T::deserialize(&value).map_err(|_| ConfigError::new(name, value, allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_there_and_back() {
        let json = r#"{"algorithm":"bucket","capacity":7,"period_ms":250,"concurrency":3,"before_ms":[1,2],"after_ms":[0,30],"seed":9}"#;
        let config = Config::default().patched(json.as_bytes()).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), json);
        assert_eq!(serde_json::from_str::<Config>(json).unwrap(), config);
    }

    #[test]
    fn what_is_absent_stays() {
        let config = Config { capacity: 7, seed: 3, ..Config::default() };
        let patched = config.patched(br#"{"algorithm":"none"}"#).unwrap();
        assert_eq!(patched.algorithm, Algorithm::None);
        assert_eq!((patched.capacity, patched.seed), (7, 3));
        assert_eq!(config.patched(b"{}").unwrap(), config);
    }

    #[test]
    fn errors_name_the_parameter_the_value_and_what_is_allowed() {
        let cases = [
            (r#"{"capacity":0}"#, "capacity", CAPACITY),
            (r#"{"capacity":1.5}"#, "capacity", CAPACITY),
            (r#"{"capacity":null}"#, "capacity", CAPACITY),
            (r#"{"period_ms":0}"#, "period_ms", PERIOD),
            (r#"{"period_ms":31536000001}"#, "period_ms", PERIOD),
            (r#"{"concurrency":-1}"#, "concurrency", CONCURRENCY),
            (r#"{"algorithm":"leaky"}"#, "algorithm", ALGORITHM),
            (r#"{"before_ms":[2,1]}"#, "before_ms", DELAY),
            (r#"{"after_ms":5}"#, "after_ms", DELAY),
            (r#"{"after_ms":[0,3600001]}"#, "after_ms", DELAY),
            (r#"{"seed":"x"}"#, "seed", SEED),
            (r#"{"limit":5}"#, "limit", FIELDS),
        ];
        for (json, parameter, allowed) in cases {
            let error = Config::default().patched(json.as_bytes()).unwrap_err();
            assert_eq!(error.parameter, parameter);
            assert_eq!(error.allowed, allowed);
            let given: Value = serde_json::from_str(json).unwrap();
            assert_eq!(error.value, given[parameter]);
        }
        let error = Config::default().patched(b"[1]").unwrap_err();
        assert_eq!(error.parameter, "body");
        assert!(error.to_string().contains(BODY), "{error}");
    }
}
