//! Streams on a throttle.

mod common;

use std::error::Error;
use std::task::Poll;

use common::{SECOND, poll};
use futures::stream::FusedStream;
use futures::{Stream, StreamExt, stream};
use tollgate_core::time::ManualTimer;
use tollgate_core::{AdmitError, Rate, Throttle, ThrottleStreamExt};

#[test]
fn items_come_in_order_as_the_throttle_lets_them_in() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer.clone()).rate(Rate::per_second(2.0)).build().unwrap();
    let mut items = stream::iter(0..5).throttled(gate);
    let mut times = Vec::new();
    loop {
        match poll(&mut items.next()) {
            Poll::Ready(Some(item)) => times.push((item.unwrap().0, timer.next_alarm().is_some())),
            Poll::Ready(None) => break,
            Poll::Pending => timer.advance(SECOND),
        }
    }
    assert_eq!(times.iter().map(|(item, _)| *item).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
fn the_permit_goes_with_the_item_and_a_dropped_next_loses_none() {
    let gate = Throttle::builder_on(ManualTimer::new()).concurrency(1).build().unwrap();
    let mut items = stream::iter(["a", "b"]).throttled(gate.clone());
    let Poll::Ready(Some(Ok((first, permit)))) = poll(&mut items.next()) else { panic!() };
    assert!(poll(&mut items.next()).is_pending());
    assert_eq!((first, gate.waiting(), items.size_hint()), ("a", 1, (1, Some(1))));
    drop(permit);
    let Poll::Ready(Some(Ok((second, _permit)))) = poll(&mut items.next()) else { panic!() };
    assert_eq!(second, "b");
}

#[test]
fn an_item_that_is_refused_comes_out_with_the_reason_and_the_stream_goes_on() {
    let gate = Throttle::builder_on(ManualTimer::new()).rate(Rate::per_second(9.0)).build().unwrap();
    let mut items = stream::iter([1.0, 10.0, 2.0]).throttled_by(gate.clone(), |cost| *cost);
    let mut next = || match poll(&mut items.next()) {
        Poll::Ready(item) => item.map(|item| item.map(|(item, _)| item)),
        Poll::Pending => panic!("waits"),
    };
    assert_eq!(next().unwrap().unwrap(), 1.0);
    let refused = next().unwrap().unwrap_err();
    assert_eq!(refused.item, 10.0);
    assert!(matches!(refused.error, AdmitError::Cost(_)));
    assert_eq!(next().unwrap().unwrap(), 2.0);
    assert!(next().is_none());
}

#[test]
fn the_size_told_counts_the_item_that_waits() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer).concurrency(1).build().unwrap();
    let mut items = stream::iter(0..3).throttled(gate);
    assert_eq!(items.size_hint(), (3, Some(3)));
    let Poll::Ready(first) = poll(&mut items.next()) else { panic!("the slot is free") };
    assert_eq!(items.size_hint(), (2, Some(2)));
    assert!(poll(&mut items.next()).is_pending());
    assert_eq!(items.size_hint(), (2, Some(2)), "one of the two waits");
    assert!(format!("{items:?}").starts_with("Throttled { throttle: Throttle {"), "{items:?}");
    drop(first);
    assert!(poll(&mut items.next()).is_ready());
    assert_eq!(items.size_hint(), (1, Some(1)));
}

#[test]
fn a_stream_has_ended_when_the_one_behind_it_has_and_no_item_waits() {
    let timer = ManualTimer::new();
    let gate = Throttle::builder_on(timer).concurrency(1).build().unwrap();
    let mut items = stream::iter(0..2).fuse().throttled(gate);
    assert!(!items.is_terminated());
    let Poll::Ready(first) = poll(&mut items.next()) else { panic!("the slot is free") };
    assert!(poll(&mut items.next()).is_pending());
    assert!(!items.is_terminated(), "one item waits");
    drop(first);
    assert!(poll(&mut items.next()).is_ready());
    assert!(matches!(poll(&mut items.next()), Poll::Ready(None)));
    assert!(items.is_terminated());
}

#[test]
fn an_item_that_waits_keeps_a_stream_from_having_ended() {
    let gate = Throttle::builder_on(ManualTimer::new()).concurrency(1).build().unwrap();
    let _inside = gate.try_acquire_owned().unwrap();
    // It knows already, with its last item, that there will be no more.
    let mut items = stream::once(std::future::ready(7)).throttled(gate);
    assert!(poll(&mut items.next()).is_pending());
    assert!(!items.is_terminated());
}

#[test]
fn a_refusal_says_why_and_what_is_behind_it() {
    let gate = Throttle::builder_on(ManualTimer::new()).build().unwrap();
    gate.close();
    let mut items = stream::iter([1]).throttled(gate);
    let Poll::Ready(Some(Err(refused))) = poll(&mut items.next()) else { panic!("the throttle is closed") };
    assert_eq!(refused.to_string(), "item not let in: throttle closed");
    let source = refused.source().and_then(|source| source.downcast_ref::<AdmitError>());
    assert_eq!(source, Some(&AdmitError::Closed));
}
