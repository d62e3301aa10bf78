//! The throttle on real time: the limit, the order, the quota.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tollgate_core::Rate;
use tollgate_wasm::Throttle;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now};
use super::tasks::{Crowd, assert_never_over, task};

/// Far more than anything here should take.
const PATIENCE: Duration = Duration::from_secs(10);

#[wasm_bindgen_test]
async fn the_limit_holds_in_every_window_and_the_order_is_kept() {
    let _platform = Platform::watched();
    let period = ms(100);
    for rate in [Rate::new(20.0, period), Rate::new(20.0, period).smooth()] {
        let throttle = Throttle::builder().rate(rate).build().unwrap();
        let start = now();
        let times = Crowd::of(100, &throttle).all().await;
        assert_never_over(20, period, &times);
        assert!(times[99].since(times[0]) >= 4 * period);
        assert!(now().since(start) < PATIENCE);
    }
}

#[wasm_bindgen_test]
async fn no_more_are_inside_than_there_are_slots() {
    let _platform = Platform::watched();
    let throttle = Throttle::builder().concurrency(3).build().unwrap();
    let (inside, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let call = |_| {
        let (throttle, inside, most) = (throttle.clone(), inside.clone(), most.clone());
        task(async move {
            let work = async {
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                // As an app would: the throttle's alarms and others ring side by side.
                gloo_timers::future::TimeoutFuture::new(5).await;
                inside.set(inside.get() - 1);
            };
            throttle.run(work).await
        })
    };
    let calls: Vec<_> = (0..12).map(call).collect();
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!((inside.get(), most.get(), throttle.in_flight()), (0, 3, 0));
}

#[wasm_bindgen_test]
async fn slots_and_two_rates_are_kept_together() {
    let _platform = Platform::watched();
    let throttle = Throttle::builder()
        .rate(Rate::new(4.0, ms(40)))
        .rate(Rate::new(10.0, ms(200)))
        .concurrency(2)
        .build()
        .unwrap();
    let times = Crowd::of(22, &throttle).all().await;
    assert_never_over(4, ms(40), &times);
    assert_never_over(10, ms(200), &times);
}

#[wasm_bindgen_test]
async fn a_slot_cools_down() {
    let _platform = Platform::watched();
    let throttle = Throttle::builder().concurrency(2).cooldown(ms(30)).build().unwrap();
    let times = Crowd::of(8, &throttle).all().await;
    assert_never_over(2, ms(30), &times);
}
