//! Being let in first and beginning later; on virtual time.

mod common;

use std::future::Future;

use common::{Gate, build, ms, poll, ready, waiting, with};
use tollgate_core::throttle::{AdmitError, Reservation};
use tollgate_core::time::{ManualTimer, Tick};
use tollgate_core::{Rate, Settings};

type Reserved<'a> = Reservation<&'a Gate, ManualTimer>;

fn reserved<'a>(future: impl Future<Output = Result<Reserved<'a>, AdmitError>> + Unpin) -> Reserved<'a> {
    ready(future).unwrap()
}

#[test]
fn a_reserved_call_counts_from_when_it_begins_and_room_is_kept_until_then() {
    for rate in [Rate::per_second(3.0), Rate::per_second(3.0).bucket(3.0), Rate::per_second(3.0).stepped(3.0)]
    {
        let (timer, gate) = with(rate);
        let reservations = [1.0, 2.0].map(|cost| reserved(gate.reserve_cost(cost)));
        timer.advance(ms(5_000));
        assert_eq!(gate.available(), 0.0, "{rate:?}");
        let [first, second] = reservations;
        let first = first.begin();
        assert_eq!(first.admitted_at(), Tick::ZERO + ms(5_000), "{rate:?}");
        drop(first);
        timer.advance(ms(1_000));
        assert_eq!(gate.available(), 1.0, "{rate:?}: the second has still not begun");
        drop(second);
        assert_eq!(gate.available(), 3.0, "{rate:?}: and never will");
        assert_eq!(gate.in_flight(), 0);
    }
}

#[test]
fn one_who_waits_goes_when_a_reserved_call_has_begun_and_ceased_to_count() {
    let (timer, gate) = with(Rate::per_second(1.0));
    let reservation = reserved(gate.reserve());
    let mut next = waiting(gate.acquire());
    timer.advance(ms(3_000));
    assert!(poll(&mut next).is_pending(), "room is kept");
    drop(reservation.begin());
    timer.advance(ms(999));
    assert!(poll(&mut next).is_pending());
    timer.advance(ms(1));
    assert!(poll(&mut next).is_ready());
}

#[test]
fn a_reservation_that_is_given_up_leaves_no_trace_and_lets_the_next_in() {
    let settings = Settings::new().rate(Rate::per_second(4.0).smooth()).concurrency(1).cooldown(ms(700));
    let (_timer, gate) = build(settings);
    let reservation = reserved(gate.reserve());
    let mut waits = waiting(gate.reserve());
    drop(reservation);
    let granted = poll(&mut waits);
    assert!(granted.is_ready(), "slot, place and units are there, and nothing cools down");
    drop(granted);
    drop(waits);
    // Granted, and not even looked at.
    let reservation = reserved(gate.reserve());
    let waits = waiting(gate.reserve());
    drop(reservation);
    drop(waits);
    assert!(gate.is_idle());
}

#[test]
fn a_call_that_begins_late_keeps_its_place_in_a_smooth_schedule() {
    let (timer, gate) = with(Rate::per_second(4.0).smooth());
    let first = reserved(gate.reserve());
    let mut second = waiting(gate.reserve());
    timer.advance(ms(100));
    drop(first.begin());
    timer.advance(ms(149));
    assert!(poll(&mut second).is_pending());
    timer.advance(ms(1));
    assert!(poll(&mut second).is_ready());
}

#[test]
fn a_reserved_call_that_counts_until_answered_counts_once() {
    let (timer, gate) = with(Rate::per_second(2.0).until_answered());
    let first = reserved(gate.reserve()).begin();
    let second = reserved(gate.reserve());
    assert_eq!(gate.available(), 0.0);
    drop((first, second));
    assert_eq!(gate.available(), 1.0);
    timer.advance(ms(1_000));
    assert_eq!(gate.available(), 2.0);
}

#[test]
fn forgotten_reservations_begin_end_and_are_given_up_by_cost() {
    let (timer, gate) = with(Rate::per_second(3.0));
    for _ in 0..2 {
        reserved(gate.reserve()).forget();
    }
    assert!(gate.release(1.0).is_err(), "it has not begun");
    assert!(gate.begin(2.5).is_err() && gate.cancel(2.5).is_err(), "none has cost so much");
    gate.begin(1.0).unwrap();
    gate.cancel(1.0).unwrap();
    assert_eq!((gate.available(), gate.in_flight()), (2.0, 1));
    for wrong in [1.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        let told = gate.begin(wrong).unwrap_err().to_string();
        assert!(told.starts_with(&format!("no call that cost {wrong} is inside")), "{told}");
        assert!(gate.cancel(wrong).is_err(), "{wrong}");
    }
    gate.release(1.0).unwrap();
    timer.advance(ms(1_000));
    assert!(gate.is_idle());
}

