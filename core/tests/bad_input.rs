//! Bad input gets a clear error that names parameter, value and what is allowed; and nothing has changed.

mod common;

use std::time::Duration;

use common::{Gate, SECOND, fill, ms, poll, ready, waiting};
use tollgate_core::time::{ManualTimer, Tick, Timer};
use tollgate_core::{
    AdmitError, BoundedSemaphore, Check, ConfigError, CostError, Keyed, OverReleaseError, Rate, Semaphore,
    Settings, Throttle, TooManyPermitsError, TryAdmitError,
};

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
const NO_NUMBERS: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

fn gate(settings: Settings) -> Result<Gate, ConfigError> {
    Throttle::builder_on(ManualTimer::new()).settings(settings).build()
}

fn with(rate: Rate) -> Result<Gate, ConfigError> {
    gate(Settings::new().rate(rate))
}

fn message(result: Result<Gate, ConfigError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_capacity_must_be_a_number_above_zero_and_within_bounds() {
    for capacity in NO_NUMBERS.into_iter().chain([0.0, -0.0, -1.0, 1.1e12, f64::MAX]) {
        for rate in [Rate::new(capacity, SECOND), Rate::new(capacity, SECOND).smooth()] {
            let error = with(rate).unwrap_err();
            assert_eq!(error.parameter(), "capacity");
            assert!(
                error.to_string().starts_with(&format!("capacity is {capacity}, but must be")),
                "{error}"
            );
        }
    }
    assert!(with(Rate::new(1e12, SECOND)).is_ok());
}

#[test]
fn a_capacity_that_lets_nothing_through_in_584_years_is_refused() {
    assert_eq!(
        message(with(Rate::new(1e-11, SECOND))),
        "capacity is 0.00000000001, but must be large enough for one unit in 584 years"
    );
    for least in [1.0 / 3e12, f64::EPSILON / 1e6, 1e-26, 1e-39, 1e-300, f64::MIN_POSITIVE, 5e-324] {
        for period in [Duration::from_nanos(1), Duration::from_micros(1), SECOND] {
            let rate = Rate::new(least, period);
            for rate in [rate, rate.smooth(), rate.bucket(1e12), rate.stepped(1.0)] {
                let error = with(rate).map(drop);
                // One in a third of 3e12 of a second is one in 32,000 years, of a nanosecond one in an hour.
                let fits = least * 584.0 * 365.25 * 86_400.0 > period.as_secs_f64();
                assert_eq!(error.is_ok(), fits, "{rate:?}: {error:?}");
            }
        }
    }
}

#[test]
fn a_rate_can_be_told_in_any_period_that_one_likes() {
    let week = Duration::from_secs(604_800);
    for period in [Duration::from_nanos(1), Duration::from_micros(1), ms(1), SECOND, 60 * SECOND] {
        let rate = Rate::new(period.as_secs_f64() / week.as_secs_f64(), period);
        for rate in [rate, rate.smooth(), rate.bucket(1.0)] {
            let gate = with(rate).unwrap();
            drop(gate.try_acquire().unwrap());
            let Check::Wait { at_least, .. } = gate.check(1.0) else { panic!("{rate:?} lets two in") };
            assert!(at_least.abs_diff(week) < ms(1), "{rate:?}: {at_least:?}");
        }
    }
}

#[test]
fn a_burst_must_be_a_number_above_zero_and_within_bounds() {
    for burst in NO_NUMBERS.into_iter().chain([0.0, -1.0, 1.1e12]) {
        for rate in [Rate::per_second(1.0).bucket(burst), Rate::per_second(1.0).stepped(burst)] {
            assert_eq!(with(rate).unwrap_err().parameter(), "burst");
        }
    }
}

#[test]
fn a_period_or_interval_must_be_longer_than_nothing_and_shorter_than_584_years() {
    for period in [Duration::ZERO, Duration::MAX] {
        let error = message(with(Rate::new(1.0, period)));
        assert!(error.ends_with("but must be at least a nanosecond and less than 584 years"), "{error}");
        assert!(error.starts_with(&format!("period is {period:?}")), "{error}");
        let pacing = tollgate_core::Pacing::Stepped { burst: 1.0, interval: Some(period) };
        assert_eq!(with(Rate::per_second(1.0).pacing(pacing)).unwrap_err().parameter(), "interval");
    }
}

#[test]
fn a_cooldown_must_be_shorter_than_584_years() {
    assert_eq!(
        gate(Settings::new().concurrency(1).cooldown(Duration::MAX)).unwrap_err().parameter(),
        "cooldown"
    );
}

#[test]
fn periods_of_a_nanosecond_and_of_a_century_work_in_every_pacing() {
    for period in [Duration::from_nanos(1), CENTURY] {
        let rate = Rate::new(2.0, period);
        let burst = [(rate, 2), (rate.smooth(), 1), (rate.bucket(2.0), 2), (rate.stepped(2.0), 2)];
        for (rate, at_once) in burst.into_iter().chain(burst.map(|(rate, n)| (rate.until_answered(), n))) {
            let timer = ManualTimer::new();
            let gate = Throttle::builder_on(timer.clone()).rate(rate).build().unwrap();
            let inside = fill(&gate);
            assert_eq!(inside.len(), at_once, "{rate:?}");
            drop(inside);
            let mut next = waiting(gate.acquire());
            timer.advance(period);
            timer.advance(Duration::from_nanos(1));
            assert!(poll(&mut next).is_ready(), "{rate:?}");
        }
    }
}

#[test]
fn a_cost_must_be_a_finite_number_from_zero_up() {
    let gate = with(Rate::per_second(3.0)).unwrap();
    for cost in NO_NUMBERS.into_iter().chain([-1.0, -1e-300]) {
        let is_invalid =
            |error| matches!(error, CostError::Invalid { cost: got } if got.to_bits() == cost.to_bits());
        let AdmitError::Cost(error) = ready(gate.acquire_cost(cost)).unwrap_err() else { panic!() };
        assert!(is_invalid(error));
        assert!(error.to_string().starts_with(&format!("cost is {cost}, but must be a finite number")));
        let AdmitError::Cost(error) = ready(gate.consume(cost)).unwrap_err() else { panic!() };
        assert!(is_invalid(error));
        let TryAdmitError::Cost(error) = gate.try_acquire_cost(cost).unwrap_err() else { panic!() };
        assert!(is_invalid(error));
        let TryAdmitError::Cost(error) = gate.try_acquire_cost_owned(cost).unwrap_err() else { panic!() };
        assert!(is_invalid(error));
        let Check::Never(error) = gate.check(cost) else { panic!() };
        assert!(is_invalid(error));
        assert!(is_invalid(gate.refund(cost).unwrap_err()));
    }
    assert_eq!((gate.available(), gate.waiting(), gate.in_flight()), (3.0, 0, 0));
}

#[test]
fn a_cost_that_can_never_be_admitted_fails_at_once_also_behind_others() {
    let rate = Rate::per_second(10.0);
    let rates = [
        (rate, 10.0),
        (rate.smooth(), 10.0),
        (rate.bucket(4.0), 4.0),
        (rate.stepped(4.0), 4.0),
        (Rate::per_second(0.5), 1.0),
    ];
    for (rate, max) in rates {
        let gate = gate(Settings::new().rate(Rate::per_minute(50.0)).rate(rate).concurrency(1)).unwrap();
        let permit = gate.try_acquire_cost(max).unwrap();
        let line = waiting(gate.acquire_cost(max));
        let too_high = CostError::TooHigh { cost: max + 0.5, max };
        assert_eq!(ready(gate.acquire_cost(max + 0.5)).unwrap_err(), AdmitError::Cost(too_high));
        assert_eq!(gate.check(max + 0.5), Check::Never(too_high));
        assert_eq!(gate.waiting(), 1);
        drop((line, permit));
        assert_eq!((gate.waiting(), gate.in_flight()), (0, 0));
    }
}

#[test]
fn without_a_rate_any_sensible_cost_is_fine() {
    let gate = gate(Settings::new()).unwrap();
    assert!(gate.try_acquire_cost(1e12).is_ok());
    assert!(matches!(gate.try_acquire_cost(1.1e12), Err(TryAdmitError::Cost(CostError::TooHigh { .. }))));
}

#[test]
fn a_bad_update_changes_nothing() {
    let gate = gate(Settings::new().rate(Rate::per_second(2.0)).concurrency(2).max_waiting(7)).unwrap();
    let before = gate.settings();
    let _inside = gate.try_acquire().unwrap();
    let bad = [
        Settings::new().rate(Rate::per_second(5.0)).rate(Rate::per_second(f64::NAN)),
        Settings::new().rate(Rate::new(5.0, Duration::ZERO)),
        Settings::new().concurrency(9).cooldown(Duration::MAX),
    ];
    for settings in bad {
        assert!(gate.update(settings).is_err());
        assert_eq!((gate.settings(), gate.available()), (before.clone(), 1.0));
    }
}

#[test]
fn a_pause_of_any_length_is_fine_and_can_be_ended() {
    let timer = ManualTimer::starting_at(Tick::from_nanos(5));
    let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1.0)).build().unwrap();
    gate.pause(Duration::ZERO);
    assert!(!gate.is_paused());
    gate.pause(Duration::MAX);
    let mut next = waiting(gate.acquire());
    timer.advance(CENTURY);
    assert!(poll(&mut next).is_pending() && gate.is_paused());
    gate.resume();
    assert!(poll(&mut next).is_ready());
}

