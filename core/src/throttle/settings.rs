//! What a throttle is set to.

use std::time::Duration;

use crate::config::{ConfigError, Value};
use crate::limits::Limits;
use crate::rate::Rate;
use crate::time::{Tick, nanos};

/// Rates, concurrency, cooldown and queue bound of a [`Throttle`](crate::Throttle).
///
/// To build one there is [`Throttle::builder`](crate::Throttle::builder); on its own, this is for
/// changing a throttle that is at work: [`Throttle::update`](crate::Throttle::update).
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::{Rate, Settings};
///
/// let settings = Settings::new().rate(Rate::per_second(10.0)).concurrency(3);
/// assert_eq!(settings.rates().len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Settings {
    rates: Vec<Rate>,
    concurrency: usize,
    cooldown: Duration,
    max_waiting: Option<usize>,
}

impl Settings {
    /// No limits at all.
    #[must_use]
    pub const fn new() -> Self {
        Self { rates: Vec::new(), concurrency: 0, cooldown: Duration::ZERO, max_waiting: None }
    }

    /// Adds a rate. With several, a call must be allowed by each, and a refusal by one spends nothing
    /// in the others.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rates.push(rate);
        self
    }

    /// Replaces all rates.
    #[must_use]
    pub fn set_rates(mut self, rates: impl IntoIterator<Item = Rate>) -> Self {
        self.rates = rates.into_iter().collect();
        self
    }

    /// How many calls may be inside at once; 0, the default, for any number.
    #[must_use]
    pub const fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// How long after its permit a slot comes back; zero by default. Only with a concurrency.
    #[must_use]
    pub const fn cooldown(mut self, cooldown: Duration) -> Self {
        self.cooldown = cooldown;
        self
    }

    /// How many callers may wait; any number by default. One more is refused with an error.
    #[must_use]
    pub const fn max_waiting(mut self, max_waiting: usize) -> Self {
        self.max_waiting = Some(max_waiting);
        self
    }

    /// The rates.
    #[must_use]
    pub fn rates(&self) -> &[Rate] {
        &self.rates
    }

    pub(crate) fn of(limits: &Limits, max_waiting: usize) -> Self {
        Self {
            rates: limits.rates(),
            concurrency: limits.slots().limit(),
            cooldown: Duration::from_nanos(limits.slots().cooldown()),
            max_waiting: (max_waiting != usize::MAX).then_some(max_waiting),
        }
    }

    /// For settings of a single key: only all keys together have a bound on those who wait.
    pub(crate) fn without_max_waiting(&self) -> Result<(), ConfigError> {
        match self.max_waiting {
            None => Ok(()),
            Some(count) => {
                let allowed = "set for all keys together, by the builder";
                Err(ConfigError::new("max_waiting of a key", Value::Count(count), allowed))
            }
        }
    }

    pub(crate) fn most_waiting(&self) -> usize {
        self.max_waiting.unwrap_or(usize::MAX)
    }

    /// New limits as set here.
    pub(crate) fn limits(&self, now: Tick) -> Result<Limits, ConfigError> {
        Limits::new(&self.rates, self.concurrency, self.checked_cooldown()?, now)
    }

    /// Existing limits changed to what is set here; unchanged on an error.
    pub(crate) fn apply(&self, limits: &mut Limits, now: Tick) -> Result<(), ConfigError> {
        limits.update(&self.rates, self.concurrency, self.checked_cooldown()?, now)
    }

    fn checked_cooldown(&self) -> Result<u64, ConfigError> {
        match nanos(self.cooldown) {
            u64::MAX => Err(ConfigError::new("cooldown", Value::Time(self.cooldown), "less than 584 years")),
            1.. if self.concurrency == 0 => {
                let allowed = "zero while concurrency is unlimited, as there are no slots to rest";
                Err(ConfigError::new("cooldown", Value::Time(self.cooldown), allowed))
            }
            nanos => Ok(nanos),
        }
    }
}
