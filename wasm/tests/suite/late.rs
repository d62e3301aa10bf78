//! Alarms that ring early or late, by seconds or by days.

use std::time::Duration;

use tollgate_core::Rate;
use tollgate_wasm::Throttle;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now, turn};
use super::tasks::{Crowd, assert_never_over};

const PERIOD: Duration = ms(100);

fn gate(rate: Rate) -> Throttle {
    Throttle::builder().rate(rate).build().unwrap()
}

#[wasm_bindgen_test]
async fn an_early_ring_lets_nobody_in_early_and_all_the_same_on_time() {
    let platform = Platform::by_hand();
    let gate = gate(Rate::new(1.0, PERIOD));
    let start = now();
    let crowd = Crowd::of(3, &gate);
    turn().await;
    for at in [0, 60, 98] {
        platform.skip(at - now().since(start).as_millis() as u64);
        platform.ring().await;
        assert_eq!((crowd.log.len(), gate.waiting(), platform.armed()), (1, 2, 1), "at {at} ms");
    }
    assert_eq!(platform.delay(), 2.0);
    platform.pass(200).await;
    assert_eq!(crowd.all().await, [0, 100, 200].map(|at| start + ms(at)));
}

#[wasm_bindgen_test]
async fn a_late_wake_gives_no_burst_above_the_limit() {
    let platform = Platform::by_hand();
    for rate in [Rate::new(5.0, PERIOD), Rate::new(5.0, PERIOD).smooth()] {
        let gate = gate(rate);
        let crowd = Crowd::of(40, &gate);
        turn().await;
        for late in [3_000, 250, 60_000, 101] {
            let before = crowd.log.len();
            platform.skip(late);
            platform.ring().await;
            let burst = crowd.log.len() - before;
            assert!((1..=5).contains(&burst), "{burst} at once");
        }
        assert_eq!(platform.armed(), 1);
        platform.pass(2_000).await;
        assert_never_over(5, PERIOD, &crowd.all().await);
    }
}

#[wasm_bindgen_test]
async fn a_page_that_was_busy_keeps_the_limit() {
    let _platform = Platform::watched();
    let gate = gate(Rate::new(10.0, PERIOD));
    let crowd = Crowd::of(40, &gate);
    turn().await;
    for _ in 0..2 {
        let start = now();
        while now().since(start) < ms(350) {}
        turn().await;
    }
    assert_never_over(10, PERIOD, &crowd.all().await);
}

#[wasm_bindgen_test]
async fn a_period_longer_than_the_platform_can_sleep_is_kept() {
    const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
    let platform = Platform::by_hand();
    let gate = gate(Rate::new(1.0, ms(6 * WEEK_MS)));
    let start = now();
    let crowd = Crowd::of(2, &gate);
    platform.pass(6 * WEEK_MS - 1).await;
    assert_eq!((crowd.log.len(), gate.waiting(), platform.armed()), (1, 1, 1));
    platform.pass(1).await;
    assert_eq!(crowd.all().await, [start, start + ms(6 * WEEK_MS)]);
    assert_eq!(platform.counts().set, 2);
}
