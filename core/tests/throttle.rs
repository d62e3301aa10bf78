//! Who is let in, who waits, and who goes away; on virtual time.

mod common;

use std::future::Future;
use std::time::Duration;

use common::{SECOND, build, ms, poll, ready, waiting, with};
use tollgate_core::time::Tick;
use tollgate_core::{AdmitError, Check, Hold, NotInsideError, Rate, Settings, TryAdmitError};

#[test]
fn a_heavy_call_at_the_front_is_not_overtaken() {
    let (timer, gate) = with(Rate::per_second(4.0));
    let _inside = gate.try_acquire_cost(3.0).unwrap();
    let mut heavy = waiting(gate.acquire_cost(4.0));
    let mut light = waiting(gate.acquire_cost(0.5));
    let mut free = waiting(gate.acquire_cost(0.0));
    assert_eq!(gate.try_acquire_cost(0.0).unwrap_err(), TryAdmitError::NotNow);
    timer.advance(SECOND);
    assert!(poll(&mut heavy).is_ready());
    assert!(poll(&mut light).is_pending() && poll(&mut free).is_pending());
    timer.advance(SECOND);
    assert!(poll(&mut light).is_ready() && poll(&mut free).is_ready());
}

#[test]
fn a_waiter_that_is_dropped_leaves_its_place_and_nothing_else() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let first = waiting(gate.acquire());
    let mut second = waiting(gate.acquire());
    let third = waiting(gate.acquire());
    drop(first);
    drop(third);
    timer.advance(SECOND);
    assert!(poll(&mut second).is_ready());
    assert_eq!((gate.waiting(), timer.armed()), (0, 0));
}

#[test]
fn one_that_was_let_in_and_is_dropped_unpolled_hands_everything_on() {
    let paces = [Rate::window, Rate::smooth, |rate: Rate| rate.bucket(1.0), |rate: Rate| rate.stepped(1.0)];
    for (pace, answered) in paces.into_iter().flat_map(|pace| [(pace, false), (pace, true)]) {
        let rate = pace(Rate::per_second(1.0));
        let rate = if answered { rate.until_answered() } else { rate };
        let settings = Settings::new().rate(rate).concurrency(1).cooldown(ms(1));
        let (timer, gate) = build(settings);
        drop(gate.try_acquire().unwrap());
        let granted = waiting(gate.acquire());
        let mut next = waiting(gate.acquire());
        timer.advance(SECOND);
        assert_eq!((gate.in_flight(), gate.waiting()), (1, 1), "{rate:?}");
        drop(granted);
        let permit = ready(&mut next).unwrap();
        assert_eq!(permit.admitted_at(), Tick::ZERO + SECOND, "{rate:?}");
    }
}

#[test]
fn a_slot_comes_back_after_its_cooldown() {
    let (timer, gate) = build(Settings::new().concurrency(1).cooldown(ms(50)));
    for n in 0..4 {
        let mut next = gate.acquire();
        let permit = match poll(&mut next) {
            std::task::Poll::Ready(permit) => permit.unwrap(),
            std::task::Poll::Pending => {
                timer.advance(ms(50));
                ready(next).unwrap()
            }
        };
        assert_eq!(permit.admitted_at(), Tick::ZERO + ms(50) * n);
    }
}

#[test]
fn a_pause_holds_those_who_wait_and_those_who_come_and_lets_those_inside_go_on() {
    let (timer, gate) = with(Rate::per_second(2.0));
    let inside = gate.try_acquire_cost(2.0).unwrap();
    let mut line = waiting(gate.acquire());
    gate.pause(Duration::from_secs(3));
    let mut newcomer = waiting(gate.acquire());
    timer.advance(Duration::from_secs(2));
    drop(inside);
    assert!(poll(&mut line).is_pending() && gate.try_acquire().is_err());
    gate.resume();
    assert!(poll(&mut line).is_ready() && poll(&mut newcomer).is_ready());
}

#[test]
fn a_timeout_ends_the_wait_on_time_and_takes_nothing() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let mut impatient = waiting(gate.acquire().timeout(ms(400)));
    let mut next = waiting(gate.acquire());
    timer.advance(ms(399));
    assert!(poll(&mut impatient).is_pending());
    timer.advance(ms(1));
    assert_eq!(ready(impatient).unwrap_err(), AdmitError::TimedOut);
    timer.advance(ms(600));
    assert!(poll(&mut next).is_ready());
}

