//! What a throttle does, on virtual time.

mod common;

use std::time::Duration;

use common::{Gate, Pass, SECOND, fill, ms, poll, ready, waiting};
use futures::future::join_all;
use futures::stream::{FuturesOrdered, StreamExt};
use tollgate_core::time::{ManualTimer, Tick, Timer, Wake};
use tollgate_core::{AdmitError, Check, Hold, Rate, Settings, Throttle, TryAdmitError};

fn build(settings: Settings) -> (ManualTimer, Gate) {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).settings(settings).build().unwrap();
    (timer, gate)
}

fn with(rate: Rate) -> (ManualTimer, Gate) {
    build(Settings::new().rate(rate))
}

/// Admits `count` greedy callers of cost 1; returns when each was let in, in milliseconds.
fn admissions(timer: &ManualTimer, gate: &Gate, count: usize) -> Vec<u64> {
    let mut callers: FuturesOrdered<_> = (0..count).map(|_| gate.acquire_owned()).collect();
    let mut times = Vec::new();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while times.len() < count {
        match callers.poll_next_unpin(&mut cx) {
            std::task::Poll::Ready(Some(permit)) => {
                times.push(permit.unwrap().admitted_at().as_nanos() / 1_000_000);
            }
            std::task::Poll::Ready(None) => break,
            std::task::Poll::Pending => {
                let next = timer.next_alarm().expect("an alarm is set while somebody waits");
                timer.advance_to(next);
            }
        }
    }
    times
}

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
        if let Ok(permit) = gate.try_acquire_owned(1.0) {
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
fn consume_waits_for_units_only_in_order_with_those_who_wait_for_the_same() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(2.0)).concurrency(1));
    let inside = gate.try_acquire().unwrap();
    let mut for_slot = waiting(gate.acquire());
    ready(gate.consume(1.0)).unwrap();
    let mut consumer = waiting(gate.consume(2.0));
    drop(inside);
    assert!(poll(&mut for_slot).is_pending(), "units are gone, and who came first goes first");
    timer.advance(SECOND);
    assert!(poll(&mut for_slot).is_ready());
    assert!(poll(&mut consumer).is_pending());
    gate.pause(Duration::from_secs(60));
    timer.advance(SECOND);
    assert!(poll(&mut consumer).is_ready());
}

#[test]
fn a_consumer_that_is_dropped_after_its_grant_gives_the_units_back() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let consumer = waiting(gate.consume(1.0));
    let mut next = waiting(gate.acquire());
    timer.advance(SECOND);
    drop(consumer);
    assert!(poll(&mut next).is_ready());
}

#[test]
fn refunds_come_back_at_once_and_never_more_than_was_used() {
    for pace in [Rate::window, |rate: Rate| rate.bucket(5.0), |rate: Rate| rate.stepped(5.0)] {
        for rate in [pace(Rate::per_second(5.0)), pace(Rate::per_second(5.0)).until_answered()] {
            let (timer, gate) = with(rate);
            let permit = gate.try_acquire_cost(4.0).unwrap();
            gate.refund(1.5).unwrap();
            assert_eq!(gate.available(), 2.5, "{rate:?}");
            drop(permit);
            assert_eq!(gate.available(), 2.5, "{rate:?}");
            gate.refund(100.0).unwrap();
            assert_eq!(gate.available(), 5.0, "{rate:?}");
            timer.advance(Duration::from_secs(9));
            assert_eq!(gate.available(), 5.0, "{rate:?}");
            gate.try_acquire_cost(5.0).unwrap().refund();
            assert_eq!((gate.available(), gate.in_flight()), (5.0, 0), "{rate:?}");
        }
    }
}

#[test]
fn a_refund_gives_the_place_in_an_even_schedule_back() {
    for rate in [Rate::per_second(4.0).smooth(), Rate::per_second(4.0).smooth().until_answered()] {
        let (timer, gate) = with(rate);
        gate.try_acquire_cost(3.0).unwrap().refund();
        assert!((gate.available(), gate.check(1.0)) == (4.0, Check::Ready), "{rate:?}");
        let inside = gate.try_acquire_cost(3.0).unwrap();
        assert_eq!(gate.available(), 0.0);
        gate.refund(2.0).unwrap();
        drop(inside);
        timer.advance(ms(250));
        assert!(gate.check(1.0).is_ready(), "{rate:?}");
        gate.refund(100.0).unwrap();
        assert_eq!(gate.available(), 4.0, "{rate:?}");
        drop(gate.try_acquire().unwrap());
        assert!(gate.try_acquire().is_err(), "what was not used earns no credit");
    }
}

