//! What is told to those who watch, word by word; on virtual time.

mod common;

#[path = "events/record.rs"]
mod record;
#[path = "events/retries.rs"]
mod retries;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Gate, SECOND, ms, poll, ready, waiting};
use futures::{StreamExt, stream};
use record::Told;
use tollgate_core::time::{ManualSleep, ManualTimer, Tick, Timer};
use tollgate_core::{Keyed, Rate, Settings, Throttle, ThrottleStreamExt};
use tracing::{Instrument, Level};

fn build(settings: Settings) -> (ManualTimer, Gate) {
    record::begin();
    common::build(settings)
}

fn with(rate: Rate) -> (ManualTimer, Gate) {
    build(Settings::new().rate(rate))
}

#[test]
fn a_call_that_goes_at_once_is_told_however_it_asks() {
    let (_timer, gate) = build(Settings::new());
    let told = Told::all();
    drop(ready(gate.acquire()).unwrap());
    drop(gate.try_acquire_cost(2.5).unwrap());
    drop(gate.try_acquire_owned().unwrap());
    drop(ready(gate.reserve_cost(0.0)).unwrap().begin());
    ready(gate.consume(3.0)).unwrap();
    assert_eq!(futures::executor::block_on(gate.run(async { 7 })).unwrap(), 7);
    let lines = told.lines();
    let costs = ["1.0", "2.5", "1.0", "0.0", "3.0", "1.0"];
    assert_eq!(lines, costs.map(|cost| format!("TRACE admitted cost={cost} waited=0ns")));
}

#[test]
fn a_call_that_waits_is_told_when_it_joins_and_when_it_has_the_permit() {
    let (timer, gate) = with(Rate::per_second(2.0));
    drop(gate.try_acquire_cost(2.0).unwrap());
    timer.advance(ms(200));
    let told = Told::all();
    let first = waiting(gate.acquire());
    let second = waiting(gate.reserve_cost(1.5));
    assert_eq!(
        told.lines(),
        ["DEBUG delayed cost=1.0 ahead=0 wait=800ms", "DEBUG delayed cost=1.5 ahead=1 wait=800ms"]
    );
    timer.advance(ms(1_000));
    assert_eq!(told.lines(), [""; 0], "nobody has been polled");
    drop(ready(first).unwrap());
    assert_eq!(told.lines(), ["TRACE admitted cost=1.0 waited=800ms"], "until it was let in, not polled");
    timer.advance(SECOND);
    drop(ready(second).unwrap());
    assert_eq!(told.lines(), ["TRACE admitted cost=1.5 waited=1.8s"]);
}

#[test]
fn how_long_a_slot_takes_is_not_known() {
    let (_timer, gate) = build(Settings::new().concurrency(1));
    let inside = gate.try_acquire().unwrap();
    let told = Told::all();
    let next = waiting(gate.acquire());
    drop(inside);
    drop(ready(next).unwrap());
    assert_eq!(
        told.lines(),
        ["DEBUG delayed cost=1.0 ahead=0 wait=0ns", "TRACE admitted cost=1.0 waited=0ns"]
    );
}

#[test]
fn units_alone_wait_for_the_rates_only() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    gate.pause(60 * SECOND);
    let told = Told::all();
    let units = waiting(gate.consume(1.0));
    timer.advance(SECOND);
    ready(units).unwrap();
    // The pause is not over.
    assert_eq!(told.lines(), ["DEBUG delayed cost=1.0 ahead=0 wait=1s", "TRACE admitted cost=1.0 waited=1s"]);
}

