//! Exact to the nanosecond: no drift, no overflow and no lost quota, however many are let in.
//!
//! Greedy callers are let in on simulated time, and each of them is compared with a closed formula: when
//! call number `k`, counted from 0, is due by the definition of its pacing, in whole numbers. Each case
//! is driven in two ways:
//! - `who_looks`: the clock is moved to when [`check`](tollgate_core::Throttle::check) says. The timer
//!   starts so that it runs over the end of `u64` half-way.
//! - `who_waits`: callers queue, and the clock is moved from alarm to alarm. The timer starts so that the
//!   last call is let in at the last alarm there can be before the end of `u64`.
//!
//! How many calls each case lets in is told by `TOLLGATE_ADMISSIONS`; 10^9 are for release mode:
//!
//! ```text
//! TOLLGATE_ADMISSIONS=1000000000 cargo test --release -p tollgate-core --test exactness -- --nocapture
//! ```
//!
//! A throttle has 2^64 nanoseconds, 584 years. Where all calls do not fit in, as at one per week, throttles
//! follow each other, each of them used to the end of its time.

mod common;

#[path = "exactness/clocks.rs"]
mod clocks;
#[path = "exactness/drive.rs"]
mod drive;
#[path = "exactness/leaps.rs"]
mod leaps;
#[path = "exactness/models.rs"]
mod models;

use std::time::Duration;

use drive::{by_looking, by_looking_within, by_waiting};
use tollgate_core::{Pacing, Rate, Settings};

/// A second in nanoseconds, and in the terms of the rates.
const S: u128 = 1_000_000_000;
const SECOND: Duration = Duration::from_secs(1);

const WEEK: Duration = Duration::from_secs(604_800);
const WEEK_NS: u128 = 604_800 * S;

fn three_per_seven_seconds() -> Rate {
    Rate::new(3.0, 7 * SECOND)
}

fn a_billion_per_second() -> Rate {
    Rate::per_second(1e9)
}

fn a_thousand_per_microsecond() -> Rate {
    Rate::new(1e3, Duration::from_micros(1))
}

fn one_per_week() -> Rate {
    Rate::new(1.0, WEEK)
}

fn in_steps(rate: Rate, burst: f64, interval: Duration) -> Rate {
    rate.pacing(Pacing::Stepped { burst, interval: Some(interval) })
}