#[test]
fn who_is_due_at_the_moment_of_its_timeout_is_let_in() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let lucky = waiting(gate.acquire().timeout(SECOND));
    let unlucky = waiting(gate.acquire().timeout(SECOND));
    timer.advance(SECOND);
    assert!(ready(lucky).is_ok());
    assert_eq!(ready(unlucky).unwrap_err(), AdmitError::TimedOut);
}

#[test]
fn closing_turns_everybody_away_and_leaves_those_inside() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(1.0)).concurrency(1));
    let inside = gate.try_acquire().unwrap();
    let line = [waiting(gate.acquire()), waiting(gate.acquire().timeout(SECOND))];
    gate.close();
    for waiter in line {
        assert_eq!(ready(waiter).unwrap_err(), AdmitError::Closed);
    }
    assert_eq!((gate.waiting(), gate.in_flight(), timer.armed()), (0, 1, 0));
    drop(inside);
    assert_eq!(gate.in_flight(), 0);
}

#[test]
fn check_tells_when_and_why_and_takes_nothing() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(2.0)).concurrency(2));
    let wait = |at_least, by| Check::Wait { at_least, by };
    let first = gate.try_acquire().unwrap();
    assert_eq!(gate.check(2.0), wait(SECOND, Hold::Rate(0)));
    gate.pause(Duration::from_secs(3));
    assert_eq!(gate.check(1.0), wait(Duration::from_secs(3), Hold::Pause));
    gate.resume();
    timer.advance(SECOND);
    let second = gate.try_acquire().unwrap();
    assert_eq!(gate.check(1.0), wait(Duration::ZERO, Hold::Slot));
    drop((first, second));
    let _line = waiting(gate.acquire_cost(2.0));
    assert_eq!(gate.check(0.5), wait(SECOND, Hold::Line));
    assert_eq!((gate.waiting(), gate.in_flight()), (1, 0));
}

#[test]
fn run_gives_the_permit_back_also_when_the_call_panics_or_is_dropped() {
    let (_, gate) = build(Settings::new().concurrency(1));
    assert_eq!(futures::executor::block_on(gate.run(async { 7 })).unwrap(), 7);
    let panics = std::panic::AssertUnwindSafe(gate.run(async { panic!("as planned") }));
    let run = || futures::executor::block_on(async { panics.0.await.map(|(): ()| ()) });
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err());
    let mut hangs = Box::pin(gate.run(std::future::pending::<()>()));
    assert!(poll(&mut hangs).is_pending());
    assert_eq!(gate.in_flight(), 1);
    drop(hangs);
    assert_eq!(gate.in_flight(), 0);
}

/// A waker that panics.
struct Panics;

impl std::task::Wake for Panics {
    fn wake(self: std::sync::Arc<Self>) {
        panic!("as planned");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    let (timer, gate) = with(Rate::per_second(2.0));
    drop(gate.try_acquire_cost(2.0).unwrap());
    let mut first = gate.acquire();
    let waker = std::task::Waker::from(std::sync::Arc::new(Panics));
    let _ = std::pin::Pin::new(&mut first).poll(&mut std::task::Context::from_waker(&waker));
    let mut second = waiting(gate.acquire());
    let mut third = waiting(gate.acquire());
    timer.advance(SECOND);
    assert!(poll(&mut first).is_ready() && poll(&mut second).is_ready());
    assert_eq!(timer.armed(), 1);
    timer.advance(SECOND);
    assert!(poll(&mut third).is_ready());
}

#[test]
fn places_in_the_queue_are_free_again_also_while_the_alarm_is_late() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(1.0)).max_waiting(1));
    timer.set_wake(tollgate_core::time::Wake::Frozen);
    drop(gate.try_acquire().unwrap());
    let due = waiting(gate.acquire());
    timer.advance(SECOND);
    let _next = waiting(gate.acquire());
    assert!(ready(due).is_ok());
    assert_eq!(ready(gate.acquire()).unwrap_err(), AdmitError::QueueFull { max_waiting: 1 });
}

