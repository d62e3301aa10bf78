//! Building a throttle.

use std::time::Duration;

use super::{Settings, Throttle};
use crate::config::ConfigError;
use crate::rate::Rate;
use crate::time::Timer;

/// Builds a [`Throttle`]: [`Throttle::builder`], [`Throttle::builder_on`].
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::{Rate, Throttle, time::ManualTimer};
///
/// let throttle = Throttle::builder_on(ManualTimer::new())
///     .rate(Rate::per_second(10.0))
///     .rate(Rate::per_minute(500.0).smooth())
///     .concurrency(3)
///     .build()?;
/// # Ok::<(), tollgate_core::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder<T> {
    timer: T,
    settings: Settings,
}

impl<T: Timer> Builder<T> {
    pub(crate) fn new(timer: T) -> Self {
        Self { timer, settings: Settings::new() }
    }

    /// Adds a rate: [`Settings::rate`].
    pub fn rate(mut self, rate: Rate) -> Self {
        self.settings = self.settings.rate(rate);
        self
    }

    /// How many calls may be inside at once; 0, the default, for any number: [`Settings::concurrency`].
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.settings = self.settings.concurrency(concurrency);
        self
    }

    /// How long after its permit a slot comes back: [`Settings::cooldown`].
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.settings = self.settings.cooldown(cooldown);
        self
    }

    /// How many callers may wait: [`Settings::max_waiting`].
    pub fn max_waiting(mut self, max_waiting: usize) -> Self {
        self.settings = self.settings.max_waiting(max_waiting);
        self
    }

    /// Takes all settings at once.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Checks the settings and makes the throttle. Its clock and its rates start now.
    ///
    /// # Errors
    /// If a parameter makes no sense; the error names it, its value, and what is allowed.
    pub fn build(self) -> Result<Throttle<T>, ConfigError> {
        Throttle::new_on(self.timer, self.settings)
    }
}
