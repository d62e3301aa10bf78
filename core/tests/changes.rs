//! Refunds, updates and bare consumption, while calls wait and are inside.

mod common;

use std::time::Duration;

use common::{SECOND, build, fill, ms, poll, ready, waiting, with};
use tollgate_core::time::Wake;
use tollgate_core::{AdmitError, Check, Rate, Settings};

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
fn of_what_is_taken_back_no_more_comes_back_than_has_not_flowed_over() {
    let half = tollgate_core::Pacing::Stepped { burst: 10.0, interval: Some(ms(500)) };
    for rate in [Rate::per_second(10.0).bucket(10.0), Rate::per_second(10.0).pacing(half)] {
        let (timer, gate) = with(rate);
        let first = gate.try_acquire_cost(6.0).unwrap();
        let second = gate.try_acquire_cost(4.0).unwrap();
        timer.advance(ms(500));
        let _third = gate.try_acquire_cost(5.0).unwrap();
        first.refund();
        second.refund();
        assert_eq!(gate.available(), 5.0, "{rate:?}");
        let (timer, gate) = with(rate);
        drop(gate.try_acquire_cost(10.0).unwrap());
        timer.advance(ms(500));
        drop(gate.try_acquire_cost(5.0).unwrap());
        gate.refund(10.0).unwrap();
        assert_eq!(gate.available(), 5.0, "{rate:?}");
    }
}

#[test]
fn a_refund_takes_from_what_stops_counting_soonest() {
    let (timer, gate) = with(Rate::per_second(10.0).until_answered());
    drop(gate.try_acquire_cost(5.0).unwrap());
    let _inside = gate.try_acquire_cost(5.0).unwrap();
    gate.refund(5.0).unwrap();
    assert_eq!(gate.available(), 5.0);
    timer.advance(SECOND);
    assert_eq!(gate.available(), 5.0);
}

#[test]
fn calls_inside_are_not_forgotten_when_the_counting_changes() {
    let large = Rate::per_second(10.0).bucket(100.0);
    let (_, gate) = with(large.until_answered());
    let _inside = gate.try_acquire_cost(100.0).unwrap();
    gate.update(Settings::new().rate(large)).unwrap();
    assert_eq!(gate.available(), 0.0);
    let (_, gate) = with(Rate::per_second(20.0).until_answered());
    let _inside = gate.try_acquire_cost(20.0).unwrap();
    gate.update(Settings::new().rate(Rate::per_second(10.0).until_answered())).unwrap();
    gate.update(Settings::new().rate(Rate::per_second(20.0))).unwrap();
    assert_eq!(gate.available(), 0.0);
}

#[test]
fn a_window_that_takes_over_from_a_bucket_knows_what_that_let_in() {
    let tenth = tollgate_core::Pacing::Stepped { burst: 1.0, interval: Some(ms(100)) };
    let ten = Rate::per_second(10.0);
    for rate in [ten.bucket(1.0), ten.pacing(tenth)] {
        for rate in [rate, rate.until_answered()] {
            let (timer, gate) = with(rate);
            for _ in 0..10 {
                drop(gate.try_acquire().unwrap());
                timer.advance(ms(100));
            }
            gate.update(Settings::new().rate(ten)).unwrap();
            assert!(fill(&gate).len() <= 1, "{rate:?}");
            timer.advance(SECOND);
            assert_eq!(fill(&gate).len(), 10, "{rate:?}");
            // One that was not used for a while hands over nothing.
            let (timer, gate) = with(rate);
            drop(gate.try_acquire().unwrap());
            timer.advance(Duration::from_secs(2));
            gate.update(Settings::new().rate(ten)).unwrap();
            assert_eq!(fill(&gate).len(), 10, "{rate:?}");
        }
    }
}

#[test]
fn a_rate_that_stays_keeps_its_memory_when_others_go() {
    let minute = Rate::per_minute(50.0);
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(10.0)).rate(minute));
    for _ in 0..5 {
        assert_eq!(fill(&gate).len(), 10);
        timer.advance(SECOND);
    }
    gate.update(Settings::new().rate(minute)).unwrap();
    assert_eq!(gate.available(), 0.0);
}

