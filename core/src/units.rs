//! Costs and capacities as whole numbers, so that sums are exact and nothing drifts.

/// Units of cost, counted in millionths.
///
/// Sums of decimal costs come out as one expects: ten times 0.1 is 1.
pub(crate) type Micros = u64;

/// Millionths in one unit.
pub(crate) const UNIT: Micros = 1_000_000;

/// The largest capacity, burst or cost, in units. It keeps all arithmetic within 128 bits.
pub(crate) const MAX_UNITS: f64 = 1e12;

/// Converts a cost, a finite number in `0.0..=MAX_UNITS`: rounded up, so that nothing is cheaper than said.
#[inline]
pub(crate) fn to_micros(cost: f64) -> Micros {
    debug_assert!((0.0..=MAX_UNITS).contains(&cost));
    // Nearly every cost is a whole number.
    let whole = cost as i64;
    if whole as f64 == cost {
        return whole.cast_unsigned() * UNIT;
    }
    let micros = cost * UNIT as f64;
    nearly_whole(micros).unwrap_or(micros.ceil()) as Micros
}

/// Converts a capacity or burst, above zero and at most `MAX_UNITS`: rounded down, but not to nothing.
pub(crate) fn to_micros_of_limit(limit: f64) -> Micros {
    let micros = limit * UNIT as f64;
    (nearly_whole(micros).unwrap_or(micros.floor()) as Micros).max(1)
}

/// The whole number that this is, but for the noise of a decimal that has no exact `f64`.
fn nearly_whole(number: f64) -> Option<f64> {
    let whole = number.round();
    (whole > 0.0 && (number - whole).abs() <= number * (4.0 * f64::EPSILON)).then_some(whole)
}

/// Converts back, for people to read.
pub(crate) fn to_units(micros: Micros) -> f64 {
    micros as f64 / UNIT as f64
}

/// A speed: `num` millionths of a unit in `den` nanoseconds.
///
/// Positions in a schedule are kept in nanoseconds times `num`, where the cost of a call takes
/// `cost * den`: whole numbers again, whatever the ratio is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Speed {
    pub(crate) num: u64,
    pub(crate) den: u128,
}

/// Bound for every product that the schedules make; two of them still add up within a `u128`.
const MAX_PRODUCT: u128 = 1 << 126;

impl Speed {
    /// `capacity` units each `period` nanoseconds, where up to `burst` may be saved up.
    ///
    /// A capacity that is a short decimal is met exactly, and any other one to the precision of an
    /// `f64`, as far as the products allow.
    pub(crate) fn new(capacity: f64, period: u64, burst: Micros) -> Self {
        let mut scale: u128 = 1;
        loop {
            let exact = capacity * UNIT as f64 * scale as f64;
            let whole = nearly_whole(exact);
            let num = whole.unwrap_or(exact.floor());
            let speed = Self { num: (num as u64).max(1), den: u128::from(period) * scale };
            let next = speed.den.saturating_mul(10 * u128::from(burst.max(UNIT)));
            // `num` is at most 2^62, so that a time of 2^64 ns times `num` keeps within the bound.
            if whole.is_some() || num * 10.0 > (1_u64 << 62) as f64 || next > MAX_PRODUCT {
                return speed;
            }
            scale *= 10;
        }
    }

    /// A time in nanoseconds as a position in the schedule.
    pub(crate) fn at(&self, nanos: u64) -> u128 {
        u128::from(nanos) * u128::from(self.num)
    }

    /// How far a cost moves the schedule on.
    pub(crate) fn span(&self, cost: Micros) -> u128 {
        u128::from(cost) * self.den
    }

    /// The first nanosecond that is not before `position`.
    pub(crate) fn nanos(&self, position: u128) -> u64 {
        u64::try_from(position.div_ceil(u128::from(self.num))).unwrap_or(u64::MAX)
    }

    /// What has come together in a span of the schedule.
    pub(crate) fn cost(&self, span: u128) -> Micros {
        u64::try_from(span / self.den).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn decimal_costs_add_up() {
        let sum: Micros = std::iter::repeat_n(to_micros(0.1), 10).sum();
        assert_eq!(sum, to_micros(1.0));
        assert_eq!(to_micros(0.0), 0);
        assert_eq!(to_micros(1e-30), 1);
    }

    #[test]
    fn costs_are_rounded_up_and_limits_down() {
        assert_eq!((to_micros(0.000_001_4), to_micros_of_limit(2.999_999_7)), (2, 2_999_999));
        assert_eq!((to_micros(0.1 + 0.2), to_micros_of_limit(0.1 + 0.2)), (300_000, 300_000));
        assert_eq!((to_micros(1.1), to_micros_of_limit(1.1)), (1_100_000, 1_100_000));
        assert_eq!(to_micros_of_limit(1e-30), 1);
    }

    #[test]
    fn a_decimal_capacity_is_met_exactly() {
        for (capacity, num, den) in [
            (100.0, 100_000_000, u128::from(SECOND)),
            (0.3, 300_000, u128::from(SECOND)),
            (0.1 + 0.2, 300_000, u128::from(SECOND)),
            (1e-7, 1, 10 * u128::from(SECOND)),
        ] {
            assert_eq!(Speed::new(capacity, SECOND, UNIT), Speed { num, den }, "{capacity}");
        }
    }

    #[test]
    fn any_other_capacity_is_met_to_a_part_in_a_million_million() {
        let week = 604_800 * SECOND;
        let speed = Speed::new(1.0 / 604_800.0, SECOND, UNIT);
        let spacing = speed.nanos(speed.span(UNIT));
        assert!(spacing.abs_diff(week) < 1_000, "{spacing}");
    }

    #[test]
    fn extremes_stay_within_bounds() {
        let century = 3_155_760_000 * SECOND;
        for capacity in [1e-9_f64, 0.3, 1.0, 1.0 / 3.0, 7.7, 1e12] {
            for period in [1, SECOND, century, u64::MAX] {
                let burst = to_micros(capacity.max(1.0));
                let speed = Speed::new(capacity, period, burst);
                assert!(speed.num <= 1 << 62);
                assert!(speed.den.checked_mul(u128::from(burst)).is_some_and(|span| span <= MAX_PRODUCT));
            }
        }
    }
}
