//! A bounded semaphore, as CPython tests its own: permits are taken out and released by hand.

use tollgate_core::{BoundedSemaphore, OverReleaseError};

use crate::common::{poll, ready, waiting};

#[test]
fn a_bounded_semaphore_refuses_a_release_that_nobody_acquired_for() {
    let semaphore = BoundedSemaphore::new(1);
    assert_eq!(semaphore.release(1), Err(OverReleaseError { released: 1, outstanding: 0 }));
    assert_eq!((semaphore.available_permits(), semaphore.is_locked()), (1, false));
}

#[test]
fn a_bounded_semaphore_takes_back_what_was_acquired_and_not_one_more() {
    let semaphore = BoundedSemaphore::new(2);
    for _ in 0..3 {
        ready(semaphore.acquire()).unwrap().forget();
        ready(semaphore.acquire()).unwrap().forget();
        assert!(semaphore.is_locked());
        semaphore.release(1).unwrap();
        semaphore.release(1).unwrap();
        assert!(semaphore.release(1).is_err());
        assert_eq!(semaphore.available_permits(), 2);
    }
}

#[test]
fn a_bounded_semaphore_refuses_a_release_of_several_that_is_partly_too_much() {
    let semaphore = BoundedSemaphore::new(3);
    ready(semaphore.acquire_many(2)).unwrap().forget();
    assert!(semaphore.release(3).is_err());
    assert_eq!(semaphore.available_permits(), 1, "nothing was put back");
    semaphore.release(2).unwrap();
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_bounded_semaphore_serves_its_line_in_order_and_skips_the_cancelled() {
    let semaphore = BoundedSemaphore::new(1);
    ready(semaphore.acquire()).unwrap().forget();
    let cancelled = waiting(semaphore.acquire());
    let mut second = waiting(semaphore.acquire());
    let mut third = waiting(semaphore.acquire());
    drop(cancelled);
    semaphore.release(1).unwrap();
    assert!(semaphore.is_locked() && poll(&mut third).is_pending());
    ready(&mut second).unwrap().forget();
    semaphore.release(1).unwrap();
    drop(ready(third).unwrap());
    assert!(semaphore.release(1).is_err(), "a permit that was dropped is not released by hand as well");
}

#[test]
fn the_bound_can_be_as_high_as_can_be_and_is_shown_for_debugging() {
    let semaphore = BoundedSemaphore::new(1);
    semaphore.resize(BoundedSemaphore::MAX_PERMITS).unwrap();
    assert_eq!(semaphore.available_permits(), BoundedSemaphore::MAX_PERMITS);
    let shown = format!("{:?}", BoundedSemaphore::new(3));
    assert!(shown.starts_with("BoundedSemaphore {") && shown.contains('3'), "{shown}");
}