/// Cases that come out the same for who looks and who waits: limits, and when call `k` is due.
macro_rules! exact {
    ($($name:ident: $rate:expr, $due:expr;)*) => {
        mod who_looks {
            use super::*;
            $(#[test] fn $name() { by_looking(stringify!($name), $rate, 1.0, $due); })*
        }
        mod who_waits {
            use super::*;
            $(#[test] fn $name() { by_waiting(stringify!($name), $rate.into_limits(), 0, $due); })*
        }
    };
}

trait IntoLimits {
    fn into_limits(self) -> Settings;
}

impl IntoLimits for Rate {
    fn into_limits(self) -> Settings {
        Settings::new().rate(self)
    }
}

exact! {
    window_at_3_per_7_s_lets_three_in_every_seven_seconds: three_per_seven_seconds(), |k| k / 3 * 7 * S;
    window_at_1e9_per_s_lets_them_all_in_each_second: a_billion_per_second(), |k| k / S * S;
    window_at_1e3_per_us_lets_a_thousand_in_each_microsecond:
        a_thousand_per_microsecond(), |k| k / 1_000 * 1_000;
    window_at_1_per_week_lets_one_in_each_week: one_per_week(), |k| k * WEEK_NS;

    bucket_at_3_per_7_s_earns_thirds_of_seven_seconds:
        three_per_seven_seconds().bucket(3.0), |k| (k.saturating_sub(2) * 7 * S).div_ceil(3);
    strict_bucket_at_3_per_7_s_keeps_the_spacing_in_whole_nanoseconds:
        three_per_seven_seconds().bucket(1.0), |k| k * (7 * S).div_ceil(3);
    bucket_at_1e9_per_s_lets_one_in_each_nanosecond:
        a_billion_per_second().bucket(2.0), |k| k.saturating_sub(1);
    bucket_at_1_per_week_lets_one_in_each_week: one_per_week().bucket(1.0), |k| k * WEEK_NS;

    stepped_at_3_per_7_s_refills_every_seven_seconds:
        three_per_seven_seconds().stepped(3.0), |k| k / 3 * 7 * S;
    stepped_at_3_per_7_s_earns_sevenths_each_second: in_steps(three_per_seven_seconds(), 3.0, SECOND),
        |k| (k.saturating_sub(2) * 7).div_ceil(3) * S;
    stepped_at_1e9_per_s_lets_a_thousand_in_each_microsecond:
        in_steps(a_billion_per_second(), 1e3, Duration::from_micros(1)), |k| k / 1_000 * 1_000;
    stepped_at_1_per_week_lets_one_in_each_week: one_per_week().stepped(1.0), |k| k * WEEK_NS;

    smooth_at_1e9_per_s_lets_one_in_each_nanosecond: a_billion_per_second().smooth(), |k| k;
    smooth_at_1e3_per_us_lets_one_in_each_nanosecond: a_thousand_per_microsecond().smooth(), |k| k;
    smooth_at_1_per_week_lets_one_in_each_week: one_per_week().smooth(), |k| k * WEEK_NS;

    a_capacity_below_one_keeps_its_spacing_in_whole_nanoseconds:
        Rate::per_second(0.3), |k| k * (10 * S).div_ceil(3);
}

mod smooth_at_3_per_7_s {
    use super::*;

    const DUE: fn(u128) -> u128 = |k| (k * 7 * S).div_ceil(3);

    #[test]
    fn spaces_those_who_wait_by_thirds_of_seven_seconds() {
        by_waiting("smooth 3 per 7 s, waiting", three_per_seven_seconds().smooth().into_limits(), 0, DUE);
    }

    #[test]
    fn spaces_those_who_only_look_the_same() {
        by_looking("smooth 3 per 7 s, looking", three_per_seven_seconds().smooth(), 1.0, DUE);
    }
}

/// What more than 4096 calls a period cost: the window's log counts neighbours as one, up to 1/4096 of a
/// period apart.
#[test]
fn twenty_thousand_places_a_second_lose_one_part_in_4096_at_most() {
    let smooth = a_billion_per_second().smooth();
    let latest = |k| (k * 50_000 + S / 4096) * 4097 / 4096;
    by_looking_within("50,000 units, evenly", smooth, 50_000.0, |k| k * 50_000, latest);
}

mod costs {
    use super::*;

    #[test]
    fn tenths_add_up_to_whole_units() {
        by_looking("tenths", Rate::new(1.0, 7 * SECOND), 0.1, |k| k / 10 * 7 * S);
        let bucket = Rate::new(1.0, 7 * SECOND).bucket(1.0);
        by_looking("tenths of a bucket", bucket, 0.1, |k| k.saturating_sub(9) * 7 * S / 10);
    }

    #[test]
    fn a_million_units_at_a_time_come_to_a_billion_per_second() {
        by_looking("a million units", a_billion_per_second(), 1e6, |k| k / 1_000 * S);
        let smooth = a_billion_per_second().smooth();
        by_looking("a million units, evenly", smooth, 1e6, |k| k * S / 1_000);
    }
}

/// Calls that take a second, and what else limits them.
mod calls_that_last {
    use super::*;

    const LAST: u64 = S as u64;

    fn answered(name: &str, rate: Rate, due: fn(u128) -> u128) {
        by_waiting(name, rate.until_answered().into_limits(), LAST, due);
    }

    #[test]
    fn count_for_a_period_after_their_answer() {
        let rate = three_per_seven_seconds();
        answered("window until answered", rate, |k| k / 3 * 8 * S);
        answered("smooth until answered", rate.smooth(), |k| k / 3 * 8 * S + (k % 3 * 7 * S).div_ceil(3));
        answered("strict bucket until answered", rate.bucket(1.0), |k| k * ((7 * S).div_ceil(3) + S));
        answered("stepped until answered", rate.stepped(3.0), |k| k / 3 * 7 * S);
    }

    #[test]
    fn take_turns_in_the_slots() {
        let one = three_per_seven_seconds().into_limits().concurrency(1);
        by_waiting("window and one slot", one, LAST, |k| (k / 3 * 7 + k % 3) * S);
        let two = three_per_seven_seconds().into_limits().concurrency(2);
        by_waiting("window and two slots", two, LAST, |k| (k / 3 * 7 + k % 3 / 2) * S);
        let ten = Settings::new().concurrency(10);
        by_waiting("ten slots", ten, LAST, |k| k / 10 * S);
    }

    #[test]
    fn leave_slots_that_rest() {
        let rest = Settings::new().concurrency(10).cooldown(Duration::from_millis(50));
        by_waiting("ten slots that rest", rest, 0, |k| k / 10 * 50_000_000);
    }

    #[test]
    fn keep_several_rates() {
        let rates = [three_per_seven_seconds(), Rate::per_minute(10.0)];
        let due = |k| k / 10 * 60 * S + k % 10 / 3 * 7 * S;
        by_waiting("two windows", Settings::new().set_rates(rates), 0, due);
    }
}
