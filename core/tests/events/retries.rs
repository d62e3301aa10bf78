//! A request that is sent again.

use std::time::Duration;

use tollgate_core::http::{Backoff, Courier, Errand, Reply, Request, RetryPolicy};
use tollgate_core::time::ManualTimer;
use tollgate_core::{Settings, Throttle};

use crate::build;
use crate::common::{Gate, ms, poll};
use crate::record::Told;

/// An answer that may say when to come again.
struct Page(u16, Option<&'static str>);

impl Reply for Page {
    fn status(&self) -> u16 {
        self.0
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.1.filter(|_| name == "retry-after").map(str::as_bytes)
    }
}

fn courier(timer: &ManualTimer) -> Courier<ManualTimer> {
    let policy = RetryPolicy::new().jitter(false).backoff(Backoff::Fixed(ms(500)));
    Courier::new(timer.clone(), policy, 7, || Duration::ZERO)
}

/// Moves the clock on until the errand is let in.
fn enter(errand: &mut Errand<'_, ManualTimer, Gate>, timer: &ManualTimer) {
    let mut entered = Box::pin(errand.enter());
    while poll(&mut entered).is_pending() {
        timer.advance_to(timer.next_alarm().expect("an alarm is set while somebody waits"));
    }
}

#[test]
fn a_request_that_is_sent_again_tells_why_and_when() {
    let (timer, gate) = build(Settings::new().concurrency(1));
    let told = Told::all();
    let courier = courier(&timer);
    let mut errand = courier.errand(&gate, 1.0, Request::new("GET"));
    enter(&mut errand, &timer);
    assert!(errand.judge(&Ok::<_, ()>(Page(429, Some("2")))).is_none());
    enter(&mut errand, &timer);
    assert!(errand.judge::<Page, _>(&Err(())).is_none());
    enter(&mut errand, &timer);
    assert!(errand.judge(&Ok::<_, ()>(Page(503, Some("3")))).is_some(), "that was the last attempt");
    assert_eq!(
        told.lines(),
        [
            "TRACE admitted cost=1.0 waited=0ns",
            "INFO paused wait=2s reason=server",
            "DEBUG retried attempt=1 wait=2s status=429",
            "DEBUG delayed cost=1.0 ahead=0 wait=2s",
            "INFO resumed",
            "TRACE admitted cost=1.0 waited=2s",
            "DEBUG retried attempt=2 wait=500ms status=no answer",
            "TRACE admitted cost=1.0 waited=0ns",
            "INFO paused wait=3s reason=server",
        ]
    );
}

#[test]
fn the_slot_is_free_when_it_is_told() {
    let (timer, gate) = build(Settings::new().concurrency(1));
    let told = Told::and_then({
        let gate = gate.clone();
        move |line| assert!(!line.contains("retried") || gate.in_flight() == 0)
    });
    let courier = courier(&timer);
    let mut errand = courier.errand(&gate, 1.0, Request::new("GET"));
    enter(&mut errand, &timer);
    assert!(errand.judge::<Page, _>(&Err(())).is_none());
    assert_eq!(told.lines()[1..], ["DEBUG retried attempt=1 wait=500ms status=no answer"]);
}

#[test]
fn what_a_courier_waits_on_by_itself_is_nobodys_business() {
    let timer = ManualTimer::new();
    let told = Told::all();
    let gate: Gate = Throttle::builder_on(timer.clone()).build().unwrap();
    let courier = courier(&timer);
    let mut errand = courier.errand(&gate, 1.0, Request::new("GET"));
    enter(&mut errand, &timer);
    errand.judge::<Page, _>(&Err(()));
    told.lines();
    enter(&mut errand, &timer);
    assert_eq!(told.lines(), ["TRACE admitted cost=1.0 waited=0ns"]);
}
