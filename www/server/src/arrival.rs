//! The record of one request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One request at the moment the limiter decided on it; an element of `GET /log`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// The number of the arrival, in the order of the decisions, from 1.
    pub number: u64,
    /// When the limiter decided, since the server's start or last reset; in JSON `at_ms`, a
    /// float of milliseconds that keeps the nanoseconds.
    #[serde(rename = "at_ms", with = "millis")]
    pub at: Duration,
    /// The HTTP status it was answered with: 200, 429 or 503.
    pub status: u16,
    /// The path that was asked for, without the query.
    pub path: String,
    /// How many accepted requests were inside right after the decision, this one included if it
    /// was accepted.
    pub in_flight: u64,
}

impl Arrival {
    /// Whether the request got in.
    pub fn accepted(&self) -> bool {
        self.status == 200
    }
}

/// A [`Duration`] as a float of milliseconds, exact to the nanosecond for about 50 days.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de};

    const NANOS: f64 = 1e6;

    pub(super) fn serialize<S: Serializer>(at: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(at.as_nanos() as f64 / NANOS)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(from)?;
        if !(ms.is_finite() && ms >= 0.0) {
            return Err(de::Error::custom("a time must not be negative"));
        }
        Ok(Duration::from_nanos((ms * NANOS).round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_survive_json() {
        for nanos in [0, 1, 123_456_789, 40 * 86_400_000_000_001] {
            let arrival = Arrival {
                number: 1,
                at: Duration::from_nanos(nanos),
                status: 200,
                path: "/api".into(),
                in_flight: 1,
            };
            let json = serde_json::to_string(&arrival).unwrap();
            assert_eq!(serde_json::from_str::<Arrival>(&json).unwrap(), arrival);
        }
    }
}
