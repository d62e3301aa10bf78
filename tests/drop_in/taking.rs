// Taking permits: none, one and many, at once and after a wait, borrowed and owned.

use std::sync::Arc;

use crate::{at_once, now, poll, waiting};

#[test]
fn permits_are_taken_until_none_is_left_and_come_back_when_dropped() {
    let semaphore = Semaphore::new(2);
    let first = semaphore.try_acquire().unwrap();
    let second = at_once(semaphore.acquire()).unwrap();
    assert_eq!(semaphore.available_permits(), 0);
    assert!(matches!(semaphore.try_acquire(), Err(TryAcquireError::NoPermits)));
    drop(first);
    assert_eq!(semaphore.available_permits(), 1);
    drop(second);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_permit_that_is_not_kept_comes_back_at_once() {
    let semaphore = Semaphore::new(1);
    let _ = semaphore.try_acquire().unwrap();
    let _ = at_once(semaphore.acquire()).unwrap();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn many_are_taken_together_or_not_at_all() {
    let semaphore = Semaphore::new(5);
    let three = semaphore.try_acquire_many(3).unwrap();
    assert_eq!(semaphore.try_acquire_many(3).unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(semaphore.available_permits(), 2, "a refusal takes nothing");
    let two = at_once(semaphore.acquire_many(2)).unwrap();
    assert_eq!((three.num_permits(), two.num_permits(), semaphore.available_permits()), (3, 2, 0));
    drop((three, two));
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn nothing_can_always_be_taken_from_an_open_semaphore() {
    let semaphore = Arc::new(Semaphore::new(0));
    let _line = waiting(semaphore.acquire());
    assert_eq!(semaphore.try_acquire_many(0).unwrap().num_permits(), 0);
    assert_eq!(at_once(semaphore.acquire_many(0)).unwrap().num_permits(), 0);
    assert_eq!(semaphore.clone().try_acquire_many_owned(0).unwrap().num_permits(), 0);
    assert_eq!(at_once(semaphore.clone().acquire_many_owned(0)).unwrap().num_permits(), 0);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn as_many_as_a_number_of_32_bits_can_say_are_taken_at_once() {
    let semaphore = Semaphore::new(u32::MAX as usize + 1);
    let all_but_one = semaphore.try_acquire_many(u32::MAX).unwrap();
    assert_eq!((all_but_one.num_permits(), semaphore.available_permits()), (u32::MAX as usize, 1));
    let mut line = waiting(semaphore.acquire_many(u32::MAX));
    drop(all_but_one);
    assert_eq!(now(&mut line).unwrap().num_permits(), u32::MAX as usize);
}

#[test]
fn who_finds_too_few_waits_until_there_are_enough() {
    let semaphore = Semaphore::new(3);
    let held = semaphore.try_acquire_many(2).unwrap();
    let mut line = waiting(semaphore.acquire_many(3));
    assert_eq!(semaphore.available_permits(), 0, "what is free is kept for the one who waits");
    drop(held);
    let all = now(&mut line).unwrap();
    assert_eq!((all.num_permits(), semaphore.available_permits()), (3, 0));
}

#[test]
fn owned_permits_are_taken_like_borrowed_ones() {
    let semaphore = Arc::new(Semaphore::new(6));
    let one = semaphore.clone().try_acquire_owned().unwrap();
    let two = semaphore.clone().try_acquire_many_owned(2).unwrap();
    let three = at_once(semaphore.clone().acquire_many_owned(3)).unwrap();
    assert_eq!(semaphore.clone().try_acquire_owned().unwrap_err(), TryAcquireError::NoPermits);
    assert_eq!(semaphore.clone().try_acquire_many_owned(2).unwrap_err(), TryAcquireError::NoPermits);
    let mut line = waiting(semaphore.clone().acquire_owned());
    drop(one);
    assert_eq!(now(&mut line).unwrap().num_permits(), 1);
    drop((two, three));
    assert_eq!(semaphore.available_permits(), 6);
}

#[test]
fn borrowed_and_owned_callers_stand_in_one_line() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut owned = waiting(semaphore.clone().acquire_owned());
    let mut borrowed = waiting(semaphore.acquire());
    semaphore.add_permits(1);
    assert!(poll(&mut borrowed).is_pending());
    let owned = now(&mut owned).unwrap();
    drop(owned);
    assert!(now(&mut borrowed).is_ok());
}

#[test]
fn owned_futures_and_permits_keep_their_semaphore_alive() {
    let semaphore = Arc::new(Semaphore::new(1));
    let alive = Arc::downgrade(&semaphore);
    let future = semaphore.acquire_owned();
    assert!(alive.upgrade().is_some());
    let permit = at_once(future).unwrap();
    assert_eq!(alive.upgrade().unwrap().available_permits(), 0);
    drop(permit);
    assert!(alive.upgrade().is_none(), "neither the future nor the permit lingers on");
    let failed = Arc::new(Semaphore::new(0));
    let alive = Arc::downgrade(&failed);
    assert!(failed.try_acquire_owned().is_err());
    assert!(alive.upgrade().is_none());
}

#[test]
fn a_future_that_is_never_polled_takes_no_permit_and_no_place() {
    let semaphore = Semaphore::new(1);
    let unpolled = semaphore.acquire();
    assert_eq!(semaphore.available_permits(), 1);
    let held = at_once(semaphore.acquire()).unwrap();
    let mut later = waiting(semaphore.acquire());
    drop(held);
    assert!(now(&mut later).is_ok(), "it came after, but was polled first");
    drop(unpolled);
}

#[test]
fn polling_again_after_the_end_makes_a_panic() {
    let semaphore = Arc::new(Semaphore::new(2));
    let mut borrowed = Box::pin(semaphore.acquire());
    drop(now(&mut borrowed).unwrap());
    assert!(crate::panics(|| drop(poll(&mut borrowed))));
    let mut owned = Box::pin(semaphore.clone().acquire_owned());
    drop(now(&mut owned).unwrap());
    assert!(crate::panics(|| drop(poll(&mut owned))));
    let mut after_a_wait = waiting(semaphore.acquire_many(3));
    semaphore.close();
    assert!(now(&mut after_a_wait).is_err());
    assert!(crate::panics(|| drop(poll(&mut after_a_wait))));
    drop((borrowed, owned, after_a_wait));
    assert_eq!(semaphore.available_permits(), 2, "a panic costs no permit");
}
