//! A clock that stands still, that leaps, and that starts near the end of `u64`: one thing at a time, for
//! every pacing.

use std::task::Poll;
use std::time::Duration;

use super::common::{Gate, Pass, build, fill, poll, waiting};
use super::{IntoLimits, SECOND, three_per_seven_seconds};
use tollgate_core::time::{ManualTimer, Tick, Timer};
use tollgate_core::{Check, Rate, Settings, Throttle};

const HOUR: Duration = Duration::from_secs(3_600);

/// Limits at 3 per 7 s or less.
#[derive(Debug)]
struct Case {
    limits: Settings,
    /// How many may come in at once.
    burst: usize,
    /// How many of those who wait may come in at once after a long time.
    arrears: usize,
}

fn cases() -> Vec<Case> {
    let rate = three_per_seven_seconds();
    let paced = [
        (rate, 3, 3),
        (rate.bucket(1.0), 1, 1),
        (rate.bucket(5.0), 5, 5),
        (rate.stepped(3.0), 3, 3),
        (rate.stepped(5.0), 5, 5),
        // What smooth owes to those who wait it makes good, up to what a window holds.
        (rate.smooth(), 1, 3),
        (Rate::new(1.0, 7 * SECOND), 1, 1),
    ];
    let mut cases = Vec::new();
    for (rate, burst, arrears) in paced {
        for limits in [rate.into_limits(), rate.until_answered().into_limits()] {
            cases.push(Case { limits: limits.clone().concurrency(7), burst, arrears });
            cases.push(Case { limits, burst, arrears });
        }
    }
    cases
}

/// Takes all that can be had at once: so many, and no more.
fn burst(gate: &Gate, case: &Case) -> Vec<Pass> {
    let inside = fill(gate);
    assert_eq!(inside.len(), case.burst, "{case:?}");
    inside
}

fn at_least(gate: &Gate) -> Duration {
    match gate.check(1.0) {
        Check::Wait { at_least, .. } => at_least,
        other => panic!("{other:?}"),
    }
}

/// Moves the clock by a leap of its source, over its end if need be.
fn leap(timer: &ManualTimer, by: Duration) {
    let by = u64::try_from(by.as_nanos()).expect("less than 584 years");
    timer.jump_to(Tick::from_nanos(timer.now().as_nanos().wrapping_add(by)));
}

#[test]
fn while_the_clock_stands_still_nobody_comes_in_beyond_the_burst() {
    for case in cases() {
        let (timer, gate) = build(case.limits.clone());
        drop(burst(&gate, &case));
        let told = at_least(&gate);
        assert!(told > Duration::ZERO, "{case:?}");
        let mut line = [waiting(gate.acquire()), waiting(gate.acquire())];
        for _ in 0..1_000 {
            assert!(gate.try_acquire().is_err(), "{case:?}");
            assert!(line.iter_mut().all(|call| poll(call).is_pending()), "{case:?}");
            assert_eq!((timer.fire_due(), timer.armed(), timer.armed_ever()), (0, 1, 1), "{case:?}");
            assert_eq!(at_least(&gate), told, "{case:?}");
        }
    }
}

#[test]
fn a_leap_of_an_hour_brings_one_burst_and_nothing_that_was_missed() {
    for case in cases() {
        let (timer, gate) = build(case.limits.clone());
        for _ in 0..5 {
            drop(burst(&gate, &case));
            leap(&timer, HOUR);
        }
    }
}

#[test]
fn a_leap_of_an_hour_lets_no_more_in_of_those_who_wait_than_the_pacing_owes_at_most() {
    for case in cases() {
        let (timer, gate) = build(case.limits.clone());
        drop(burst(&gate, &case));
        let mut line: Vec<_> = (0..20).map(|_| waiting(gate.acquire())).collect();
        leap(&timer, HOUR);
        timer.fire_due();
        assert_eq!(20 - gate.waiting(), case.arrears, "{case:?}");
        let inside = line.iter_mut().filter_map(|call| match poll(call) {
            Poll::Ready(permit) => Some(permit.expect("it is open")),
            Poll::Pending => None,
        });
        assert_eq!(inside.count(), case.arrears, "{case:?}");
    }
}

