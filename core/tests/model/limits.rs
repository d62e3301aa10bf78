//! The settings of a throttle in whole numbers.

use std::fmt;
use std::time::Duration;

use tollgate_core::{Pacing, Rate, Settings};

use crate::bytes::Bytes;

/// Millionths in one unit.
pub(crate) const UNIT: u64 = 1_000_000;
/// The most that a call can cost where there is no rate.
pub(crate) const ANY: u64 = 1_000_000_000_000 * UNIT;

/// The settings of a throttle in whole numbers: millionths of units, and nanoseconds.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Limits {
    pub(crate) rates: Vec<Spec>,
    pub(crate) concurrency: usize,
    pub(crate) cooldown: u64,
    pub(crate) max_waiting: Option<usize>,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Spec {
    pub(crate) capacity: u64,
    pub(crate) period: u64,
    pub(crate) pace: Pace,
    pub(crate) until_answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    Window,
    Smooth,
    Bucket { burst: u64 },
    Stepped { burst: u64, interval: u64 },
}

impl Spec {
    /// From two bytes.
    pub(crate) fn decode(bytes: &mut Bytes<'_>) -> Self {
        let byte = bytes.byte();
        let capacity = [10, 20, 30, 35, 50, 100, 5, 3][usize::from(byte % 8)] * UNIT / 10;
        let period = [1_000_000_000, 500_000_000, 100_000_000, 333_333_333][usize::from(byte / 8 % 4)];
        let until_answered = byte / 32 % 2 == 1;
        let byte = bytes.byte();
        let burst = [10, 20, 30, 25, 100, 5][usize::from(byte / 8 % 6)] * UNIT / 10;
        let pace = match byte % 8 {
            0 | 1 => Pace::Window,
            2 | 3 => Pace::Smooth,
            4 | 5 => Pace::Bucket { burst },
            6 => Pace::Stepped { burst, interval: period },
            _ => Pace::Stepped { burst, interval: period / 4 + 1 },
        };
        Self { capacity, period, pace, until_answered }
    }

    pub(crate) fn rate(&self) -> Rate {
        let rate = Rate::new(units(self.capacity), Duration::from_nanos(self.period));
        let rate = rate.pacing(match self.pace {
            Pace::Window => Pacing::Window,
            Pace::Smooth => Pacing::Smooth,
            Pace::Bucket { burst } => Pacing::Bucket { burst: units(burst) },
            Pace::Stepped { burst, interval } => {
                Pacing::Stepped { burst: units(burst), interval: Some(Duration::from_nanos(interval)) }
            }
        });
        if self.until_answered { rate.until_answered() } else { rate }
    }

    /// The most that a single call can cost: at least one unit, unless a bucket is smaller.
    pub(crate) fn most(&self) -> u64 {
        match self.pace {
            Pace::Window | Pace::Smooth => self.capacity.max(UNIT),
            Pace::Bucket { burst } | Pace::Stepped { burst, .. } => burst,
        }
    }
}

impl Limits {
    pub(crate) fn settings(&self) -> Settings {
        let settings = Settings::new()
            .set_rates(self.rates.iter().map(Spec::rate))
            .concurrency(self.concurrency)
            .cooldown(Duration::from_nanos(self.cooldown));
        match self.max_waiting {
            Some(count) => settings.max_waiting(count),
            None => settings,
        }
    }

    /// The most that a single call can cost.
    pub(crate) fn most(&self) -> u64 {
        self.rates.iter().map(Spec::most).min().unwrap_or(ANY)
    }

    pub(crate) fn has_stepped(&self) -> bool {
        self.rates.iter().any(|spec| matches!(spec.pace, Pace::Stepped { .. }))
    }
}

/// Millionths as the number of units that core takes and gives.
pub(crate) fn units(micros: u64) -> f64 {
    micros as f64 / UNIT as f64
}

impl fmt::Debug for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (capacity, period) = (units(self.capacity), Duration::from_nanos(self.period));
        let counting = if self.until_answered { ", until answered" } else { "" };
        write!(f, "<{capacity} per {period:?}, {:?}{counting}>", self.pace)
    }
}