#[test]
fn costs_far_above_a_burst_do_no_harm() {
    let century = Duration::from_secs(3_155_760_000);
    let slow = Rate::new(1.0 / 3.0, century);
    for rate in [slow.bucket(1.0), slow.stepped(1.0)] {
        let (_, gate) = with(rate);
        gate.refund(1e12).unwrap();
        let (_, gate) = build(Settings::new());
        let inside = gate.try_acquire_cost(1e12).unwrap();
        gate.update(Settings::new().rate(rate.until_answered())).unwrap();
        drop(inside);
        assert_eq!(gate.available(), 0.0);
    }
}

#[test]
fn slots_that_cool_down_go_on_doing_so_when_the_concurrency_comes_back() {
    let cooled = Settings::new().concurrency(1).cooldown(SECOND);
    let (_, gate) = build(cooled.clone());
    drop(gate.try_acquire().unwrap());
    gate.update(Settings::new()).unwrap();
    gate.update(cooled).unwrap();
    assert!(gate.try_acquire().is_err());
}

#[test]
fn a_place_in_an_even_schedule_that_has_passed_is_not_given_to_another() {
    let (timer, gate) = with(Rate::per_second(10.0).smooth());
    drop(gate.try_acquire().unwrap());
    let granted = waiting(gate.acquire());
    timer.advance(SECOND);
    assert_eq!(gate.waiting(), 0);
    drop(gate.try_acquire().unwrap());
    drop(granted);
    assert!(gate.try_acquire().is_err(), "two calls at one moment");
}

#[test]
fn a_look_does_not_delay_who_waits_for_a_refill() {
    for look in [false, true] {
        let (timer, gate) = with(Rate::per_second(1.0).stepped(4.0));
        drop(gate.try_acquire_cost(4.0).unwrap());
        let mut front = waiting(gate.acquire_cost(3.0));
        timer.advance(ms(2_500));
        if look {
            assert!(!gate.check(1.0).is_ready());
        }
        timer.advance(ms(500));
        assert!(poll(&mut front).is_ready(), "look: {look}");
    }
}

#[test]
fn a_refund_takes_nothing_from_what_has_ceased_to_count() {
    let (timer, gate) = with(Rate::per_second(2.0));
    drop(gate.try_acquire().unwrap());
    timer.advance(ms(900));
    drop(gate.try_acquire().unwrap());
    timer.advance(ms(600));
    gate.refund(1.0).unwrap();
    assert_eq!(gate.available(), 2.0);
}

#[test]
fn a_call_from_before_a_rate_takes_nothing_back_from_it() {
    let second = Rate::per_second(1.0);
    for rate in [second, second.bucket(1.0), second.stepped(1.0), second.smooth()] {
        let (_, gate) = build(Settings::new());
        let old = gate.try_acquire().unwrap();
        gate.update(Settings::new().rate(rate)).unwrap();
        let _new = gate.try_acquire().unwrap();
        old.refund();
        assert!(gate.try_acquire().is_err(), "{rate:?}");
    }
}

#[test]
fn units_that_were_refunded_do_not_come_back_again_with_their_call() {
    let (timer, gate) = with(Rate::per_second(1.0));
    let first = gate.try_acquire().unwrap();
    gate.refund(1.0).unwrap();
    timer.advance(ms(10));
    let _second = gate.try_acquire().unwrap();
    first.refund();
    assert!(gate.try_acquire().is_err(), "the second still counts");

    let (_, gate) = with(Rate::per_second(2.0).until_answered());
    let _first = gate.try_acquire().unwrap();
    let second = gate.try_acquire().unwrap();
    gate.refund(2.0).unwrap();
    let _third = gate.try_acquire().unwrap();
    second.refund();
    assert_eq!(gate.available(), 1.0, "the third still counts");
}

#[test]
fn a_refund_and_a_call_that_is_free_leave_an_even_schedule_where_it_is() {
    let (timer, gate) = with(Rate::per_second(1.0).smooth());
    let call = gate.try_acquire().unwrap();
    timer.advance(ms(10));
    drop(gate.try_acquire_cost(0.0).unwrap());
    call.refund();
    assert!(gate.check(1.0).is_ready(), "its place is free again");

    let (timer, gate) = with(Rate::per_second(10.0).smooth());
    timer.set_wake(Wake::Late(ms(100)));
    drop(gate.try_acquire().unwrap());
    let calls = [waiting(gate.acquire_owned()), waiting(gate.acquire_owned())];
    timer.advance(ms(200));
    for call in calls {
        ready(call).unwrap().refund();
    }
    gate.refund(0.5).unwrap();
    assert!(gate.check(1.0).is_ready());
}

