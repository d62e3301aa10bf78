//! Streams on a throttle.

use futures::{StreamExt, stream};
use tollgate_core::{Rate, ThrottleStreamExt};
use tollgate_wasm::Throttle;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now};
use super::tasks::{assert_never_over, task};

#[wasm_bindgen_test]
async fn items_come_in_order_and_no_faster_than_the_throttle_lets_them() {
    let _platform = Platform::watched();
    let throttle = Throttle::builder().rate(Rate::new(10.0, ms(60))).build().unwrap();
    let mut items = stream::iter(0..35).throttled(throttle);
    let (mut numbers, mut times) = (vec![], vec![]);
    while let Some(item) = items.next().await {
        let (number, permit) = item.unwrap();
        numbers.push(number);
        times.push(permit.admitted_at());
    }
    assert_eq!(numbers, (0..35).collect::<Vec<_>>());
    assert_never_over(10, ms(60), &times);
}

#[wasm_bindgen_test]
async fn a_stream_is_done_exactly_when_the_rate_allows_its_last_item() {
    let platform = Platform::by_hand();
    let throttle = Throttle::builder().rate(Rate::new(6.0, ms(100))).build().unwrap();
    let start = now();
    let done = task(async move {
        let costs = stream::iter([1.0, 5.0, 3.0, 2.0, 6.0]).throttled_by(throttle, |cost| *cost);
        costs.map(|item| item.unwrap().1.admitted_at().since(start)).collect::<Vec<_>>().await
    });
    platform.pass(200).await;
    assert_eq!(done.await, [0, 0, 100, 100, 200].map(ms));
    assert_eq!(platform.armed(), 0);
}
