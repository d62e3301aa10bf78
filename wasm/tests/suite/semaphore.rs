//! The semaphore, which needs no clock, on the tasks of JavaScript.

use std::sync::Arc;

use futures::poll;
use tollgate_core::{Semaphore, TryAcquireError};
use wasm_bindgen_test::wasm_bindgen_test;

use super::platform::{Platform, turn};
use super::tasks::{Log, task};

#[wasm_bindgen_test]
async fn first_come_first_served_whatever_they_ask_for() {
    let platform = Platform::watched();
    let (semaphore, log) = (Arc::new(Semaphore::new(3)), Log::new());
    let all = semaphore.acquire_many(3).await.unwrap();
    let call = |permits| {
        let (semaphore, log) = (semaphore.clone(), log.clone());
        task(async move {
            let permit = semaphore.acquire_many(permits).await.unwrap();
            log.push(permits);
            turn().await;
            drop(permit);
        })
    };
    let calls = [1, 3, 1, 2, 3, 1].map(call);
    turn().await;
    assert_eq!((semaphore.waiting(), semaphore.available_permits()), (6, 0));
    assert_eq!(semaphore.try_acquire().map(drop), Err(TryAcquireError::NoPermits));
    drop(all);
    for call in calls {
        call.await;
    }
    assert_eq!(log.take(), [1, 3, 1, 2, 3, 1]);
    assert_eq!((semaphore.waiting(), semaphore.available_permits()), (0, 3));
    assert_eq!(platform.counts().set, 0, "no time, no alarm");
}

#[wasm_bindgen_test]
async fn who_goes_away_hands_on() {
    let _platform = Platform::watched();
    let semaphore = Semaphore::new(1);
    let inside = semaphore.acquire().await.unwrap();
    let mut line: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    for waiter in &mut line {
        assert!(poll!(waiter).is_pending());
    }
    // One from the middle, and then the head, which was granted already.
    drop(line.remove(1));
    assert_eq!(semaphore.waiting(), 2);
    drop(inside);
    drop(line.remove(0));
    drop(line.remove(0).await.unwrap());
    assert_eq!((semaphore.waiting(), semaphore.available_permits()), (0, 1));
}

#[wasm_bindgen_test]
async fn closing_sends_everybody_away() {
    let _platform = Platform::watched();
    let semaphore = Arc::new(Semaphore::new(1));
    let inside = semaphore.clone().acquire_owned().await.unwrap();
    let waits = task(semaphore.clone().acquire_owned());
    turn().await;
    semaphore.close();
    assert!(waits.await.is_err());
    assert!(semaphore.acquire().await.is_err());
    drop(inside);
    assert_eq!(semaphore.waiting(), 0);
}
