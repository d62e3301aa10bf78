// Closing: who waits, who comes later, and what is held.

use std::sync::Arc;

use crate::{Bell, at_once, now, poll, poll_with, waiting};

#[test]
fn everybody_who_waits_is_woken_and_turned_away() {
    let semaphore = Semaphore::new(0);
    let (bell, waker) = Bell::new();
    let mut line: Vec<_> = (0..100).map(|n| Box::pin(semaphore.acquire_many(1 + n % 3))).collect();
    assert!(line.iter_mut().all(|future| poll_with(future, &waker).is_pending()));
    semaphore.close();
    assert_eq!(bell.rung(), 100);
    assert!(line.iter_mut().all(|future| matches!(now(future), Err(AcquireError { .. }))));
}

#[test]
fn owned_waiters_are_turned_away_and_let_go_of_the_semaphore() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut line = [waiting(semaphore.clone().acquire_owned()), waiting(semaphore.clone().acquire_owned())];
    semaphore.close();
    assert!(line.iter_mut().all(|future| now(future).is_err()));
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

#[test]
fn who_comes_later_is_turned_away_whatever_is_free_and_whatever_is_asked_for() {
    let semaphore = Arc::new(Semaphore::new(10));
    semaphore.close();
    assert!(semaphore.is_closed());
    for n in [0, 1, 10, 11] {
        assert!(at_once(semaphore.acquire_many(n)).is_err());
        assert!(at_once(semaphore.clone().acquire_many_owned(n)).is_err());
        assert_eq!(semaphore.try_acquire_many(n).unwrap_err(), TryAcquireError::Closed);
        assert_eq!(semaphore.clone().try_acquire_many_owned(n).unwrap_err(), TryAcquireError::Closed);
    }
    assert!(at_once(semaphore.acquire()).is_err() && at_once(semaphore.clone().acquire_owned()).is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(semaphore.clone().try_acquire_owned().unwrap_err(), TryAcquireError::Closed);
    assert_eq!(semaphore.available_permits(), 10);
}

#[test]
fn a_future_made_before_and_polled_after_is_turned_away() {
    let semaphore = Semaphore::new(1);
    let future = semaphore.acquire();
    semaphore.close();
    assert!(at_once(future).is_err());
}

#[test]
fn permits_that_are_held_stay_good_and_come_back() {
    let semaphore = Semaphore::new(5);
    let mut held = semaphore.try_acquire_many(3).unwrap();
    let collected = at_once(semaphore.acquire()).unwrap();
    semaphore.close();
    assert_eq!((held.num_permits(), collected.num_permits()), (3, 1));
    drop(held.split(1));
    held.merge(collected);
    assert_eq!(semaphore.available_permits(), 2);
    drop(held);
    assert_eq!(semaphore.available_permits(), 5);
    assert!(semaphore.is_closed(), "permits that come back do not open it again");
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
}

#[test]
fn closing_twice_is_as_good_as_once() {
    let semaphore = Semaphore::new(1);
    let mut line = waiting(semaphore.acquire_many(2));
    semaphore.close();
    semaphore.close();
    assert!(now(&mut line).is_err());
    assert!(semaphore.is_closed());
}

#[test]
fn what_was_set_aside_for_those_who_are_turned_away_is_free_again() {
    let semaphore = Semaphore::new(2);
    let mut large = waiting(semaphore.acquire_many(3));
    let small = waiting(semaphore.acquire());
    semaphore.close();
    assert!(now(&mut large).is_err());
    drop((large, small));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn waiters_may_be_dropped_after_the_close_instead_of_polled() {
    let semaphore = Semaphore::new(0);
    let line: Vec<_> = (0..5).map(|_| waiting(semaphore.acquire())).collect();
    semaphore.close();
    drop(line);
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn permits_that_come_after_the_close_go_to_nobody() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut line = waiting(semaphore.acquire());
    semaphore.close();
    drop(held);
    semaphore.add_permits(1);
    assert!(matches!(poll(&mut line), std::task::Poll::Ready(Err(_))));
    drop(line);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_grant_that_was_not_collected_before_the_close_is_void() {
    let semaphore = Arc::new(Semaphore::new(3));
    let held = semaphore.try_acquire_many(3).unwrap();
    let mut borrowed = waiting(semaphore.acquire_many(2));
    let mut owned = waiting(semaphore.clone().acquire_owned());
    drop(held);
    assert_eq!(semaphore.available_permits(), 0, "all are granted");
    semaphore.close();
    assert!(now(&mut borrowed).is_err() && now(&mut owned).is_err());
    drop((borrowed, owned));
    assert_eq!((semaphore.available_permits(), Arc::strong_count(&semaphore)), (3, 1));
}