#[test]
fn a_timeout_of_any_length_is_fine() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).concurrency(1).build().unwrap();
    let inside = gate.try_acquire().unwrap();
    let mut patient = waiting(gate.acquire().timeout(Duration::MAX));
    let mut impatient = gate.acquire().timeout(Duration::ZERO);
    let _ = poll(&mut impatient);
    assert_eq!(ready(impatient).unwrap_err(), AdmitError::TimedOut);
    drop(inside);
    assert!(poll(&mut patient).is_ready());
}

#[test]
fn a_full_queue_refuses_and_says_so() {
    let gate = gate(Settings::new().concurrency(1).max_waiting(1)).unwrap();
    let _inside = gate.try_acquire().unwrap();
    let _line = waiting(gate.acquire());
    let error = ready(gate.acquire()).unwrap_err();
    assert_eq!(error, AdmitError::QueueFull { max_waiting: 1 });
    assert_eq!(error.to_string(), "queue full: at most 1 may wait");
    assert_eq!(gate.waiting(), 1);
}

#[test]
fn a_closed_throttle_says_so() {
    let gate = gate(Settings::new()).unwrap();
    gate.close();
    assert_eq!(ready(gate.acquire()).unwrap_err(), AdmitError::Closed);
    assert_eq!(ready(gate.consume(1.0)).unwrap_err(), AdmitError::Closed);
    assert_eq!(gate.try_acquire().unwrap_err(), TryAdmitError::Closed);
    assert_eq!(gate.check(1.0), Check::Closed);
}

