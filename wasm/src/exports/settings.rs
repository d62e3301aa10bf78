//! Settings, from the numbers that they are in JavaScript.

use std::time::Duration;

use tollgate_core::{Pacing, Rate, Settings};

const NANOS_PER_MILLI: f64 = 1e6;

/// Milliseconds, to the nearest nanosecond; the longest time there is for what is longer, none for what is not a time.
pub(crate) fn millis(millis: f64) -> Duration {
    Duration::from_nanos((millis * NANOS_PER_MILLI + 0.5) as u64)
}

/// A number of things; none below 0.
pub(crate) fn count(count: f64) -> Option<usize> {
    (count >= 0.0).then_some(count as usize)
}

/// A rate; `burst` matters to the bucket pacings, of which `stepped` refills once per period.
pub(crate) fn rate(capacity: f64, period: f64, pacing: u32, burst: f64, answered: bool) -> Rate {
    let rate = Rate::new(capacity, millis(period));
    let rate = rate.pacing(match pacing {
        1 => Pacing::Bucket { burst },
        2 => Pacing::Stepped { burst, interval: None },
        3 => Pacing::Smooth,
        _ => Pacing::Window,
    });
    if answered { rate.until_answered() } else { rate }
}

pub(crate) fn settings(rates: Vec<Rate>, concurrency: f64, cooldown: f64, max_waiting: f64) -> Settings {
    let settings =
        Settings::new().set_rates(rates).concurrency(concurrency as usize).cooldown(millis(cooldown));
    match count(max_waiting) {
        Some(count) => settings.max_waiting(count),
        None => settings,
    }
}
