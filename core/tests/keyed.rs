//! Limits per key, and over all keys.

mod common;

use std::time::Duration;

use common::{SECOND, ms, poll, ready, waiting};
use tollgate_core::keyed::Permit;
use tollgate_core::time::{ManualTimer, Timer, Wake};
use tollgate_core::{AdmitError, Keyed, Rate, Settings, TryAdmitError};

type Hosts = Keyed<&'static str, ManualTimer>;

fn build(total: Settings, per_key: Settings) -> (ManualTimer, Hosts) {
    let timer = ManualTimer::new();
    let hosts = Keyed::builder_on(timer.clone()).total(total).per_key(per_key).build().unwrap();
    (timer, hosts)
}

fn at_once(concurrency: usize) -> Settings {
    Settings::new().concurrency(concurrency)
}

fn enter(hosts: &Hosts, key: &'static str) -> Permit<&'static str, ManualTimer> {
    hosts.try_acquire(key).unwrap()
}

#[test]
fn a_full_key_does_not_hold_up_another_one() {
    let (_, hosts) = build(at_once(4), at_once(1));
    let _a = enter(&hosts, "a");
    let mut second_a = waiting(hosts.acquire("a"));
    let _b = ready(hosts.acquire("b")).unwrap();
    assert!(poll(&mut second_a).is_pending());
}

#[test]
fn a_key_without_quota_or_on_pause_does_not_hold_up_another_one() {
    let (timer, hosts) = build(at_once(4), Settings::new().rate(Rate::per_second(1.0)));
    drop(enter(&hosts, "a"));
    let mut for_rate = waiting(hosts.acquire("a"));
    hosts.pause_key(&"b", Duration::from_secs(5));
    let mut paused = waiting(hosts.acquire("b"));
    drop(enter(&hosts, "c"));
    timer.advance(SECOND);
    assert!(poll(&mut for_rate).is_ready() && poll(&mut paused).is_pending());
    hosts.resume_key(&"b");
    assert!(poll(&mut paused).is_ready());
}

#[test]
fn over_all_keys_who_came_first_goes_first() {
    let (_, hosts) = build(at_once(1), at_once(1));
    let inside = enter(&hosts, "a");
    let mut line: Vec<_> = ["a", "b", "a", "c"].map(|key| waiting(hosts.acquire(key))).into();
    assert_eq!(hosts.try_acquire("d").unwrap_err(), TryAdmitError::NotNow);
    drop(inside);
    for _ in 0..4 {
        let permit = ready(line.remove(0)).unwrap();
        assert!(line.iter_mut().all(|waiter| poll(waiter).is_pending()));
        drop(permit);
    }
}

#[test]
fn a_heavy_call_that_waits_for_the_total_is_not_overtaken_by_another_key() {
    let (timer, hosts) = build(Settings::new().rate(Rate::per_second(4.0)), Settings::new());
    drop(hosts.try_acquire_cost("a", 3.0).unwrap());
    let mut heavy = waiting(hosts.acquire_cost("a", 4.0));
    let mut light = waiting(hosts.acquire_cost("b", 1.0));
    timer.advance(SECOND);
    assert!(poll(&mut heavy).is_ready() && poll(&mut light).is_pending());
}

#[test]
fn a_newcomer_does_not_slip_past_a_key_whose_time_has_come_while_the_alarm_is_late() {
    let settings = Settings::new().rate(Rate::per_second(1.0));
    let (timer, hosts) = build(at_once(1), settings);
    timer.set_wake(Wake::Frozen);
    drop(enter(&hosts, "a"));
    let mut due = waiting(hosts.acquire("a"));
    timer.advance(SECOND);
    assert!(hosts.try_acquire("b").is_err());
    let mut newcomer = waiting(hosts.acquire("b"));
    drop(ready(&mut due).unwrap());
    assert!(poll(&mut newcomer).is_ready());
}

#[test]
fn nothing_is_taken_from_the_total_while_the_key_says_no_and_the_other_way_round() {
    let second = |n| Settings::new().rate(Rate::per_second(n));
    let (timer, hosts) = build(second(3.0), second(1.0));
    drop(enter(&hosts, "a"));
    for _ in 0..9 {
        assert!(hosts.try_acquire("a").is_err());
    }
    drop((enter(&hosts, "b"), enter(&hosts, "c")));
    for _ in 0..9 {
        assert!(hosts.try_acquire("d").is_err());
    }
    timer.advance(SECOND);
    drop((enter(&hosts, "d"), enter(&hosts, "a"), enter(&hosts, "b")));
}

#[test]
fn one_that_was_let_in_and_is_dropped_unpolled_hands_everything_on() {
    let second = |n| Settings::new().rate(Rate::per_second(n)).concurrency(1);
    let (timer, hosts) = build(second(1.0), second(1.0));
    drop(enter(&hosts, "a"));
    let granted = waiting(hosts.acquire("a"));
    let mut next = waiting(hosts.acquire("b"));
    timer.advance(SECOND);
    assert_eq!((hosts.in_flight(), hosts.waiting()), (1, 1));
    drop(granted);
    assert!(poll(&mut next).is_ready());
}

#[test]
fn idle_keys_are_forgotten_and_those_that_still_count_are_not() {
    let (timer, hosts) = build(Settings::new(), Settings::new().rate(Rate::per_second(1.0)));
    for key in ["a", "b"] {
        drop(enter(&hosts, key));
    }
    let inside = enter(&hosts, "c");
    assert_eq!(hosts.len(), 3);
    timer.advance(SECOND);
    assert_eq!(hosts.len(), 1);
    assert!(!hosts.is_empty());
    drop(inside);
    assert_eq!(hosts.len(), 0);
    hosts.pause_key(&"d", SECOND);
    assert_eq!(hosts.len(), 1);
    timer.advance(SECOND);
    assert!(hosts.is_empty());
}

#[test]
fn memory_is_bounded_by_the_keys_in_use() {
    let timer = ManualTimer::new();
    let hosts = Keyed::builder_on(timer.clone())
        .per_key(Settings::new().rate(Rate::new(1.0, ms(1))))
        .build()
        .unwrap();
    let mut most = 0;
    for key in 0..20_000 {
        drop(hosts.try_acquire(key).unwrap());
        timer.advance(Duration::from_micros(100));
        // Asking how many there are would sweep; the formatter is asked once, at the end.
        most = most.max(hosts.in_flight());
    }
    assert_eq!(most, 0);
    assert!(hosts.len() <= 10);
}

#[test]
fn a_pause_of_all_holds_all_keys() {
    let (timer, hosts) = build(Settings::new(), Settings::new());
    hosts.pause(SECOND);
    let mut line = [waiting(hosts.acquire("a")), waiting(hosts.acquire("b"))];
    timer.advance(ms(999));
    assert!(line.iter_mut().all(|waiter| poll(waiter).is_pending()));
    timer.advance(ms(1));
    assert!(line.iter_mut().all(|waiter| poll(waiter).is_ready()));
}

#[test]
fn a_timeout_a_full_queue_and_a_close_end_a_wait() {
    let timer = ManualTimer::new();
    let per_key = at_once(1);
    let hosts = Keyed::builder_on(timer.clone()).per_key(per_key).max_waiting(2).build().unwrap();
    let inside = hosts.try_acquire("a").unwrap();
    let impatient = waiting(hosts.acquire("a").timeout(ms(5)));
    let patient = waiting(hosts.acquire("a"));
    assert_eq!(ready(hosts.acquire("a")).unwrap_err(), AdmitError::QueueFull { max_waiting: 2 });
    timer.advance(ms(5));
    assert_eq!(ready(impatient).unwrap_err(), AdmitError::TimedOut);
    hosts.close();
    assert_eq!(ready(patient).unwrap_err(), AdmitError::Closed);
    drop(inside);
    assert_eq!((hosts.len(), hosts.waiting(), hosts.in_flight(), timer.armed()), (0, 0, 0, 0));
}

#[test]
fn a_key_that_waits_for_the_total_earns_no_credit_in_its_even_schedule() {
    let (timer, hosts) = build(at_once(1), Settings::new().rate(Rate::per_second(10.0).smooth()));
    let inside = enter(&hosts, "a");
    let mut line: Vec<_> = (0..5).map(|_| waiting(hosts.acquire("a"))).collect();
    timer.advance(SECOND);
    drop(inside);
    drop(ready(line.remove(0)).unwrap());
    assert!(line.iter_mut().all(|waiter| poll(waiter).is_pending()));
}

#[test]
fn a_call_that_was_not_made_gives_everything_back() {
    let second = Settings::new().rate(Rate::per_second(1.0)).concurrency(1);
    let (_, hosts) = build(second.clone(), second);
    let permit = enter(&hosts, "a");
    let mut next = waiting(hosts.acquire("b"));
    permit.refund();
    assert!(poll(&mut next).is_ready());
    drop(next);
    assert_eq!((hosts.in_flight(), hosts.waiting()), (0, 0));
}

#[test]
fn what_is_shown_of_it_names_what_it_is() {
    let (timer, hosts) = build(at_once(1), at_once(1));
    let permit = ready(hosts.acquire_cost("a", 0.5)).unwrap();
    assert_eq!(permit.cost(), 0.5);
    assert_eq!(format!("{permit:?}"), "Permit { cost: 0.5, .. }");
    assert_eq!(format!("{:?}", hosts.acquire("b")), "Acquire { cost: 1.0, .. }");
    let shown = format!("{hosts:?}");
    assert_eq!(shown, "Keyed { keys: 1, waiting: 0, in_flight: 1, closed: false, .. }");
    timer.advance(ms(3));
    assert_eq!(format!("{timer:?}"), "ManualTimer { now: 3000000, wake: OnTime, armed: 0 }");
    let builder = Keyed::<&str, _>::builder_on(timer);
    assert!(format!("{builder:?}").starts_with("Builder { timer: ManualTimer {"));
}

#[test]
fn a_key_whose_server_refuses_holds_off_and_starts_from_empty_and_the_others_go_on() {
    let per_key = Settings::new().rate(Rate::per_second(10.0).bucket(10.0));
    let (timer, hosts) = build(Settings::new(), per_key);
    drop(enter(&hosts, "a"));
    timer.advance(ms(1));
    hosts.hold_off_key(&"a", 2 * SECOND, timer.now());
    let mut refused = waiting(hosts.acquire("a"));
    (0..10).for_each(|_| drop(enter(&hosts, "b")));
    timer.advance(2 * SECOND);
    assert!(poll(&mut refused).is_pending(), "it starts from empty");
    timer.advance(ms(100));
    assert!(poll(&mut refused).is_ready());
    hosts.tighten_key(&"c", 2.0);
    (0..2).for_each(|_| drop(enter(&hosts, "c")));
    assert_eq!(hosts.try_acquire("c").unwrap_err(), TryAdmitError::NotNow);
    hosts.tighten_key(&"d", f64::NAN);
    assert!(hosts.try_acquire_cost("d", 10.0).is_ok());
}

#[test]
fn a_reserved_call_counts_for_its_key_and_the_total_from_when_it_begins_and_if_it_never_does_not_at_all() {
    let one = || Settings::new().rate(Rate::per_second(1.0)).concurrency(1);
    for (total, per_key) in [(one(), at_once(9)), (at_once(9), one())] {
        let (timer, hosts) = build(total, per_key);
        let reservation = ready(hosts.reserve_cost("a", 1.0)).unwrap();
        let mut next = waiting(hosts.acquire("a"));
        timer.advance(SECOND * 5);
        assert!(poll(&mut next).is_pending(), "room is kept");
        drop(reservation.begin());
        timer.advance(ms(999));
        assert!(poll(&mut next).is_pending());
        timer.advance(ms(1));
        drop(ready(next).unwrap());
        timer.advance(SECOND);
        let reservation = ready(hosts.reserve_cost("a", 1.0)).unwrap();
        let mut next = waiting(hosts.acquire("a"));
        drop(reservation);
        assert!(poll(&mut next).is_ready(), "as if it had never been");
        drop(next);
        timer.advance(SECOND);
        ready(hosts.reserve_cost("a", 1.0)).unwrap().begin().refund();
        assert!(hosts.try_acquire("a").is_ok());
        timer.advance(SECOND);
        assert_eq!((hosts.len(), hosts.in_flight()), (0, 0));
    }
}
