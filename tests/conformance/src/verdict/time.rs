//! When two times are the same.

use crate::record::Record;

/// The times of a scenario are rounded to so much.
const ROUNDED: f64 = 1e-6;

/// No admission may be earlier than this, where its time is told exactly.
const NEVER_EARLY: f64 = 1e-9;

/// Compares times.
#[derive(Clone, Copy)]
pub(super) struct Times {
    late: f64,
}

impl Times {
    /// As exact as the record can be.
    pub(super) fn of(record: &Record) -> Self {
        Self { late: ROUNDED + record.granularity }
    }

    /// Whether `actual` is the time that was expected.
    pub(super) fn same(self, expected: f64, actual: f64) -> bool {
        !self.before(expected, actual) && !self.after(expected, actual)
    }

    /// Whether `actual` is earlier than `expected`.
    pub(super) fn before(self, expected: f64, actual: f64) -> bool {
        let early = if is_exact(expected) { NEVER_EARLY } else { ROUNDED };
        actual < expected - early
    }

    /// Whether `actual` is later than `expected`.
    pub(super) fn after(self, expected: f64, actual: f64) -> bool {
        actual > expected + self.late
    }

    /// Compares the one time that there is.
    pub(super) fn check(self, name: &str, expected: Option<f64>, actual: Option<f64>) -> Result<(), String> {
        let same = match (expected, actual) {
            (Some(expected), Some(actual)) => self.same(expected, actual),
            (None, None) => true,
            _ => false,
        };
        let tell = |time: Option<f64>| time.map_or_else(|| "never".into(), |time| time.to_string());
        if same { Ok(()) } else { Err(format!("{name}: expected {}, got {}", tell(expected), tell(actual))) }
    }
}

/// Whether a time is what it is and not rounded: whole milliseconds and 64ths of a second hardly ever come
/// of rounding to six digits.
fn is_exact(time: f64) -> bool {
    let whole = |number: f64| (number - number.round()).abs() < 1e-7;
    whole(time * 1e3) || (time * 64.0).fract() == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_time_must_not_come_early_and_a_rounded_one_may_by_its_rounding() {
        let times = Times::of(&Record::default());
        assert!(times.same(0.25, 0.25) && times.same(0.25, 0.250_000_9) && !times.same(0.25, 0.250_002));
        assert!(times.same(0.25, 0.25 - 5e-10) && !times.same(0.25, 0.25 - 2e-9));
        assert!(times.same(0.666_667, 2.0 / 3.0) && !times.same(0.666_667, 0.666_665));
    }

    #[test]
    fn a_coarse_timer_may_be_late_by_its_grain() {
        let times = Times::of(&Record { granularity: 1e-3, ..Record::default() });
        assert!(times.same(1.0, 1.0009) && !times.same(1.0, 1.0011) && !times.same(1.0, 0.9999));
    }
}