#[test]
fn what_is_shown_for_debugging_tells_the_state() {
    let (_, gate) = build(Settings::new().concurrency(1));
    let permit = gate.try_acquire().unwrap();
    let call = waiting(gate.acquire_cost(0.5));
    let shown = format!("{gate:?}");
    assert!(
        shown.contains("concurrency: 1") && shown.contains("waiting: 1, in_flight: 1, closed: false"),
        "{shown}"
    );
    assert_eq!(
        (format!("{permit:?}"), format!("{call:?}")),
        ("Permit { cost: 1.0, .. }".into(), "Acquire { cost: 0.5, .. }".into())
    );
}

#[test]
fn a_call_whose_permit_is_forgotten_stays_inside_until_it_is_released() {
    let (timer, throttle) = with(Rate::per_second(3.0).until_answered());
    throttle.try_acquire_cost(2.0).unwrap().forget();
    throttle.try_acquire_cost(0.5).unwrap().forget();
    assert_eq!((throttle.in_flight(), throttle.available()), (2, 0.5));
    for wrong in [f64::NAN, -1.0, 2.6, f64::INFINITY] {
        let error = throttle.release(wrong).unwrap_err();
        assert!(error.cost.total_cmp(&wrong).is_eq(), "{error}");
    }
    throttle.release(2.0).unwrap();
    assert_eq!(throttle.release(2.0), Err(NotInsideError { cost: 2.0 }));
    assert_eq!(throttle.release(0.4), Err(NotInsideError { cost: 0.4 }), "only 0.5 is left");
    throttle.release(0.5).unwrap();
    assert_eq!(throttle.release(0.0), Err(NotInsideError { cost: 0.0 }));
    assert_eq!((throttle.in_flight(), throttle.available()), (0, 0.5));
    timer.advance(Duration::from_secs(1));
    assert_eq!(throttle.available(), 3.0);
}

#[test]
fn a_release_by_hand_takes_nothing_from_permits_in_hand_and_lets_the_next_in() {
    let (_, throttle) = build(Settings::new().concurrency(1));
    let permit = throttle.try_acquire().unwrap();
    assert!(throttle.release(1.0).is_err());
    permit.forget();
    let mut next = waiting(throttle.acquire());
    throttle.release(1.0).unwrap();
    assert!(poll(&mut next).is_ready());
}

#[test]
fn a_throttle_is_idle_when_a_new_one_would_decide_the_same() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(2.0)).concurrency(1).cooldown(ms(10)));
    assert!(gate.is_idle());
    let permit = gate.try_acquire().unwrap();
    timer.advance(SECOND);
    assert!(!gate.is_idle(), "somebody is inside");
    drop(permit);
    assert!(!gate.is_idle(), "its slot rests");
    timer.advance(ms(10));
    assert!(gate.is_idle());
    gate.pause(ms(5));
    assert!(!gate.is_idle(), "paused");
    timer.advance(ms(5));
    assert!(gate.is_idle());
    gate.try_acquire().unwrap().forget();
    gate.release(1.0).unwrap();
    timer.advance(ms(999));
    assert!(!gate.is_idle(), "a rate remembers it");
    timer.advance(ms(1));
    assert!(gate.is_idle());
}

#[test]
fn a_throttle_is_locked_while_a_call_would_have_to_wait() {
    let (timer, gate) = with(Rate::per_second(1.0));
    assert!(!gate.is_locked());
    let _inside = gate.try_acquire().unwrap();
    assert!(gate.is_locked());
    timer.advance(SECOND);
    assert!(!gate.is_locked());
}

#[test]
fn what_is_said_of_waiting_names_what_it_is() {
    let (_, gate) = with(Rate::per_second(1.0));
    let _inside = gate.try_acquire().unwrap();
    let refused = gate.try_acquire().unwrap_err();
    assert_eq!(refused.to_string(), "cannot be admitted now; `check` tells when and why");
    assert_eq!(format!("{:?}", gate.consume(0.5)), "Consume { cost: 0.5, .. }");
    assert_eq!(format!("{:?}", Tick::from_nanos(15)), "Tick(15ns)");
}

#[test]
fn a_full_gate_that_is_paused_is_shut_for_as_long_as_the_pause_at_least() {
    let (_timer, gate) = build(Settings::new().concurrency(1));
    let inside = gate.try_acquire().unwrap();
    gate.pause(ms(300));
    assert_eq!(gate.check(1.0), Check::Wait { at_least: ms(300), by: Hold::Slot });
    drop(inside);
    assert_eq!(gate.check(1.0), Check::Wait { at_least: ms(300), by: Hold::Pause });
}