#[test]
fn each_reason_to_turn_a_call_away_is_told_once() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(2.0)).max_waiting(2));
    drop(gate.try_acquire_cost(2.0).unwrap());
    let told = Told::up_to(Level::DEBUG);
    let hurried = waiting(gate.acquire().timeout(ms(300)));
    let heavy = waiting(gate.acquire_cost(2.0));
    let refused = ready(gate.acquire()).unwrap_err();
    assert_eq!(
        told.lines(),
        [
            "DEBUG delayed cost=1.0 ahead=0 wait=1s".into(),
            "DEBUG delayed cost=2.0 ahead=1 wait=1s".into(),
            format!("DEBUG refused cost=1.0 error={refused}"),
        ]
    );
    assert_eq!(refused.to_string(), "queue full: at most 2 may wait");
    timer.advance(ms(300));
    ready(hurried).unwrap_err();
    assert_eq!(told.lines(), ["DEBUG refused cost=1.0 error=not admitted in time"]);
    gate.update(gate.settings().set_rates([Rate::per_second(1.0)])).unwrap();
    ready(heavy).unwrap_err();
    let too_high = "DEBUG refused cost=2.0 error=cost is 2, but at most 1 can ever be admitted at once";
    assert_eq!(told.lines(), [too_high]);
    ready(gate.acquire_cost(f64::NAN)).unwrap_err();
    assert_eq!(
        told.lines(),
        ["DEBUG refused cost=NaN error=cost is NaN, but must be a finite number, at least 0"]
    );
    let late = waiting(gate.acquire());
    gate.close();
    ready(late).unwrap_err();
    gate.try_acquire().unwrap_err();
    assert_eq!(
        told.lines()[1..],
        ["DEBUG refused cost=1.0 error=throttle closed", "DEBUG refused cost=1.0 error=throttle closed"]
    );
}

#[test]
fn who_only_tries_and_finds_no_room_makes_no_event() {
    let (_timer, gate) = build(Settings::new().concurrency(1));
    let _inside = gate.try_acquire().unwrap();
    let told = Told::all();
    gate.try_acquire().unwrap_err();
    gate.try_acquire_owned().unwrap_err();
    assert_eq!(told.lines(), [""; 0]);
}

#[test]
fn who_goes_away_is_never_admitted() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let told = Told::all();
    let gone = waiting(gate.acquire());
    let unpolled = waiting(gate.acquire());
    drop(gone);
    timer.advance(SECOND);
    drop(unpolled);
    assert_eq!(
        told.lines(),
        ["DEBUG delayed cost=1.0 ahead=0 wait=1s", "DEBUG delayed cost=1.0 ahead=1 wait=1s"]
    );
}

#[test]
fn only_a_pause_that_holds_for_longer_is_told() {
    let (timer, gate) = build(Settings::new());
    let told = Told::all();
    gate.pause(Duration::ZERO);
    gate.pause(3 * SECOND);
    gate.pause(2 * SECOND);
    gate.hold_off(3 * SECOND, timer.now());
    timer.advance(SECOND);
    gate.hold_off(ms(2_500), timer.now());
    assert_eq!(told.lines(), ["INFO paused wait=3s reason=pause", "INFO paused wait=2.5s reason=server"]);
    gate.resume();
    gate.resume();
    assert_eq!(told.lines(), ["INFO resumed"]);
    drop(ready(gate.acquire()).unwrap());
    assert_eq!(told.lines(), ["TRACE admitted cost=1.0 waited=0ns"], "told already");
}

#[test]
fn a_pause_that_has_run_out_is_told_when_the_first_call_goes_on() {
    let (timer, gate) = build(Settings::new());
    let told = Told::up_to(Level::INFO);
    gate.pause(SECOND);
    let [first, second] = [waiting(gate.acquire()), waiting(gate.acquire())];
    timer.advance(2 * SECOND);
    assert_eq!(told.lines(), ["INFO paused wait=1s reason=pause"]);
    gate.resume();
    assert_eq!(told.lines(), [""; 0], "there is none to end any more");
    drop((ready(first).unwrap(), ready(second).unwrap()));
    assert_eq!(told.lines(), ["INFO resumed"]);
    gate.hold_off(SECOND, timer.now());
    timer.advance(SECOND);
    drop(gate.try_acquire().unwrap());
    drop(gate.try_acquire().unwrap());
    assert_eq!(told.lines(), ["INFO paused wait=1s reason=server", "INFO resumed"]);
}

