//! The bounded semaphore: it never has more permits than its bound.

use std::sync::Arc;

use loom::future::block_on;
use loom::thread;
use tollgate_core::BoundedSemaphore;

#[test]
fn of_two_releases_of_one_permit_one_is_refused() {
    loom::model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let other = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release(1).is_ok())
        };
        let mine = semaphore.release(1).is_ok();
        assert_ne!(mine, other.join().unwrap());
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn a_release_by_hand_reaches_one_who_waits() {
    loom::model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(1));
        semaphore.try_acquire().unwrap().forget();
        let release = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release(1).unwrap())
        };
        drop(block_on(semaphore.acquire()).unwrap());
        release.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}