#[test]
fn keyed_limits_are_checked_when_built_and_costs_when_asked() {
    type Hosts = Keyed<&'static str, ManualTimer>;
    let build = || Hosts::builder_on(ManualTimer::new());
    let bad = Settings::new().rate(Rate::per_second(-1.0));
    assert!(build().total(bad.clone()).build().is_err());
    assert!(build().per_key(bad.clone()).build().is_err());
    assert!(build().key("a", bad).build().is_err());
    let hosts = build()
        .total(Settings::new().rate(Rate::per_second(9.0)))
        .per_key(Settings::new().rate(Rate::per_second(3.0)))
        .build()
        .unwrap();
    for (cost, max) in [(4.0, 3.0), (10.0, 9.0)] {
        let error = CostError::TooHigh { cost, max };
        assert_eq!(ready(hosts.acquire_cost("a", cost)).unwrap_err(), AdmitError::Cost(error));
        assert_eq!(hosts.try_acquire_cost("a", cost).unwrap_err(), TryAdmitError::Cost(error));
    }
    assert!(ready(hosts.acquire_cost("a", f64::NAN)).is_err());
    assert_eq!((hosts.len(), hosts.waiting(), hosts.in_flight()), (0, 0, 0));
}

#[test]
fn releasing_more_than_was_taken_out_is_refused() {
    let semaphore = BoundedSemaphore::new(3);
    assert_eq!(semaphore.release(1), Err(OverReleaseError { released: 1, outstanding: 0 }));
    let held = semaphore.try_acquire().unwrap();
    assert!(semaphore.release(1).is_err(), "it is held, and will come back by itself");
    semaphore.try_acquire().unwrap().forget();
    let error = semaphore.release(2).unwrap_err();
    assert_eq!(error.to_string(), "release of 2 permits, but only 1 were taken out by `forget`");
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.release(1).unwrap();
    drop(held);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn shrinking_to_zero_lets_nobody_in_until_there_is_more_again() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire().unwrap();
    semaphore.resize(0).unwrap();
    assert!(semaphore.try_acquire().is_err());
    drop(held);
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (0, 0));
    let mut next = waiting(semaphore.acquire());
    semaphore.resize(1).unwrap();
    assert!(poll(&mut next).is_ready());
}