#[test]
fn the_settings_at_work_are_told_as_they_were_given() {
    let rate = Rate::new(2.5, SECOND);
    let settings =
        Settings::new().rate(rate).rate(rate.smooth()).concurrency(3).cooldown(ms(7)).max_waiting(9);
    let (_, gate) = build(settings.clone());
    assert_eq!(gate.settings(), settings);
    assert_eq!((gate.settings().rates()[0].capacity(), rate.period()), (2.5, SECOND));
    let fewer = Settings::new().rate(rate.bucket(2.0)).concurrency(2);
    gate.update(fewer.clone()).unwrap();
    assert_eq!(gate.settings(), fewer);
}

#[test]
fn a_call_counts_from_the_moment_it_comes_out_also_if_nobody_looks() {
    let (timer, gate) = with(Rate::per_second(1.0).until_answered());
    let inside = gate.try_acquire().unwrap();
    timer.advance(ms(500));
    drop(inside);
    timer.advance(ms(999));
    assert!(gate.try_acquire().is_err(), "it came out 999 ms ago");
    timer.advance(ms(1));
    assert!(gate.try_acquire().is_ok());

    let (timer, gate) = build(Settings::new().concurrency(1).cooldown(SECOND));
    let inside = gate.try_acquire().unwrap();
    timer.advance(ms(500));
    drop(inside);
    timer.advance(ms(999));
    assert!(gate.try_acquire().is_err(), "the slot has rested for 999 ms");
    timer.advance(ms(1));
    assert!(gate.try_acquire().is_ok());
}

#[test]
fn what_has_ceased_to_count_does_not_come_back_with_a_longer_period() {
    for look in [false, true] {
        let (timer, gate) = with(Rate::per_second(1.0));
        drop(gate.try_acquire().unwrap());
        timer.advance(5 * SECOND);
        if look {
            assert_eq!(gate.available(), 1.0);
        }
        gate.update(Settings::new().rate(Rate::new(1.0, 10 * SECOND))).unwrap();
        assert!(gate.try_acquire().is_ok(), "look: {look}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "takes long, and is arithmetic only")]
fn a_call_of_a_group_is_taken_back_like_any_other() {
    let (timer, gate) = with(Rate::per_second(1e6));
    for _ in 0..5_000 {
        drop(gate.try_acquire().unwrap());
        timer.advance(Duration::from_micros(10));
    }
    timer.advance(ms(900));
    let first = gate.try_acquire().unwrap();
    timer.advance(Duration::from_micros(1));
    let _second = gate.try_acquire().unwrap();
    timer.advance(ms(500));
    drop(gate.try_acquire().unwrap());
    let before = gate.available();
    first.refund();
    assert_eq!(gate.available(), before + 1.0);
}

#[test]
fn a_faster_schedule_goes_on_from_the_last_call_at_its_own_pace() {
    let (timer, gate) = with(Rate::new(1.0, 3_600 * SECOND).smooth());
    drop(gate.try_acquire().unwrap());
    let mut next = waiting(gate.acquire());
    timer.advance(ms(40));
    gate.update(gate.settings().set_rates([Rate::per_second(10.0).smooth()])).unwrap();
    timer.advance(ms(59));
    assert!(poll(&mut next).is_pending());
    timer.advance(ms(1));
    assert!(poll(&mut next).is_ready(), "a tenth of a second after the last one, not an hour");
    drop(next);
    // Whatever came in between.
    for capacity in [1.0, 500.0] {
        let slow = Rate::new(capacity, 60_000 * SECOND).smooth();
        gate.update(gate.settings().set_rates([slow])).unwrap();
    }
    gate.update(gate.settings().set_rates([Rate::per_second(1.0).smooth()])).unwrap();
    let mut slower = waiting(gate.acquire());
    timer.advance(ms(899));
    assert!(poll(&mut slower).is_pending());
}