#[test]
fn a_refund_and_a_grant_that_is_dropped_do_not_mix_up_who_is_inside() {
    let (timer, gate) = with(Rate::per_second(3.0).until_answered());
    let inside = gate.try_acquire_cost(3.0).unwrap();
    let granted = waiting(gate.acquire_cost(2.0));
    gate.refund(3.0).unwrap();
    assert_eq!((gate.waiting(), gate.available()), (0, 1.0));
    gate.refund(2.0).unwrap();
    drop(granted);
    assert_eq!((gate.in_flight(), gate.available()), (1, 3.0));
    drop(inside);
    timer.advance(SECOND);
    assert_eq!((gate.in_flight(), gate.available()), (0, 3.0));
}

#[test]
fn a_refund_lets_the_next_in() {
    let (_, gate) = with(Rate::per_second(1.0));
    let permit = gate.try_acquire().unwrap();
    let mut next = waiting(gate.acquire());
    permit.refund();
    assert!(poll(&mut next).is_ready());
}

#[test]
fn an_update_takes_effect_on_those_who_wait_and_forgets_nothing_that_was_used() {
    let second = Rate::per_second(4.0);
    let smooth = second.smooth();
    let paces = [second, second.until_answered(), second.bucket(4.0), second.stepped(4.0)];
    for old in paces {
        for new in [smooth, second, second.until_answered(), second.bucket(4.0), second.stepped(4.0)] {
            let (timer, gate) = with(old);
            drop(gate.try_acquire_cost(4.0).unwrap());
            let mut line = waiting(gate.acquire_cost(4.0));
            gate.update(gate.settings().set_rates([new])).unwrap();
            assert!(poll(&mut line).is_pending(), "{old:?} to {new:?}: a fresh quota");
            timer.advance(ms(2_500));
            assert!(poll(&mut line).is_ready(), "{old:?} to {new:?}: lost");
        }
    }
    let (_, gate) = build(Settings::new().concurrency(1));
    let _inside = gate.try_acquire().unwrap();
    let mut line = waiting(gate.acquire());
    gate.update(Settings::new().concurrency(2)).unwrap();
    assert!(poll(&mut line).is_ready());
}

#[test]
fn calls_inside_while_the_counting_changes_are_counted_once() {
    let rate = Rate::per_second(2.0);
    for (old, new) in [(rate, rate.until_answered()), (rate.until_answered(), rate)] {
        let (timer, gate) = with(old);
        let inside = gate.try_acquire_cost(2.0).unwrap();
        timer.advance(ms(500));
        gate.update(gate.settings().set_rates([new])).unwrap();
        assert_eq!(gate.available(), 0.0);
        drop(inside);
        timer.advance(SECOND);
        assert_eq!(gate.available(), 2.0, "{old:?} to {new:?}");
    }
}

#[test]
fn who_waits_with_a_cost_that_an_update_makes_impossible_is_turned_away() {
    let (timer, gate) = with(Rate::per_second(9.0));
    drop(gate.try_acquire_cost(9.0).unwrap());
    let heavy = waiting(gate.acquire_cost(5.0));
    let mut light = waiting(gate.acquire());
    gate.update(Settings::new().rate(Rate::per_second(3.0))).unwrap();
    assert!(matches!(ready(heavy), Err(AdmitError::Cost(_))));
    timer.advance(SECOND);
    assert!(poll(&mut light).is_ready());
}

#[test]
fn shrinking_the_concurrency_lets_those_inside_go_on() {
    let (_, gate) = build(Settings::new().concurrency(3));
    let mut inside = fill(&gate);
    gate.update(Settings::new().concurrency(1)).unwrap();
    let mut line = waiting(gate.acquire());
    inside.truncate(1);
    assert!(poll(&mut line).is_pending());
    inside.clear();
    assert!(poll(&mut line).is_ready());
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
