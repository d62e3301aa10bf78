//! Building keyed limits.

use std::fmt;
use std::marker::PhantomData;

use super::book::Hosts;
use super::{Key, Keyed};
use crate::config::ConfigError;
use crate::engine::Engine;
use crate::events::Voice;
use crate::throttle::Settings;
use crate::time::{Tick, Timer};

/// Builds a [`Keyed`]: [`Keyed::builder`], [`Keyed::builder_on`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder<K, T> {
    timer: T,
    total: Settings,
    per_key: Settings,
    special: Vec<(K, Settings)>,
    max_waiting: Option<usize>,
    key: PhantomData<fn() -> K>,
}

impl<K: Key, T: Timer> Builder<K, T> {
    pub(crate) fn new(timer: T) -> Self {
        let (total, per_key) = (Settings::new(), Settings::new());
        Self { timer, total, per_key, special: Vec::new(), max_waiting: None, key: PhantomData }
    }

    /// The limits over all keys together; none by default.
    pub fn total(mut self, settings: Settings) -> Self {
        self.total = settings;
        self
    }

    /// The limits of each key; none by default.
    pub fn per_key(mut self, settings: Settings) -> Self {
        self.per_key = settings;
        self
    }

    /// Limits of one key that differ from [`per_key`](Self::per_key).
    ///
    /// ```
    /// use tollgate_core::{Keyed, Settings, time::ManualTimer};
    ///
    /// let hosts = Keyed::builder_on(ManualTimer::new())
    ///     .per_key(Settings::new().concurrency(10))
    ///     .key("slow.example", Settings::new().concurrency(1))
    ///     .build()?;
    /// let _inside = hosts.try_acquire("slow.example")?;
    /// assert!(hosts.try_acquire("slow.example").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key(mut self, key: K, settings: Settings) -> Self {
        self.special.push((key, settings));
        self
    }

    /// How many callers may wait, over all keys; any number by default.
    pub fn max_waiting(mut self, max_waiting: usize) -> Self {
        self.max_waiting = Some(max_waiting);
        self
    }

    /// Checks all settings and makes the instance. Its clock and its rates start now.
    ///
    /// # Errors
    /// If a parameter makes no sense; the error names it, its value, and what is allowed.
    pub fn build(self) -> Result<Keyed<K, T>, ConfigError> {
        let total = self.total.limits(Tick::ZERO)?;
        for settings in self.special.iter().map(|(_, settings)| settings).chain([&self.per_key]) {
            settings.without_max_waiting()?;
            settings.limits(Tick::ZERO)?;
        }
        let book = Hosts::new(total, self.per_key, self.special.into_iter().collect());
        let max_waiting = self.max_waiting.unwrap_or_else(|| self.total.most_waiting());
        Ok(Keyed { engine: Engine::new(self.timer, book, max_waiting, Voice::new()) })
    }
}

impl<K, T: fmt::Debug> fmt::Debug for Builder<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("timer", &self.timer)
            .field("total", &self.total)
            .field("per_key", &self.per_key)
            .finish_non_exhaustive()
    }
}
