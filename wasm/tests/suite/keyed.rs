//! Limits for each key.

use futures::poll;
use tollgate_core::{AdmitError, Rate, Settings};
use tollgate_wasm::Keyed;
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, ms, now, turn};
use super::tasks::{Log, task};

#[wasm_bindgen_test]
async fn a_full_key_holds_back_no_other_and_the_total_holds_for_all() {
    let platform = Platform::by_hand();
    let gates: Keyed<&str> = Keyed::builder()
        .per_key(Settings::new().rate(Rate::new(1.0, ms(100))))
        .total(Settings::new().rate(Rate::new(3.0, ms(100))))
        .build()
        .unwrap();
    let (start, log) = (now(), Log::new());
    let call = |key| {
        let (gates, log) = (gates.clone(), log.clone());
        task(async move {
            let permit = gates.acquire(key).await?;
            log.push((key, permit.admitted_at().since(start).as_millis()));
            Ok::<_, AdmitError>(())
        })
    };
    let calls = ["a", "a", "a", "b", "c", "d"].map(call);
    turn().await;
    assert_eq!(log.take(), [("a", 0), ("b", 0), ("c", 0)]);
    assert_eq!((gates.waiting(), platform.counts().most), (3, 1));
    platform.pass(100).await;
    assert_eq!(log.take(), [("a", 100), ("d", 100)]);
    platform.pass(100).await;
    assert_eq!(log.take(), [("a", 200)]);
    for call in calls {
        call.await.unwrap();
    }
    assert_eq!((gates.waiting(), gates.in_flight(), platform.armed()), (0, 0, 0));
}

#[wasm_bindgen_test]
async fn keys_that_are_idle_are_let_go_and_closing_sends_everybody_away() {
    let _platform = Platform::watched();
    let gates: Keyed<u32> = Keyed::builder().per_key(Settings::new().concurrency(1)).build().unwrap();
    for key in 0..10 {
        gates.run(key, turn()).await.unwrap();
    }
    assert_eq!(gates.len(), 0);
    let _inside = gates.acquire(7).await.unwrap();
    let mut waits = Box::pin(gates.acquire(7));
    assert!(poll!(waits.as_mut()).is_pending());
    gates.close();
    assert_eq!(waits.await.map(drop), Err(AdmitError::Closed));
}
