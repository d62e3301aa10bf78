//! One alarm per throttle, set only while somebody waits on time.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use common::{SECOND, ms, poll, waiting};
use tollgate_core::time::{ManualSleep, ManualTimer, Tick, Timer, Wake};
use tollgate_core::{Keyed, Rate, Settings, Throttle};

#[test]
fn a_hundred_thousand_waiting_calls_set_one_alarm() {
    const CROWD: usize = 100_000;
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1_000.0)).build().unwrap();
    let mut crowd: Vec<_> = (0..CROWD).map(|_| gate.acquire_owned()).collect();
    let inside = crowd.iter_mut().map(poll).filter(|state| state.is_ready()).count();
    assert_eq!((inside, gate.waiting()), (1_000, CROWD - 1_000));
    assert_eq!((timer.armed(), timer.armed_ever()), (1, 1));
    timer.advance(SECOND);
    assert_eq!(gate.waiting(), CROWD - 2_000, "one wake-up lets in all that is due");
    assert_eq!((timer.armed(), timer.armed_ever()), (1, 2));
    drop(crowd);
    assert_eq!((timer.armed(), gate.waiting()), (0, 0));
}

#[test]
fn a_hundred_thousand_time_limits_share_the_alarm() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).concurrency(1).build().unwrap();
    let inside = gate.try_acquire().unwrap();
    let limit = |n: u64| Duration::from_secs(1) + Duration::from_micros(n);
    let crowd: Vec<_> = (0..100_000).map(|n| waiting(gate.acquire_owned().timeout(limit(n)))).collect();
    assert_eq!((timer.armed(), timer.armed_ever()), (1, 1));
    timer.advance(Duration::from_secs(2));
    assert_eq!((timer.armed(), gate.waiting()), (0, 0));
    drop((crowd, inside));
}

#[test]
fn no_alarm_is_set_while_nobody_waits_or_those_who_do_wait_for_a_permit() {
    let timer = ManualTimer::new();
    let settings = Settings::new().rate(Rate::per_second(2.0)).concurrency(1);
    let gate = Throttle::builder_on(timer.clone()).settings(settings).build().unwrap();
    let inside = gate.try_acquire().unwrap();
    let for_slot = waiting(gate.acquire());
    assert_eq!((timer.armed(), timer.armed_ever()), (0, 0));
    // One who waits on time behind the slot, and goes away.
    let limited = waiting(gate.acquire().timeout(SECOND));
    assert_eq!(timer.armed(), 1);
    drop(limited);
    assert_eq!(timer.armed(), 0);
    drop((for_slot, inside));
    drop(gate.try_acquire().unwrap());
    let for_rate = waiting(gate.acquire());
    assert_eq!(timer.armed(), 1);
    gate.pause(Duration::MAX);
    assert_eq!(timer.armed(), 0, "a pause without end has no alarm");
    gate.resume();
    assert_eq!(timer.armed(), 1);
    drop(for_rate);
    assert_eq!(timer.armed(), 0);
    drop(gate);
    assert_eq!(timer.armed(), 0);
}

#[test]
fn a_throttle_that_is_dropped_takes_its_alarm_with_it() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1.0)).build().unwrap();
    drop(gate.try_acquire().unwrap());
    let line = waiting(gate.acquire_owned());
    drop(gate);
    assert_eq!(timer.armed(), 1);
    drop(line);
    assert_eq!(timer.armed(), 0);
}

#[test]
fn keyed_limits_share_one_alarm_over_all_keys() {
    let timer = ManualTimer::new();
    let per_key = Settings::new().rate(Rate::per_second(1.0));
    let hosts = Keyed::builder_on(timer.clone()).per_key(per_key).build().unwrap();
    let mut crowd = Vec::new();
    for key in 0..1_000 {
        drop(hosts.try_acquire(key).unwrap());
        crowd.push(waiting(hosts.acquire(key)));
        timer.advance(Duration::from_micros(1));
    }
    assert_eq!((timer.armed(), timer.armed_ever()), (1, 1));
    timer.advance(SECOND + ms(1));
    assert_eq!((timer.armed(), hosts.waiting()), (0, 0));
    drop(crowd);
}

/// A timer whose first alarm cannot be set.
struct Faulty {
    timer: ManualTimer,
    failed: AtomicBool,
}

impl Timer for Faulty {
    type Sleep = ManualSleep;

    fn now(&self) -> Tick {
        self.timer.now()
    }

    fn sleep_until(&self, deadline: Tick) -> ManualSleep {
        assert!(self.failed.swap(true, Ordering::Relaxed), "as planned");
        self.timer.sleep_until(deadline)
    }
}

#[test]
fn a_timer_that_panics_does_not_silence_the_alarm_for_ever() {
    let timer = ManualTimer::new();
    let faulty = Faulty { timer: timer.clone(), failed: AtomicBool::new(false) };
    let gate = Throttle::builder_on(faulty).rate(Rate::per_second(1.0)).build().unwrap();
    drop(gate.try_acquire().unwrap());
    let mut first = gate.acquire();
    let attempt = AssertUnwindSafe(|| poll(&mut first).is_pending());
    assert!(catch_unwind(attempt).is_err());
    let mut second = waiting(gate.acquire());
    timer.advance(SECOND);
    timer.advance(SECOND);
    assert!(poll(&mut first).is_ready() && poll(&mut second).is_ready());
}

/// Counts which way its alarms are set.
#[derive(Clone, Default)]
struct Counting {
    timer: ManualTimer,
    /// For a deadline, and again for one after an early ring.
    set: Arc<[AtomicU64; 2]>,
}

impl Counting {
    fn counts(&self) -> [u64; 2] {
        [0, 1].map(|way| self.set[way].load(Ordering::Relaxed))
    }
}

impl Timer for Counting {
    type Sleep = ManualSleep;

    fn now(&self) -> Tick {
        self.timer.now()
    }

    fn sleep_until(&self, deadline: Tick) -> ManualSleep {
        self.set[0].fetch_add(1, Ordering::Relaxed);
        self.timer.sleep_until(deadline)
    }

    fn sleep_again(&self, deadline: Tick) -> ManualSleep {
        self.set[1].fetch_add(1, Ordering::Relaxed);
        self.timer.sleep_until(deadline)
    }
}

#[test]
fn a_timer_is_told_that_its_alarm_rang_early_and_of_nothing_else() {
    let clock = Counting::default();
    let gate = Throttle::builder_on(clock.clone()).rate(Rate::per_second(1.0)).build().unwrap();
    gate.try_acquire().unwrap().forget();
    let crowd: Vec<_> = (0..4).map(|_| waiting(gate.acquire_owned())).collect();
    assert_eq!(clock.counts(), [1, 0]);
    clock.timer.advance(SECOND);
    assert_eq!((gate.waiting(), clock.counts()), (3, [2, 0]), "it rang on its deadline");
    gate.pause(ms(1_500));
    assert_eq!(clock.counts(), [3, 0], "it has not rung; another time is wanted");
    clock.timer.set_wake(Wake::Early(ms(2)));
    gate.resume();
    assert_eq!(clock.counts(), [4, 0]);
    clock.timer.advance(ms(998));
    assert_eq!((gate.waiting(), clock.counts()), (3, [4, 1]), "it rang early");
    clock.timer.advance(ms(2));
    assert_eq!((gate.waiting(), clock.counts()), (2, [5, 1]));
    drop(crowd);
}
