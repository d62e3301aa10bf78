//! The whole decision on a request, still on a time that is handed in.

use std::collections::VecDeque;
use std::time::Duration;

use crate::arrival::Arrival;
use crate::config::Config;
use crate::limiter::{Limiter, Quota};
use crate::stats::{Stats, Tally};

/// How many arrivals the log keeps: the last 1,000,000. Older ones are dropped from it, and only
/// from it; the [`Stats`] go on counting them.
pub const LOG_LIMIT: usize = 1_000_000;

/// What a client is told to wait when there is no room. The server cannot know when a request
/// will leave, so it is the shortest time that `Retry-After` can express.
const NO_ROOM_WAIT: Duration = Duration::from_secs(1);

/// The limits and all that has come up against them.
///
/// The concurrency cap is asked first, so a request without room costs no quota, and one over
/// the rate limit takes no room.
#[derive(Debug)]
pub(crate) struct Gate {
    config: Config,
    limiter: Limiter,
    tally: Tally,
    log: VecDeque<Arrival>,
    arrivals: u64,
    accepted: Gauge,
    offered: Gauge,
    /// Until then, everything is refused.
    refusing_until: Duration,
    /// Whether that is told as a date.
    by_date: bool,
}

/// The answer to one arrival.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The number of the arrival.
    pub(crate) number: u64,
    /// 200, 429 or 503.
    pub(crate) status: u16,
    /// What is left; `None` if there is no rate limit.
    pub(crate) quota: Option<Quota>,
    /// How long the client should wait, if it was refused.
    pub(crate) retry_after: Option<Duration>,
    /// Whether that is told as a date, not in seconds.
    pub(crate) by_date: bool,
    /// The capacity and period that were in force.
    pub(crate) policy: (u32, Duration),
}

/// How many there are now, and the most there have been.
#[derive(Debug, Default)]
struct Gauge {
    now: u64,
    peak: u64,
}

impl Gate {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            limiter: limiter(&config),
            tally: Tally::new(config.period()),
            config,
            log: VecDeque::new(),
            arrivals: 0,
            accepted: Gauge::default(),
            offered: Gauge::default(),
            refusing_until: Duration::ZERO,
            by_date: false,
        }
    }

    /// Refuses everything from now until then, which is told in seconds or as a date.
    pub(crate) fn refuse_until(&mut self, until: Duration, by_date: bool) {
        (self.refusing_until, self.by_date) = (until, by_date);
    }

    /// Decides on a request. Each must [`leave`](Gate::leave) once, whatever the verdict.
    pub(crate) fn arrive(&mut self, now: Duration, path: &str) -> Verdict {
        let cap = u64::from(self.config.concurrency);
        let is_refusing = now < self.refusing_until;
        let (status, quota, retry_after) = if is_refusing {
            (429, self.limiter.quota(now), Some(self.refusing_until - now))
        } else if cap > 0 && self.accepted.now >= cap {
            (503, self.limiter.quota(now), Some(NO_ROOM_WAIT))
        } else {
            let decision = self.limiter.decide(now);
            match decision.quota {
                Some(quota) if !decision.accepted => (429, Some(quota), Some(quota.reset)),
                quota => (200, quota, None),
            }
        };

        self.arrivals += 1;
        self.offered.enter();
        if status == 200 {
            self.accepted.enter();
        }
        self.tally.record(now, status);
        if self.log.len() == LOG_LIMIT {
            self.log.pop_front();
        }
        self.log.push_back(Arrival {
            number: self.arrivals,
            at: now,
            status,
            path: path.to_owned(),
            in_flight: self.accepted.now,
        });
        Verdict {
            number: self.arrivals,
            status,
            quota,
            retry_after,
            by_date: is_refusing && self.by_date,
            policy: (self.config.capacity, self.config.period()),
        }
    }

    /// A request has been answered, or its client is gone.
    pub(crate) fn leave(&mut self, accepted: bool) {
        self.offered.leave();
        if accepted {
            self.accepted.leave();
        }
    }

    /// Puts other limits in force, which count what was accepted before.
    ///
    /// A changed rate decides as if it had been in force from the start, so that changing the
    /// limits does not hand out a fresh quota.
    pub(crate) fn configure(&mut self, config: Config) {
        if !config.same_rate(&self.config) {
            self.limiter = limiter(&config);
            let accepted = self.log.iter().filter(|arrival| arrival.accepted());
            accepted.for_each(|arrival| self.limiter.admit(arrival.at));
        }
        if config.period_ms != self.config.period_ms {
            let arrivals = self.log.iter().map(|one| (one.at, one.accepted()));
            self.tally.remeasure(config.period(), arrivals);
        }
        self.config = config;
    }

    /// Forgets everything but the limits and the requests that are still inside.
    pub(crate) fn reset(&mut self) {
        let (accepted, offered) = (self.accepted.now, self.offered.now);
        *self = Self::new(self.config.clone());
        self.accepted = Gauge::starting_at(accepted);
        self.offered = Gauge::starting_at(offered);
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            in_flight: self.accepted.now,
            peak_concurrency: self.accepted.peak,
            peak_offered: self.offered.peak,
            ..self.tally.stats(&self.config)
        }
    }

    /// The arrivals with a number above `since`.
    pub(crate) fn log(&self, since: u64) -> Vec<Arrival> {
        let start = self.log.partition_point(|arrival| arrival.number <= since);
        self.log.range(start..).cloned().collect()
    }
}

fn limiter(config: &Config) -> Limiter {
    Limiter::new(config.algorithm, config.capacity, config.period())
}

impl Gauge {
    fn starting_at(now: u64) -> Self {
        Self { now, peak: now }
    }

    fn enter(&mut self) {
        self.now += 1;
        self.peak = self.peak.max(self.now);
    }

    fn leave(&mut self) {
        self.now -= 1;
    }
}

#[cfg(test)]
mod tests;
