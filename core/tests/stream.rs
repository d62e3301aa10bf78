//! Streams on a throttle.

mod common;

use common::{SECOND, poll};
use futures::{Stream, StreamExt, stream};
use std::task::Poll;
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
