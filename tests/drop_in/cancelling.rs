// Going away at each stage of a wait.

use std::sync::Arc;

use crate::{Bell, at_once, now, poll, poll_with, waiting};

#[test]
fn a_future_dropped_before_its_first_poll_leaves_no_trace() {
    let semaphore = Arc::new(Semaphore::new(1));
    drop(semaphore.acquire());
    drop(semaphore.clone().acquire_owned());
    assert_eq!((semaphore.available_permits(), Arc::strong_count(&semaphore)), (1, 1));
}

#[test]
fn a_waiter_that_leaves_gives_up_its_place_wherever_it_stood() {
    for leaver in 0..4 {
        let semaphore = Semaphore::new(0);
        let mut line: Vec<_> = (0..4).map(|_| waiting(semaphore.acquire())).collect();
        drop(line.remove(leaver));
        for _ in 0..3 {
            semaphore.add_permits(1);
            let mut first = line.remove(0);
            assert!(line.iter_mut().all(|later| poll(later).is_pending()));
            now(&mut first).unwrap().forget();
        }
        semaphore.add_permits(1);
        assert_eq!(semaphore.available_permits(), 1, "nobody is left to take it");
    }
}

#[test]
fn a_large_request_that_leaves_the_front_frees_what_was_kept_for_it() {
    let semaphore = Semaphore::new(3);
    let large = waiting(semaphore.acquire_many(5));
    let (bell, waker) = Bell::new();
    let mut two = Box::pin(semaphore.acquire_many(2));
    let mut one = Box::pin(semaphore.acquire());
    let mut last = Box::pin(semaphore.acquire());
    assert!(poll(&mut two).is_pending());
    assert!(poll_with(&mut one, &waker).is_pending());
    assert!(poll_with(&mut last, &waker).is_pending());
    drop(large);
    assert_eq!(bell.rung(), 1, "those behind are woken as far as it suffices");
    let (two, one) = (now(&mut two).unwrap(), now(&mut one).unwrap());
    assert!(poll(&mut last).is_pending());
    drop(two);
    assert!(now(&mut last).is_ok());
    drop(one);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_large_request_that_leaves_an_otherwise_empty_line_gives_back_what_was_kept_for_it() {
    let semaphore = Semaphore::new(3);
    let mut large = waiting(semaphore.acquire_many(5));
    semaphore.add_permits(1);
    assert!(poll(&mut large).is_pending());
    drop(large);
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn who_was_granted_and_leaves_without_noticing_hands_on_to_the_next() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let granted = waiting(semaphore.acquire());
    let (bell, waker) = Bell::new();
    let mut next = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut next, &waker).is_pending());
    drop(held);
    assert_eq!(bell.rung(), 0);
    drop(granted);
    assert_eq!(bell.rung(), 1);
    assert!(now(&mut next).is_ok());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn who_was_granted_and_leaves_an_empty_line_gives_back() {
    let semaphore = Arc::new(Semaphore::new(2));
    let held = semaphore.try_acquire_many(2).unwrap();
    let granted = waiting(semaphore.clone().acquire_many_owned(2));
    drop(held);
    assert_eq!(semaphore.available_permits(), 0);
    drop(granted);
    assert_eq!((semaphore.available_permits(), Arc::strong_count(&semaphore)), (2, 1));
}

#[test]
fn several_who_leave_one_after_the_other_hand_the_same_permit_on() {
    let semaphore = Semaphore::new(0);
    let mut line: Vec<_> = (0..5).map(|_| waiting(semaphore.acquire())).collect();
    semaphore.add_permits(1);
    drop(line.remove(0));
    drop(line.remove(0));
    drop(line.remove(1));
    assert!(poll(&mut line[1]).is_pending());
    drop(now(&mut line[0]).unwrap());
    assert!(poll(&mut line[1]).is_ready());
}

#[test]
fn the_permit_is_its_holders_own_once_the_future_is_done() {
    let semaphore = Semaphore::new(0);
    let mut future = waiting(semaphore.acquire());
    semaphore.add_permits(1);
    let permit = now(&mut future).unwrap();
    drop(future);
    assert_eq!(semaphore.available_permits(), 0, "dropping the finished future gives nothing back");
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_permit_is_given_back_when_its_holder_panics() {
    let semaphore = Semaphore::new(1);
    assert!(crate::panics(|| {
        let _held = semaphore.try_acquire().unwrap();
        panic!("as planned");
    }));
    assert!(at_once(semaphore.acquire()).is_ok());
}

#[test]
fn a_place_is_given_up_when_the_one_who_waits_panics() {
    let semaphore = Semaphore::new(0);
    assert!(crate::panics(|| {
        let _line = waiting(semaphore.acquire());
        panic!("as planned");
    }));
    semaphore.add_permits(1);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn nothing_is_lost_however_often_people_come_and_go() {
    let semaphore = Semaphore::new(2);
    for round in 0..1_000_u32 {
        let held = semaphore.try_acquire_many(1 + round % 2).unwrap();
        let leaves = waiting(semaphore.acquire_many(2));
        let stays = waiting(semaphore.acquire());
        if round % 3 == 0 {
            drop(held);
            drop(leaves);
        } else {
            drop(leaves);
            drop(held);
        }
        drop(stays);
        assert_eq!(semaphore.available_permits(), 2);
    }
}
