//! The limited resource as the handlers share it: the gate with a clock, a lock and delays.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

use crate::arrival::Arrival;
use crate::config::{Config, DelayRange};
use crate::error::ConfigError;
use crate::gate::{Gate, Verdict};
use crate::stats::Stats;

/// The state of one limited API, to be served by [`router`](crate::router). Clones share it.
#[derive(Clone, Debug)]
pub struct Api {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    gate: Gate,
    start: Instant,
    delays: Xoshiro256PlusPlus,
}

/// A request that has been decided on and takes up its place until this is dropped: when the
/// response is handed over to be sent, or when the client disconnects before.
#[derive(Debug)]
pub(crate) struct Visit {
    api: Api,
    pub(crate) verdict: Verdict,
}

impl Api {
    /// An API with these limits, to which nothing has arrived yet. Its time starts now.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.validate()?;
        let inner = Inner { delays: delays(&config), gate: Gate::new(config), start: Instant::now() };
        Ok(Self { inner: Arc::new(Mutex::new(inner)) })
    }

    /// The limits in force.
    pub fn config(&self) -> Config {
        self.lock().gate.config().clone()
    }

    /// Puts other limits in force at once.
    ///
    /// What was accepted before still counts: a changed rate limit decides as if it had been in
    /// force from the start (as far back as the [log](crate::LOG_LIMIT) goes). Requests inside
    /// stay inside, even above a lowered cap. On an error nothing is changed.
    pub fn set_config(&self, config: Config) -> Result<(), ConfigError> {
        config.validate()?;
        self.lock().configure(config);
        Ok(())
    }

    /// Puts in force what a JSON object says, leaves what it does not mention, and returns the
    /// limits now in force. On an error nothing is changed.
    pub fn patch_config(&self, json: &[u8]) -> Result<Config, ConfigError> {
        // Under one lock, so that two partial updates at once cannot undo each other.
        let mut inner = self.lock();
        let config = inner.gate.config().patched(json)?;
        inner.configure(config.clone());
        Ok(config)
    }

    /// Refuses everything with 429 for so long, whatever the limits, and says in `Retry-After` for how long.
    ///
    /// What a real API does when it has had enough of a client.
    pub fn refuse_for(&self, duration: Duration) {
        self.refuse(duration, false);
    }

    /// The same, said as a date: rounded up to whole seconds, and to be taken against the response's own `Date`.
    pub fn refuse_by_date(&self, duration: Duration) {
        self.refuse(duration, true);
    }

    fn refuse(&self, duration: Duration, by_date: bool) {
        let mut inner = self.lock();
        let until = inner.start.elapsed().saturating_add(duration);
        inner.gate.refuse_until(until, by_date);
    }

    /// What has happened so far.
    pub fn stats(&self) -> Stats {
        self.lock().gate.stats()
    }

    /// The arrivals so far in order, of the last [`LOG_LIMIT`](crate::LOG_LIMIT) those with a
    /// number above `since`; 0 gives all of them.
    pub fn log(&self, since: u64) -> Vec<Arrival> {
        self.lock().gate.log(since)
    }

    /// Clears the statistics, the log and the limiter, and starts time and delays anew.
    ///
    /// The limits stay, and requests that are inside stay inside.
    pub fn reset(&self) {
        let mut inner = self.lock();
        inner.gate.reset();
        inner.start = Instant::now();
        inner.delays = delays(inner.gate.config());
    }

    /// Draws the delays before and after the decision for one request.
    pub(crate) fn draw_delays(&self) -> (Duration, Duration) {
        let mut inner = self.lock();
        let (before, after) = {
            let config = inner.gate.config();
            (config.before_ms, config.after_ms)
        };
        (inner.draw(before), inner.draw(after))
    }

    /// Decides on a request now.
    pub(crate) fn arrive(&self, path: &str) -> Visit {
        let mut inner = self.lock();
        // The clock is read under the lock, so that times are in the order of the decisions.
        let now = inner.start.elapsed();
        let verdict = inner.gate.arrive(now, path);
        drop(inner);
        Visit { api: self.clone(), verdict }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half way through a change, so a poisoned lock is still sound.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn configure(&mut self, config: Config) {
        let drawn_from = |config: &Config| (config.seed, config.before_ms, config.after_ms);
        if drawn_from(&config) != drawn_from(self.gate.config()) {
            self.delays = delays(&config);
        }
        self.gate.configure(config);
    }

    fn draw(&mut self, range: DelayRange) -> Duration {
        let nanos = |ms| Duration::from_millis(ms).as_nanos() as u64;
        let drawn = self.delays.random_range(nanos(range.min)..=nanos(range.max));
        Duration::from_nanos(drawn)
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.api.lock().gate.leave(self.verdict.status == 200);
    }
}

/// A named generator rather than `StdRng`, so that a seed means the same delays in every version.
fn delays(config: &Config) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(config.seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(seed: u64) -> Api {
        let delay = |min, max| DelayRange { min, max };
        Api::new(Config { before_ms: delay(10, 20), after_ms: delay(5, 5), seed, ..Config::default() })
            .unwrap()
    }

    #[test]
    fn delays_are_within_bounds_and_the_same_for_the_same_seed() {
        let draw = |api: &Api| -> Vec<_> { (0..100).map(|_| api.draw_delays()).collect() };
        let one = api(1);
        let drawn = draw(&one);
        let (low, high) = (Duration::from_millis(10), Duration::from_millis(20));
        assert!(drawn.iter().all(|(before, _)| (low..=high).contains(before)));
        assert!(drawn.iter().all(|(_, after)| *after == Duration::from_millis(5)));
        assert_eq!(draw(&api(1)), drawn);
        assert_ne!(draw(&api(2)), drawn);
        one.reset();
        assert_eq!(draw(&one), drawn);
    }

    #[test]
    fn a_bad_config_changes_nothing() {
        let api = api(0);
        let before = api.config();
        let bad = Config { capacity: 0, seed: 8, ..before.clone() };
        assert_eq!(api.set_config(bad.clone()).unwrap_err().parameter, "capacity");
        assert!(api.patch_config(br#"{"seed":8,"period_ms":0}"#).is_err());
        assert_eq!(api.config(), before);
        assert!(Api::new(bad).is_err());
    }

    #[test]
    fn a_dropped_visit_leaves() {
        let api = api(0);
        let visit = api.arrive("/api");
        assert_eq!(api.stats().in_flight, 1);
        drop(visit);
        assert_eq!(api.stats().in_flight, 0);
    }
}
