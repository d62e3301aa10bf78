//! What a server's word does to a throttle.

use std::time::Duration;

use tollgate_core::time::{ManualTimer, Timer};
use tollgate_core::{Rate, Settings};

use crate::common::{Gate, SECOND, admissions, build, fill, ms, poll, waiting, with};

fn refuse(gate: &Gate, timer: &ManualTimer, seconds: u32) {
    gate.hold_off(SECOND * seconds, timer.now());
}

#[test]
fn everybody_waits_and_then_the_rates_start_from_empty() {
    let ten = Rate::per_second(10.0);
    for (rate, in_first_second) in [
        (ten, 10),
        (ten.bucket(10.0), 10),
        (ten.smooth(), 10),
        (ten.until_answered(), 10),
        (ten.bucket(10.0).until_answered(), 10),
    ] {
        let (timer, gate) = with(rate);
        timer.advance(5 * SECOND);
        refuse(&gate, &timer, 2);
        let at_once = {
            let times = admissions(&timer, &gate, 40);
            let start = times[0];
            assert!((7_000..=7_120).contains(&start), "{rate:?}: {times:?}");
            assert!(times.iter().filter(|&&at| at < 8_000).count() <= in_first_second, "{rate:?}: {times:?}");
            times.iter().filter(|&&at| at == start).count()
        };
        assert_eq!(at_once, 1, "{rate:?}: no burst as soon as the server takes calls again");
    }
}

#[test]
fn a_stepped_bucket_is_empty_and_gets_its_step() {
    let (timer, gate) = with(Rate::per_second(10.0).stepped(10.0));
    refuse(&gate, &timer, 2);
    timer.advance(2 * SECOND);
    assert_eq!(gate.available(), 0.0);
    timer.advance(SECOND);
    assert_eq!(gate.available(), 10.0);
}

#[test]
fn nothing_comes_back_sooner_than_without_the_refusal() {
    let (timer, gate) = with(Rate::per_second(10.0));
    drop(fill(&gate));
    timer.advance(ms(500));
    gate.hold_off(ms(100), timer.now());
    timer.advance(ms(499));
    assert_eq!(gate.available(), 0.0, "all ten count for one second");
    timer.advance(ms(1));
    assert_eq!(gate.available(), 10.0);
}

#[test]
fn answers_to_what_was_sent_before_extend_the_pause_and_change_nothing_else() {
    let (timer, gate) = with(Rate::per_second(10.0).bucket(10.0));
    let sent = timer.now();
    timer.advance(ms(10));
    refuse(&gate, &timer, 2);
    timer.advance(SECOND);
    gate.hold_off(2 * SECOND, sent);
    timer.advance(ms(1_999));
    assert!(gate.is_paused());
    timer.advance(ms(1));
    assert_eq!(gate.available(), 0.0, "empty at the end of all of it");
    timer.advance(SECOND);
    assert_eq!(gate.available(), 10.0);
    gate.hold_off(ms(500), sent);
    timer.advance(ms(500));
    assert_eq!(gate.available(), 10.0, "a straggler empties nothing any more");
    gate.hold_off(ms(500), timer.now());
    timer.advance(ms(500));
    assert_eq!(gate.available(), 0.0);
}

#[test]
fn resume_ends_it_with_the_rates_as_they_are() {
    let (timer, gate) = with(Rate::per_second(10.0).bucket(10.0));
    refuse(&gate, &timer, 60);
    gate.resume();
    assert_eq!(gate.available(), 10.0);
    timer.advance(120 * SECOND);
    assert_eq!(gate.available(), 10.0);
}

#[test]
fn calls_that_come_out_meanwhile_or_take_units_are_counted_in_order() {
    let (timer, gate) = with(Rate::per_second(4.0).until_answered());
    let inside = fill(&gate);
    refuse(&gate, &timer, 1);
    timer.advance(3 * SECOND);
    drop(inside);
    assert_eq!(gate.available(), 0.0);
    timer.advance(SECOND);
    assert_eq!(gate.available(), 4.0);
    let (timer, gate) = with(Rate::per_second(4.0));
    refuse(&gate, &timer, 1);
    assert!(poll(&mut gate.consume(2.0)).is_ready(), "units alone pass a pause");
    timer.advance(SECOND);
    let mut next = waiting(gate.consume(2.0));
    timer.advance(ms(999));
    assert!(poll(&mut next).is_pending() || gate.available() < 4.0);
}

#[test]
fn an_update_during_the_pause_does_not_forget_it() {
    let (timer, gate) = with(Rate::per_second(10.0).bucket(10.0));
    refuse(&gate, &timer, 2);
    gate.update(Settings::new().rate(Rate::per_second(20.0).bucket(20.0))).unwrap();
    timer.advance(2 * SECOND);
    assert_eq!(gate.available(), 0.0);
    assert!(!gate.is_idle());
}

#[test]
fn tightening_leaves_so_many_and_never_more() {
    for rate in
        [Rate::per_second(10.0), Rate::per_second(10.0).bucket(10.0), Rate::per_second(10.0).until_answered()]
    {
        let (timer, gate) = with(rate);
        gate.tighten(3.0);
        assert_eq!(gate.available(), 3.0, "{rate:?}");
        gate.tighten(7.0);
        assert_eq!(gate.available(), 3.0, "{rate:?}");
        for wrong in [f64::NAN, -1.0, f64::NEG_INFINITY, f64::INFINITY] {
            gate.tighten(wrong);
            assert_eq!(gate.available(), 3.0, "{rate:?}");
        }
        timer.advance(SECOND);
        assert_eq!(gate.available(), 10.0, "{rate:?}");
    }
}

#[test]
fn a_refusal_of_a_century_ends_when_it_is_resumed() {
    let (timer, gate) = build(Settings::new().concurrency(1).rate(Rate::per_second(1.0)));
    gate.hold_off(Duration::MAX, timer.now());
    let mut next = waiting(gate.acquire());
    timer.advance(SECOND * 1_000_000);
    assert!(poll(&mut next).is_pending());
    gate.resume();
    assert!(poll(&mut next).is_ready());
}

#[test]
fn one_who_goes_away_after_the_pause_is_no_trouble_for_what_is_refilled_in_steps() {
    let stepped = Settings::new().rate(Rate::per_second(10.0).stepped(10.0)).concurrency(1);
    let (timer, gate) = build(stepped);
    let inside = gate.try_acquire().unwrap();
    refuse(&gate, &timer, 1);
    let first = waiting(gate.acquire());
    let mut second = waiting(gate.acquire());
    timer.advance(ms(3_500));
    drop(first);
    drop(inside);
    assert!(poll(&mut second).is_ready());
}
