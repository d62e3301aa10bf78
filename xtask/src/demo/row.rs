//! One row of the demo: what a contestant got, and what the server saw.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tollgate_server::{Arrival, Config, Server, Stats};

use super::contestants::Contestant;
use super::load::{Answers, Job};
use super::plot::Lane;
use super::progress::Progress;

#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) contestant: &'static Contestant,
    pub(crate) requests: usize,
    pub(crate) answers: Answers,
    /// From the first request to the last answer, for the client.
    pub(crate) took: Duration,
    pub(crate) seen: Stats,
    pub(crate) arrivals: Vec<Arrival>,
}

impl Row {
    /// Has the contestant send its requests to the server, which forgets all others first.
    pub(crate) async fn measure(
        contestant: &'static Contestant,
        server: &Server,
        requests: usize,
    ) -> Result<Self> {
        let progress = Progress::start(contestant.name, requests);
        let url = format!("{}/api", server.url());
        let job = Job { url, requests, api: server.api().clone(), progress: progress.clone() };
        server.reset();
        let start = Instant::now();
        let answers = (contestant.run)(job).await.with_context(|| format!("{:?}", contestant.name))?;
        let took = start.elapsed();
        progress.finish(took);
        Ok(Self { contestant, requests, answers, took, seen: server.stats(), arrivals: server.log() })
    }

    pub(crate) fn lane(&self) -> Lane<'_> {
        let arrivals = self.arrivals.iter().map(|one| (one.at, one.accepted())).collect();
        Lane { name: self.contestant.name, arrivals }
    }

    /// The share of the quota that was used while requests waited for it.
    ///
    /// That is, until the last whole quota was used up and the next request got in. How long the rest then takes is
    /// up to slots and machine. `None` if no request had to wait for another quota.
    pub(crate) fn quota_used(&self, limits: &Config) -> Option<f64> {
        let accepted: Vec<_> = self.arrivals.iter().filter(|one| one.accepted()).map(|one| one.at).collect();
        let quotas = accepted.len().saturating_sub(1) / limits.capacity as usize;
        let last = accepted.get(quotas * limits.capacity as usize)?;
        let least = limits.period() * u32::try_from(quotas).ok()?;
        (quotas > 0).then(|| least.div_duration_f64(*last - accepted[0]))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::demo::contestants::CONTESTANTS;

    /// A row of the throttle that counts until answered, in which one request arrived at each of these milliseconds.
    pub(crate) fn row(arrivals: &[(u64, u16)]) -> Row {
        let arrival = |(&(at, status), number): (&(u64, u16), u64)| Arrival {
            number,
            at: Duration::from_millis(at),
            status,
            path: "/api".into(),
            in_flight: 1,
        };
        let mut answers = Answers::default();
        arrivals.iter().for_each(|(_, status)| *answers.statuses.entry(*status).or_default() += 1);
        Row {
            contestant: &CONTESTANTS[3],
            requests: arrivals.len(),
            answers,
            took: Duration::from_millis(4061),
            seen: Stats::default(),
            arrivals: arrivals.iter().zip(1..).map(arrival).collect(),
        }
    }

    fn used(arrivals: &[(u64, u16)]) -> Option<f64> {
        row(arrivals).quota_used(&Config { capacity: 2, ..Config::default() })
    }

    #[test]
    fn the_quota_used_is_that_while_requests_waited() {
        // The second quota came 250 ms late; how long its last request took does not matter.
        assert_eq!(used(&[(10, 200), (20, 200), (1260, 200), (9999, 200)]), Some(0.8));
        assert_eq!(used(&[(0, 200), (0, 200), (1000, 200), (1000, 200), (2500, 200)]), Some(0.8));
        // Refused ones use nothing.
        assert_eq!(used(&[(0, 200), (0, 200), (500, 429), (1000, 200)]), Some(1.0));
    }

    #[test]
    fn one_quota_tells_nothing() {
        assert_eq!(used(&[(0, 200), (900, 200), (900, 429)]), None);
        assert_eq!(used(&[(0, 429)]), None);
        assert_eq!(used(&[]), None);
    }
}
