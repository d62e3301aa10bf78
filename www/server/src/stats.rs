//! What has happened so far, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Algorithm, Config};
use crate::trailing::WorstWindow;

/// What has happened since the start or the last reset; as JSON the body of `GET /stats`.
///
/// All of it is as decided by the limiter: a client that disconnects before its response still
/// counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// How many responses there were of each HTTP status: 200, 429, 503.
    pub statuses: BTreeMap<u16, u64>,
    /// How many requests the limiter has decided on.
    pub arrivals: u64,
    /// How many of them were accepted, with status 200.
    pub accepted: u64,
    /// The most arrivals, accepted or not, in any half-open window of one period.
    ///
    /// The period is the one in force now. When it is changed, this and
    /// `worst_window_accepted` are computed anew from the [log](crate::LOG_LIMIT).
    pub worst_window: u64,
    /// The most accepted requests in any half-open window of one period.
    pub worst_window_accepted: u64,
    /// How many accepted requests are inside now: decided on, response not yet sent.
    pub in_flight: u64,
    /// The most accepted requests that were inside at once.
    pub peak_concurrency: u64,
    /// The most requests, accepted or not, that were inside at once.
    ///
    /// A refused one is inside as long as the artificial delay `after` lasts.
    pub peak_offered: u64,
    /// The time from the first accepted request to the last in milliseconds, 0 with fewer than
    /// two.
    pub elapsed_ms: f64,
    /// The share of the quota that was used, 0 to 1:
    /// `accepted / (capacity * (elapsed + period) / period)`, with the limits in force now.
    ///
    /// `None` if there is no rate limit or nothing was accepted. Above 1 it gets only with
    /// fixed windows, whose edges let more in, or after the limits were lowered.
    pub quota_used: Option<f64>,
}

/// What the [`Stats`] are counted from.
#[derive(Debug)]
pub(crate) struct Tally {
    statuses: BTreeMap<u16, u64>,
    arrived: WorstWindow,
    accepted: WorstWindow,
    first_accepted: Option<Duration>,
    last_accepted: Option<Duration>,
}

impl Tally {
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            statuses: BTreeMap::new(),
            arrived: WorstWindow::new(period),
            accepted: WorstWindow::new(period),
            first_accepted: None,
            last_accepted: None,
        }
    }

    /// Counts one arrival.
    pub(crate) fn record(&mut self, now: Duration, status: u16) {
        *self.statuses.entry(status).or_default() += 1;
        self.measure(now, status == 200);
        if status == 200 {
            self.first_accepted.get_or_insert(now);
            self.last_accepted = Some(now);
        }
    }

    /// Measures the windows anew with another period, from the arrivals that are known.
    pub(crate) fn remeasure(&mut self, period: Duration, arrivals: impl Iterator<Item = (Duration, bool)>) {
        self.arrived = WorstWindow::new(period);
        self.accepted = WorstWindow::new(period);
        arrivals.for_each(|(at, accepted)| self.measure(at, accepted));
    }

    fn measure(&mut self, at: Duration, accepted: bool) {
        self.arrived.record(at);
        if accepted {
            self.accepted.record(at);
        }
    }

    /// The statistics, but for what concerns concurrency, which is not counted here.
    pub(crate) fn stats(&self, config: &Config) -> Stats {
        let accepted = self.statuses.get(&200).copied().unwrap_or(0);
        let elapsed = match (self.first_accepted, self.last_accepted) {
            (Some(first), Some(last)) => last - first,
            _ => Duration::ZERO,
        };
        let limited = config.algorithm != Algorithm::None;
        Stats {
            arrivals: self.statuses.values().sum(),
            accepted,
            worst_window: self.arrived.worst() as u64,
            worst_window_accepted: self.accepted.worst() as u64,
            elapsed_ms: elapsed.as_nanos() as f64 / 1e6,
            quota_used: (limited && accepted > 0).then(|| {
                let periods = (elapsed + config.period()).div_duration_f64(config.period());
                accepted as f64 / (f64::from(config.capacity) * periods)
            }),
            statuses: self.statuses.clone(),
            ..Stats::default()
        }
    }
}