#[test]
fn who_was_let_in_before_a_pause_does_not_end_it() {
    let (timer, gate) = with(Rate::per_second(1.0));
    drop(gate.try_acquire().unwrap());
    let told = Told::all();
    let before = waiting(gate.acquire());
    timer.advance(SECOND);
    gate.pause(5 * SECOND);
    drop(ready(before).unwrap());
    assert_eq!(told.lines()[1..], ["INFO paused wait=5s reason=pause", "TRACE admitted cost=1.0 waited=1s"]);
    timer.advance(5 * SECOND);
    drop(ready(gate.acquire()).unwrap());
    assert_eq!(told.lines(), ["INFO resumed", "TRACE admitted cost=1.0 waited=0ns"]);
}

#[test]
fn keys_tell_the_same() {
    let timer = ManualTimer::new();
    let per_key = Settings::new().rate(Rate::per_second(1.0));
    let hosts = Keyed::builder_on(timer.clone()).per_key(per_key).max_waiting(2).build().unwrap();
    let told = Told::all();
    drop(hosts.try_acquire("a").unwrap());
    let [one, two] = ["a", "a"].map(|key| waiting(hosts.acquire(key)));
    assert_eq!(
        told.lines(),
        [
            "TRACE admitted cost=1.0 waited=0ns",
            "DEBUG delayed cost=1.0 ahead=0 wait=1s",
            "DEBUG delayed cost=1.0 ahead=1 wait=1s",
        ]
    );
    ready(hosts.acquire("a")).unwrap_err();
    assert_eq!(told.lines(), ["DEBUG refused cost=1.0 error=queue full: at most 2 may wait"]);
    hosts.pause(SECOND);
    hosts.hold_off_key(&"a", 3 * SECOND, timer.now());
    hosts.pause_key(&"a", 2 * SECOND);
    hosts.resume();
    assert_eq!(
        told.lines(),
        ["INFO paused wait=1s reason=pause", "INFO paused wait=3s reason=server", "INFO resumed"]
    );
    timer.advance(3 * SECOND);
    // After a refusal the rate starts from empty.
    timer.advance(SECOND);
    drop(ready(one).unwrap());
    assert_eq!(told.lines(), ["INFO resumed", "TRACE admitted cost=1.0 waited=4s"]);
    hosts.pause_key(&"a", 9 * SECOND);
    hosts.resume_key(&"a");
    hosts.resume_key(&"b");
    assert_eq!(told.lines(), ["INFO paused wait=9s reason=pause", "INFO resumed"]);
    hosts.close();
    ready(two).unwrap_err();
    assert_eq!(told.lines(), ["DEBUG refused cost=1.0 error=throttle closed"]);
}

#[test]
fn the_other_keys_are_not_ahead_and_the_total_counts() {
    let timer = ManualTimer::new();
    let total = Settings::new().rate(Rate::per_second(1.0));
    let hosts = Keyed::builder_on(timer).total(total).build().unwrap();
    drop(hosts.try_acquire("a").unwrap());
    let told = Told::all();
    let _wait = ["a", "b"].map(|key| waiting(hosts.acquire(key)));
    assert_eq!(told.lines(), ["DEBUG delayed cost=1.0 ahead=0 wait=1s"; 2]);
}

#[test]
fn items_of_a_stream_are_calls() {
    let (timer, gate) = with(Rate::per_second(1.0));
    let told = Told::all();
    let mut items = stream::iter([1, 2]).throttled(gate);
    drop(ready(items.next()));
    assert!(poll(&mut items.next()).is_pending());
    timer.advance(SECOND);
    drop(ready(items.next()));
    assert_eq!(
        told.lines(),
        [
            "TRACE admitted cost=1.0 waited=0ns",
            "DEBUG delayed cost=1.0 ahead=0 wait=1s",
            "TRACE admitted cost=1.0 waited=1s",
        ]
    );
}

