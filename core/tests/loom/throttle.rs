//! The throttle: its alarm, and what runs at once with a grant.

use std::borrow::Borrow;
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::thread;
use tollgate_core::throttle::Acquire;
use tollgate_core::time::{ManualTimer, Tick, Wake};
use tollgate_core::{AdmitError, Rate, Settings, Throttle};

use crate::{poll, waiting};

type Gate = Throttle<ManualTimer>;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Tick {
    Tick::ZERO + SECOND * u32::try_from(seconds).unwrap()
}

fn gate(settings: Settings) -> (ManualTimer, Gate) {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).settings(settings).build().unwrap();
    (timer, gate)
}

/// One call per second, and the first is let in.
fn busy() -> (ManualTimer, Gate) {
    let (timer, gate) = gate(Settings::new().rate(Rate::per_second(1.0)));
    drop(gate.try_acquire().unwrap());
    (timer, gate)
}

/// The clock moves on to one second, and rings, on a thread of its own.
fn ring(timer: &ManualTimer) -> thread::JoinHandle<()> {
    let timer = timer.clone();
    thread::spawn(move || timer.advance_to(at(1)))
}

/// The alarm rings on one thread while a permit comes back on another.
fn ring_while_it_comes_out<P: Send + 'static>(timer: &ManualTimer, inside: P) {
    let ring = ring(timer);
    let come_out = thread::spawn(move || drop(inside));
    ring.join().unwrap();
    come_out.join().unwrap();
}

/// Lets time go by, alarm by alarm, until the call is let in; answers when that was.
fn admitted<H>(timer: &ManualTimer, mut call: Acquire<H, ManualTimer>) -> Tick
where
    H: Borrow<Gate> + Unpin,
{
    loop {
        if let Poll::Ready(permit) = poll(&mut call) {
            return permit.unwrap().admitted_at();
        }
        assert_eq!(timer.armed(), 1, "somebody waits for time to pass");
        timer.advance_to(timer.next_alarm().unwrap());
    }
}

/// Nobody waits, and nothing is left behind.
fn at_rest(timer: &ManualTimer, gate: &Gate) {
    assert_eq!((gate.waiting(), gate.in_flight(), timer.armed()), (0, 0, 0));
}

#[test]
fn a_pause_while_the_alarm_rings_holds_or_comes_too_late() {
    loom::model(|| {
        let (timer, gate) = busy();
        let call = waiting(gate.acquire());
        let ring = ring(&timer);
        gate.pause(5 * SECOND);
        ring.join().unwrap();
        let admitted = admitted(&timer, call);
        // The pause began before the alarm rang, or when it rang.
        assert!([1, 5, 6].map(at).contains(&admitted), "{admitted:?}");
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_resume_while_the_alarm_rings_is_not_lost() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().concurrency(1));
        gate.pause(SECOND);
        let call = waiting(gate.acquire());
        let ring = ring(&timer);
        gate.resume();
        assert!(poll(&mut { call }).is_ready(), "nothing holds it any more");
        ring.join().unwrap();
        at_rest(&timer, &gate);
    });
}

#[test]
fn an_update_while_the_alarm_rings_lets_in_as_either_says() {
    loom::model(|| {
        let (timer, gate) = busy();
        let call = waiting(gate.acquire());
        let ring = ring(&timer);
        gate.update(gate.settings().set_rates([Rate::new(1.0, 3 * SECOND)])).unwrap();
        ring.join().unwrap();
        let admitted = admitted(&timer, call);
        assert!([1, 3].map(at).contains(&admitted), "{admitted:?}");
        at_rest(&timer, &gate);
    });
}

#[test]
fn an_update_to_a_faster_rate_sets_the_alarm_anew() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::new(1.0, 3 * SECOND)));
        drop(gate.try_acquire().unwrap());
        let call = waiting(gate.acquire());
        let ring = ring(&timer);
        gate.update(gate.settings().set_rates([Rate::per_second(1.0)])).unwrap();
        ring.join().unwrap();
        assert_eq!(admitted(&timer, call), at(1));
        at_rest(&timer, &gate);
    });
}

#[test]
fn an_alarm_that_rings_early_is_set_again_whoever_comes_meanwhile() {
    loom::model(|| {
        let (timer, gate) = busy();
        timer.set_wake(Wake::Early(SECOND / 2));
        let first = waiting(gate.acquire());
        let early = {
            let timer = timer.clone();
            thread::spawn(move || timer.advance(SECOND / 2))
        };
        let second = waiting(gate.acquire());
        early.join().unwrap();
        assert_eq!(admitted(&timer, first), at(1));
        assert_eq!(admitted(&timer, second), at(2));
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_small_call_goes_at_once_when_the_large_one_before_it_leaves() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::per_second(2.0)));
        drop(gate.try_acquire().unwrap());
        let large = waiting(gate.acquire_cost_owned(2.0));
        let mut small = waiting(gate.acquire());
        let ring = ring(&timer);
        drop(large);
        match poll(&mut small) {
            Poll::Ready(permit) => drop(permit.unwrap()),
            Poll::Pending => panic!("there is room for it since the large one left"),
        }
        ring.join().unwrap();
        at_rest(&timer, &gate);
    });
}