#[test]
fn more_permits_than_there_can_be_are_refused() {
    let semaphore = Semaphore::new(1);
    let permits = Semaphore::MAX_PERMITS + 1;
    let error = semaphore.resize(permits).unwrap_err();
    assert_eq!(error, TooManyPermitsError { permits });
    assert!(error.to_string().starts_with(&format!("permits is {permits}, but must be at most")));
    assert!(BoundedSemaphore::new(1).resize(permits).is_err());
    let add = || semaphore.add_permits(Semaphore::MAX_PERMITS);
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(add)).is_err());
    assert!(std::panic::catch_unwind(|| Semaphore::new(permits)).is_err());
    assert!(std::panic::catch_unwind(|| BoundedSemaphore::new(permits)).is_err());
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
}

#[test]
fn a_clock_near_the_end_of_its_range_does_no_harm() {
    let timer = ManualTimer::starting_at(Tick::from_nanos(u64::MAX - 1_500_000_000));
    let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1.0)).build().unwrap();
    drop(gate.try_acquire().unwrap());
    let mut second = waiting(gate.acquire());
    timer.advance(SECOND);
    assert!(poll(&mut second).is_ready());
    let mut third = waiting(gate.acquire());
    timer.advance(SECOND);
    assert!(poll(&mut third).is_pending(), "the clock has come to its end, and time stands still");
    assert_eq!(timer.now(), Tick::MAX);
    assert_eq!(timer.armed(), 0);
}

#[test]
fn a_short_pause_never_shortens_a_long_one() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).build().unwrap();
    gate.pause(ms(100));
    gate.pause(ms(10));
    let mut next = waiting(gate.acquire());
    timer.advance(ms(99));
    assert!(poll(&mut next).is_pending());
    timer.advance(ms(1));
    assert!(poll(&mut next).is_ready());
}

#[test]
fn with_several_rates_the_error_tells_which() {
    let settings = Settings::new().rate(Rate::per_second(1.0)).rate(Rate::per_second(-1.0));
    assert!(message(gate(settings)).starts_with("rates[1]: capacity is -1, but must be"));
}

#[test]
fn settings_that_would_have_no_effect_are_refused() {
    let error = gate(Settings::new().cooldown(SECOND)).unwrap_err();
    assert_eq!(error.parameter(), "cooldown");
    let bound = Settings::new().max_waiting(3);
    let error = Keyed::<u8, _>::builder_on(ManualTimer::new()).per_key(bound).build().unwrap_err();
    let text = "max_waiting of a key is 3, but must be set for all keys together, by the builder";
    assert_eq!(error.to_string(), text);
}