#[test]
fn what_becomes_of_a_call_is_told_in_its_span() {
    let (timer, gate) = with(Rate::per_second(1.0));
    let told = Told::all();
    let [mut first, mut second] = [tracing::info_span!("first"), tracing::info_span!("second")]
        .map(|span| Box::pin(gate.acquire_owned().instrument(span)));
    drop(ready(&mut first).unwrap());
    assert!(poll(&mut second).is_pending());
    // Whoever moves the clock is in another span.
    tracing::info_span!("clock").in_scope(|| timer.advance(SECOND));
    drop(ready(&mut second).unwrap());
    assert_eq!(
        told.lines(),
        [
            "TRACE admitted cost=1.0 waited=0ns in first",
            "DEBUG delayed cost=1.0 ahead=0 wait=1s in second",
            "TRACE admitted cost=1.0 waited=1s in second",
        ]
    );
}

#[test]
fn a_subscriber_may_use_the_throttle() {
    let (timer, gate) = build(Settings::new().rate(Rate::per_second(1.0)).max_waiting(1));
    let hosts = Keyed::builder_on(timer.clone()).per_key(Settings::new().concurrency(1)).build().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let told = Told::and_then({
        let (gate, hosts, count) = (gate.clone(), hosts.clone(), count.clone());
        move |line| {
            let _ = (gate.check(1.0), gate.waiting(), hosts.waiting(), hosts.len());
            let _ = gate.try_acquire_cost(0.0);
            if count.fetch_add(1, Ordering::Relaxed) < 10 && line.starts_with("DEBUG delayed") {
                gate.pause(ms(1));
            }
        }
    });
    drop(ready(gate.acquire()).unwrap());
    let next = waiting(gate.acquire());
    ready(gate.acquire()).unwrap_err();
    gate.hold_off(2 * SECOND, timer.now());
    timer.advance(4 * SECOND);
    drop(ready(next).unwrap());
    gate.pause(SECOND);
    gate.resume();
    let inside = hosts.try_acquire(7).unwrap();
    let _next = waiting(hosts.acquire(7));
    hosts.pause_key(&7, SECOND);
    hosts.resume_key(&7);
    drop(inside);
    let lines = told.lines();
    for name in ["admitted", "delayed", "refused", "paused", "resumed"] {
        assert!(lines.iter().any(|line| line.contains(name)), "{name} in {lines:?}");
    }
}

#[test]
fn a_subscriber_that_panics_takes_no_permit_with_it() {
    let (timer, gate) = build(Settings::new().concurrency(1).rate(Rate::per_second(2.0)));
    let told = Told::and_then(|line| assert!(!line.contains("admitted"), "as planned"));
    let calls: [fn(&Gate); 3] = [
        |gate| drop(ready(gate.acquire())),
        |gate| drop(ready(gate.reserve())),
        |gate| drop(gate.try_acquire()),
    ];
    for call in calls {
        let call = std::panic::AssertUnwindSafe(|| call(&gate));
        assert!(std::panic::catch_unwind(call).is_err());
        assert_eq!(gate.in_flight(), 0);
        timer.advance(SECOND);
    }
    drop(told);
    assert!(gate.try_acquire().is_ok());
}

/// A clock that counts how often it is read.
#[derive(Clone, Default)]
struct Counted {
    timer: ManualTimer,
    readings: Arc<AtomicUsize>,
}

impl Timer for Counted {
    type Sleep = ManualSleep;

    fn now(&self) -> Tick {
        self.readings.fetch_add(1, Ordering::Relaxed);
        self.timer.now()
    }

    fn sleep_until(&self, deadline: Tick) -> ManualSleep {
        self.timer.sleep_until(deadline)
    }
}

#[test]
fn watching_reads_no_clock() {
    record::begin();
    let readings = || {
        let timer = Counted::default();
        let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(1.0)).max_waiting(1).build();
        let gate = gate.unwrap();
        drop(ready(gate.acquire()).unwrap());
        let next = waiting(gate.acquire());
        ready(gate.acquire()).unwrap_err();
        gate.pause(SECOND);
        timer.timer.advance(SECOND);
        drop(ready(next).unwrap());
        gate.resume();
        timer.readings.load(Ordering::Relaxed)
    };
    let unwatched = readings();
    let told = Told::all();
    assert_eq!((readings(), told.lines().len()), (unwatched, 6));
}