#[test]
fn the_alarm_finds_whoever_is_the_head_by_then() {
    loom::model(|| {
        let (timer, gate) = busy();
        let head = waiting(gate.acquire_owned());
        let next = waiting(gate.acquire());
        let ring = ring(&timer);
        drop(head);
        ring.join().unwrap();
        assert_eq!(admitted(&timer, next), at(1));
        at_rest(&timer, &gate);
    });
}

#[test]
fn one_who_comes_while_the_alarm_rings_waits_for_the_next_turn() {
    loom::model(|| {
        let (timer, gate) = busy();
        let first = waiting(gate.acquire_owned());
        let ring = ring(&timer);
        let second = waiting(gate.acquire());
        ring.join().unwrap();
        for (call, second) in
            [admitted(&timer, first), admitted(&timer, second)].into_iter().zip([at(1), at(2)])
        {
            assert_eq!(call, second);
        }
        at_rest(&timer, &gate);
    });
}

#[test]
fn the_task_that_waits_is_woken() {
    loom::model(|| {
        let (timer, gate) = busy();
        let ring = {
            let (timer, gate) = (timer.clone(), gate.clone());
            thread::spawn(move || {
                while gate.waiting() == 0 {
                    thread::yield_now();
                }
                timer.advance_to(at(1));
            })
        };
        drop(block_on(gate.acquire()).unwrap());
        ring.join().unwrap();
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_permit_that_comes_back_while_a_time_limit_ends_is_taken_or_stays() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().concurrency(1));
        let inside = gate.try_acquire_owned().unwrap();
        let call = waiting(gate.acquire().timeout(SECOND));
        ring_while_it_comes_out(&timer, inside);
        match poll(&mut { call }) {
            Poll::Ready(Ok(permit)) => drop(permit),
            Poll::Ready(Err(error)) => assert_eq!(error, AdmitError::TimedOut),
            Poll::Pending => panic!("its time is up"),
        }
        drop(gate.try_acquire().expect("the slot is free again"));
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_permit_that_comes_back_while_the_alarm_rings_changes_nothing_for_whom_it_rings() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::per_second(2.0).until_answered()));
        drop(gate.try_acquire().unwrap());
        let inside = gate.try_acquire_owned().unwrap();
        let call = waiting(gate.acquire());
        assert_eq!(timer.next_alarm(), Some(at(1)), "for the call that is over");
        ring_while_it_comes_out(&timer, inside);
        assert_eq!(admitted(&timer, call), at(1));
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_slot_that_comes_back_while_the_clock_moves_lets_the_next_in_when_both_are_there() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::per_second(1.0)).concurrency(1));
        let inside = gate.try_acquire_owned().unwrap();
        let call = waiting(gate.acquire());
        ring_while_it_comes_out(&timer, inside);
        assert_eq!(admitted(&timer, call), at(1));
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_slot_at_rest_is_free_on_time_whoever_sets_the_alarm() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().concurrency(1).cooldown(SECOND));
        let inside = gate.try_acquire_owned().unwrap();
        let come_out = thread::spawn(move || drop(inside));
        let mut call = gate.acquire();
        assert!(poll(&mut call).is_pending());
        come_out.join().unwrap();
        assert_eq!(admitted(&timer, call), at(1));
        assert_eq!(timer.armed(), 0);
    });
}

#[test]
fn a_close_while_the_alarm_rings_leaves_nobody_waiting() {
    loom::model(|| {
        let (timer, gate) = busy();
        let mut call = waiting(gate.acquire());
        let ring = ring(&timer);
        gate.close();
        match poll(&mut call) {
            Poll::Ready(Ok(permit)) => assert_eq!(permit.admitted_at(), at(1)),
            Poll::Ready(Err(error)) => assert_eq!(error, AdmitError::Closed),
            Poll::Pending => panic!("closed"),
        }
        ring.join().unwrap();
        drop(call);
        at_rest(&timer, &gate);
    });
}

#[test]
fn one_who_comes_while_a_reserved_call_begins_is_waited_for_by_the_alarm() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::per_second(1.0)));
        let Poll::Ready(Ok(reservation)) = poll(&mut gate.reserve_cost_owned(1.0)) else {
            panic!("it is free")
        };
        let begin = thread::spawn(move || drop(reservation.begin()));
        let call = waiting(gate.acquire());
        begin.join().unwrap();
        assert_eq!(admitted(&timer, call), at(1));
        at_rest(&timer, &gate);
    });
}

#[test]
fn a_reservation_given_up_or_begun_while_the_next_goes_away_leaves_nothing() {
    loom::model(|| {
        let (timer, gate) = gate(Settings::new().rate(Rate::per_second(2.0)).concurrency(1));
        let Poll::Ready(Ok(reservation)) = poll(&mut gate.reserve_cost_owned(1.0)) else {
            panic!("it is free")
        };
        let next = waiting(gate.reserve_cost_owned(1.0));
        let give_up = thread::spawn(move || drop(reservation));
        drop(next);
        give_up.join().unwrap();
        at_rest(&timer, &gate);
        assert_eq!(gate.available(), 2.0);
    });
}
