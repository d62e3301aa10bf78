//! What each pacing and counting lets in, and when; on virtual time.

mod common;

use std::time::Duration;

use common::{Pass, SECOND, admissions, build, fill, ms, poll, waiting, with};
use futures::future::join_all;
use tollgate_core::time::{Tick, Timer, Wake};
use tollgate_core::{Check, Hold, Rate, Settings, TryAdmitError};

#[test]
fn window_lets_the_whole_quota_in_at_once_and_again_after_a_period() {
    let (timer, gate) = with(Rate::per_second(3.0));
    assert_eq!(admissions(&timer, &gate, 8), [0, 0, 0, 1000, 1000, 1000, 2000, 2000]);
}

#[test]
fn bucket_lets_a_burst_in_and_then_one_at_a_time() {
    let (timer, gate) = with(Rate::per_second(10.0).bucket(2.0));
    assert_eq!(admissions(&timer, &gate, 5), [0, 0, 100, 200, 300]);
}

#[test]
fn stepped_refills_once_a_period() {
    let (timer, gate) = with(Rate::per_second(2.0).stepped(2.0));
    assert_eq!(admissions(&timer, &gate, 5), [0, 0, 1000, 1000, 2000]);
}

#[test]
fn lateness_does_not_add_up() {
    let second = Rate::per_second(2.0);
    for (rate, expected) in [
        (second.stepped(2.0), [0, 0, 1300, 1300, 2300, 2300, 3300]),
        (second.bucket(2.0), [0, 0, 800, 1300, 1800, 2300, 2800]),
    ] {
        let (timer, gate) = with(rate);
        timer.set_wake(Wake::Late(ms(300)));
        assert_eq!(admissions(&timer, &gate, 7), expected, "{rate:?}");
    }
}

#[test]
fn smooth_spaces_evenly() {
    let (timer, gate) = with(Rate::per_second(4.0).smooth());
    assert_eq!(admissions(&timer, &gate, 5), [0, 250, 500, 750, 1000]);
}

#[test]
fn a_capacity_below_one_is_one_at_a_time_at_the_longer_spacing() {
    for pace in [Rate::window, Rate::smooth] {
        let (timer, gate) = with(pace(Rate::per_second(0.25)));
        assert_eq!(admissions(&timer, &gate, 3), [0, 4000, 8000]);
    }
}

#[test]
fn smooth_catches_up_what_the_alarm_is_late_and_no_more_than_a_period_allows() {
    let (timer, gate) = with(Rate::per_second(10.0).smooth());
    timer.set_wake(Wake::Late(ms(250)));
    // The alarm for 100 ms rings at 350: the places of 100, 200 and 300 are due by then.
    assert_eq!(admissions(&timer, &gate, 7), [0, 350, 350, 350, 650, 650, 650]);
    let (timer, gate) = with(Rate::per_second(10.0).smooth());
    timer.set_wake(Wake::Late(Duration::from_secs(60)));
    let times = admissions(&timer, &gate, 12);
    assert_eq!(times[1..11], [60_100; 10], "a late wake-up makes good one period, not sixty");
    assert!(times[11] >= 61_100);
}

#[test]
fn smooth_earns_no_credit_while_nobody_waits_or_a_slot_or_a_pause_is_what_holds_up() {
    let smooth = Settings::new().rate(Rate::per_second(10.0).smooth()).concurrency(1);
    let (timer, gate) = build(smooth.clone());
    timer.advance(SECOND);
    drop(gate.try_acquire().unwrap());
    assert_eq!(gate.try_acquire().unwrap_err(), TryAdmitError::NotNow, "idle time was no credit");

    let (timer, gate) = build(smooth.clone());
    let inside = gate.try_acquire().unwrap();
    let mut line = join_all((0..3).map(|_| gate.acquire_owned()));
    assert!(poll(&mut line).is_pending());
    timer.advance(SECOND);
    drop(inside);
    let mut others = waiting(gate.acquire());
    assert_eq!((gate.in_flight(), gate.waiting()), (1, 3));
    assert!(poll(&mut others).is_pending());
    gate.update(smooth.clone().concurrency(0)).unwrap();
    assert_eq!(gate.in_flight(), 1, "the second in line waits for its place in the schedule");

    let (timer, gate) = build(smooth.concurrency(0));
    drop(gate.try_acquire().unwrap());
    let _line = [waiting(gate.acquire()), waiting(gate.acquire())];
    gate.pause(Duration::from_secs(5));
    timer.advance(Duration::from_secs(5));
    assert_eq!(gate.waiting(), 1, "after a pause there is no burst");
}