#[test]
fn a_step_back_of_an_hour_brings_nothing_and_costs_nothing() {
    for case in cases() {
        let (timer, gate) = build(case.limits.clone());
        timer.jump_to(Tick::ZERO + 2 * HOUR);
        drop(burst(&gate, &case));
        let told = at_least(&gate);
        timer.jump_to(Tick::ZERO + HOUR);
        assert!(gate.try_acquire().is_err(), "{case:?}");
        assert_eq!(at_least(&gate), told, "{case:?}");
        leap(&timer, told - Duration::from_nanos(1));
        assert!(gate.try_acquire().is_err(), "{case:?}");
        leap(&timer, Duration::from_nanos(1));
        assert!(gate.try_acquire().is_ok(), "{case:?}");
    }
}

/// No alarm can be set for a time beyond the end of the clock; whoever comes next looks at it.
#[test]
fn a_clock_that_starts_near_its_end_goes_on_over_it() {
    for case in cases() {
        for before_the_end in [0, 1, 1_000_000_000] {
            let timer = ManualTimer::starting_at(Tick::from_nanos(u64::MAX - before_the_end));
            let gate = Throttle::builder_on(timer.clone()).settings(case.limits.clone()).build().unwrap();
            drop(burst(&gate, &case));
            let told = at_least(&gate);
            let mut first = waiting(gate.acquire());
            leap(&timer, told - Duration::from_nanos(1));
            let mut line: Vec<_> = (0..5).map(|_| waiting(gate.acquire())).collect();
            assert!(poll(&mut first).is_pending(), "{case:?}");
            leap(&timer, Duration::from_nanos(1));
            line.push(waiting(gate.acquire()));
            let first = poll(&mut first).map(|permit| permit.expect("it is open"));
            assert!(matches!(&first, Poll::Ready(permit) if permit.admitted_at() == timer.now()), "{case:?}");
            drop(first);
            // From there on there are alarms again.
            for call in &mut line {
                if poll(call).is_pending() {
                    timer.advance_to(timer.next_alarm().expect("an alarm is set"));
                    assert!(poll(call).is_ready(), "{case:?}");
                }
            }
        }
    }
}

#[test]
fn after_a_step_back_or_a_wrap_whoever_looks_next_sets_the_alarm_to_rights() {
    let second = SECOND.as_nanos() as u64;
    // From where the clock leaps, to where: an hour back, and over its end.
    let leaps = [(7_200 * second, 3_600 * second), (u64::MAX - second / 2, second / 2)];
    let looks: [fn(&Gate); 2] =
        [|gate| drop(waiting(gate.acquire())), |gate| assert!(!gate.check(1.0).is_ready())];
    for case in cases().into_iter().filter(|case| case.burst == 1) {
        for ((from, to), look) in leaps.into_iter().flat_map(|leap| looks.map(|look| (leap, look))) {
            let timer = ManualTimer::starting_at(Tick::from_nanos(from));
            let gate = Throttle::builder_on(timer.clone()).settings(case.limits.clone()).build().unwrap();
            drop(burst(&gate, &case));
            let mut first = waiting(gate.acquire());
            timer.jump_to(Tick::from_nanos(to));
            look(&gate);
            let due = timer.next_alarm().expect("an alarm is set");
            assert!(due > timer.now() && due <= timer.now() + 7 * SECOND, "{case:?}: {due:?}");
            timer.advance_to(due);
            assert!(poll(&mut first).is_ready(), "{case:?}");
            assert_eq!(timer.armed(), 0, "{case:?}");
        }
    }
}

/// A throttle's own time ends after 584 years, or after two leaps of 292. It stands still then.
#[test]
fn at_the_end_of_its_time_a_throttle_is_no_more_open_than_while_a_clock_stands_still() {
    for case in cases() {
        let (timer, gate) = build(case.limits.clone());
        for _ in 0..3 {
            timer.jump_to(Tick::from_nanos(u64::MAX / 2));
            let _reading = gate.check(1.0);
            timer.jump_to(Tick::ZERO);
            let _reading = gate.check(1.0);
        }
        drop(burst(&gate, &case));
        assert!(gate.try_acquire().is_err(), "{case:?}");
        // Nor does anybody wait for what never comes but in line.
        let line = [waiting(gate.acquire()), waiting(gate.acquire())];
        assert!(gate.try_acquire().is_err() && !gate.check(1.0).is_ready(), "{case:?}");
        drop(line);
        assert_eq!((gate.waiting(), timer.armed()), (0, 0), "{case:?}");
    }
}