#[test]
fn a_refund_after_a_late_begin_gives_units_and_slot_back() {
    let (timer, gate) = with(Rate::per_second(1.0));
    let reservation = reserved(gate.reserve());
    timer.advance(ms(300));
    reservation.begin().refund();
    assert_eq!((gate.available(), gate.in_flight()), (1.0, 0));
}

#[test]
fn a_change_of_settings_keeps_room_for_those_who_have_not_begun() {
    let (timer, gate) = with(Rate::per_second(3.0).until_answered());
    let begun = gate.try_acquire().unwrap();
    let reservation = reserved(gate.reserve());
    gate.update(gate.settings().set_rates([Rate::per_second(3.0)])).unwrap();
    assert_eq!(gate.available(), 1.0);
    drop(begun);
    timer.advance(ms(1_000));
    assert_eq!(gate.available(), 2.0, "what had begun has been charged; the other has not");
    drop(reservation.begin());
    assert_eq!(gate.available(), 2.0);
    timer.advance(ms(1_000));
    assert_eq!(gate.available(), 3.0);
}

#[test]
fn a_forgotten_reservation_counts_from_when_it_begins_though_nobody_has_looked_at_the_clock() {
    let (timer, gate) = with(Rate::per_second(1.0));
    reserved(gate.reserve()).forget();
    timer.advance(ms(500));
    gate.begin(1.0).unwrap();
    gate.release(1.0).unwrap();
    timer.advance(ms(999));
    assert_eq!(gate.available(), 0.0);
    timer.advance(ms(1));
    assert_eq!(gate.available(), 1.0);
}

#[test]
fn a_gate_is_not_as_new_before_the_next_place_of_its_schedule() {
    let (timer, gate) = with(Rate::per_second(4.0).smooth());
    reserved(gate.reserve()).forget();
    timer.advance(ms(250));
    reserved(gate.reserve()).forget();
    for _ in 0..2 {
        gate.cancel(1.0).unwrap();
    }
    assert!(!gate.is_idle(), "nobody knows whose place was the last one");
    timer.advance(ms(250));
    assert!(gate.is_idle());
}

#[test]
fn the_only_forgotten_reservation_gives_its_place_back() {
    let (_timer, gate) = with(Rate::per_second(4.0).smooth());
    for _ in 0..3 {
        reserved(gate.reserve()).forget();
        gate.cancel(1.0).unwrap();
    }
    assert!(gate.is_idle());
}

#[test]
fn a_refund_before_the_call_has_begun_makes_it_cheaper() {
    let answered = Rate::per_second(5.0).until_answered();
    for (rates, costs) in [(vec![Rate::per_second(5.0)], 5.0), (vec![Rate::per_second(5.0), answered], 5.0)] {
        let (timer, gate) = build(Settings::new().set_rates(rates));
        let reservation = reserved(gate.reserve_cost(costs));
        gate.refund(3.0).unwrap();
        assert_eq!(gate.available(), 3.0);
        let permit = reservation.begin();
        assert_eq!(gate.available(), 3.0);
        drop(permit);
        assert_eq!(gate.available(), 3.0);
        timer.advance(ms(1_000));
        assert_eq!(gate.available(), 5.0);
    }
}

#[test]
fn a_refund_goes_first_to_what_has_begun() {
    let (_timer, gate) = with(Rate::per_second(5.0));
    let begun = gate.try_acquire_cost(2.0).unwrap();
    let reservation = reserved(gate.reserve_cost(3.0));
    gate.refund(4.0).unwrap();
    assert_eq!(gate.available(), 4.0);
    drop(reservation);
    assert_eq!(gate.available(), 5.0, "what was refunded to it does not come back again");
    drop(begun);
}

#[test]
fn what_could_not_be_charged_when_a_call_began_is_not_given_back() {
    let (_timer, gate) = with(Rate::per_second(1.0).bucket(5.0));
    let reservation = reserved(gate.reserve_cost(5.0));
    gate.update(gate.settings().set_rates([Rate::per_second(1.0).bucket(2.0)])).unwrap();
    let permit = reservation.begin();
    assert_eq!(gate.available(), 0.0);
    permit.refund();
    assert_eq!((gate.available(), gate.in_flight()), (0.0, 0));
}