#[test]
fn a_call_counts_until_a_period_after_its_answer() {
    for pace in [Rate::window, Rate::smooth, |rate: Rate| rate.bucket(2.0), |rate: Rate| rate.stepped(2.0)] {
        let (timer, gate) = with(pace(Rate::per_second(2.0)).until_answered());
        let first = gate.try_acquire().unwrap();
        timer.advance(Duration::from_secs(10));
        let second = gate.try_acquire().unwrap();
        timer.advance(Duration::from_secs(10));
        let mut third = waiting(gate.acquire());
        assert_eq!(timer.armed(), 0, "time alone changes nothing");
        assert!(matches!(gate.check(1.0), Check::Wait { at_least: Duration::ZERO, by: Hold::Rate(0) }));
        drop(first);
        timer.advance(ms(499));
        assert!(poll(&mut third).is_pending());
        timer.advance(ms(501));
        assert!(poll(&mut third).is_ready());
        drop(second);
    }
}

#[test]
fn however_calls_are_delayed_no_window_between_admission_and_answer_sees_too_much() {
    // Each call is stamped by its server somewhere between admission and answer: here, at either end.
    let period = 100;
    let (timer, gate) = with(Rate::new(3.0, ms(period)).until_answered());
    let (mut stamps, mut inside): (Vec<u64>, Vec<(u64, Pass)>) = (Vec::new(), Vec::new());
    for step in 0..2_000_u64 {
        let now = timer.now().as_nanos() / 1_000_000;
        if let Ok(permit) = gate.try_acquire_owned() {
            let latency = (step * 37) % 61;
            stamps.push(if step % 2 == 0 { now } else { now + latency });
            inside.push((now + latency, permit));
        }
        inside.retain(|(answered, _)| *answered > now);
        timer.advance(ms(1));
    }
    stamps.sort_unstable();
    assert!(stamps.len() > 30);
    assert!(stamps.windows(4).all(|four| four[3] - four[0] >= period), "{stamps:?}");
}

#[test]
fn several_rates_must_all_agree_and_a_refusal_spends_nothing() {
    let rates = [Rate::per_second(2.0), Rate::new(3.0, Duration::from_secs(10))];
    let (timer, gate) = build(Settings::new().set_rates(rates));
    assert_eq!(admissions(&timer, &gate, 4), [0, 0, 1000, 10_000]);
    let (timer, gate) = build(Settings::new().set_rates(rates));
    let _all = fill(&gate);
    for _ in 0..100 {
        assert!(gate.try_acquire().is_err());
    }
    timer.advance(SECOND);
    assert_eq!(gate.available(), 1.0);
}

#[test]
fn early_wakes_let_nobody_in_early_and_late_ones_lose_nobody() {
    for wake in [Wake::Early(ms(300)), Wake::Late(ms(300))] {
        let (timer, gate) = with(Rate::per_second(1.0));
        timer.set_wake(wake);
        let times = admissions(&timer, &gate, 4);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= 1000), "{times:?}");
        assert_eq!(times.len(), 4);
    }
}

#[test]
fn a_late_alarm_does_not_keep_newcomers_from_seeing_that_it_is_time() {
    let (timer, gate) = with(Rate::per_second(1.0));
    timer.set_wake(Wake::Frozen);
    drop(gate.try_acquire().unwrap());
    let mut first = waiting(gate.acquire());
    timer.advance(SECOND);
    let _second = waiting(gate.acquire());
    assert!(poll(&mut first).is_ready(), "whoever looks at the clock lets in who is due");
}

#[test]
fn a_leap_of_the_clock_gives_one_burst_and_a_step_back_loses_nothing() {
    let (timer, gate) = with(Rate::per_second(3.0));
    drop(fill(&gate));
    timer.jump_to(Tick::ZERO + Duration::from_secs(3_600));
    assert_eq!(fill(&gate).len(), 3);
    timer.jump_to(Tick::ZERO + Duration::from_secs(10));
    assert_eq!(fill(&gate).len(), 0);
    timer.advance(SECOND);
    assert_eq!(fill(&gate).len(), 3);
}
