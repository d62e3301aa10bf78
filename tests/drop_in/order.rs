// First come, first served.

use crate::{Bell, at_once, now, poll, poll_with, waiting};

#[test]
fn those_who_wait_are_let_in_in_the_order_in_which_they_came() {
    let semaphore = Semaphore::new(0);
    let mut line: Vec<_> = (0..20).map(|_| waiting(semaphore.acquire())).collect();
    for first in 0..line.len() {
        semaphore.add_permits(1);
        assert!(line[first + 1..].iter_mut().all(|later| poll(later).is_pending()));
        now(&mut line[first]).unwrap().forget();
    }
}

#[test]
fn the_order_is_that_of_the_first_poll_not_of_the_call() {
    let semaphore = Semaphore::new(0);
    let (called_first, called_second) = (semaphore.acquire(), semaphore.acquire());
    let mut second = waiting(called_second);
    let mut first = waiting(called_first);
    semaphore.add_permits(1);
    assert!(poll(&mut first).is_pending());
    assert!(poll(&mut second).is_ready());
}

#[test]
fn a_large_request_is_not_overtaken_by_small_ones() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire().unwrap();
    let mut large = waiting(semaphore.acquire_many(3));
    let mut small = waiting(semaphore.acquire());
    assert!(semaphore.try_acquire().is_err(), "one is free, but it belongs to the large request");
    drop(held);
    assert!(poll(&mut large).is_pending() && poll(&mut small).is_pending());
    semaphore.add_permits(1);
    assert!(poll(&mut small).is_pending());
    let three = now(&mut large).unwrap();
    assert_eq!(three.num_permits(), 3);
    drop(three);
    assert!(poll(&mut small).is_ready());
}

#[test]
fn a_request_for_more_than_there_are_holds_up_those_behind_it_until_it_is_met() {
    let semaphore = Semaphore::new(1);
    let mut huge = waiting(semaphore.acquire_many(10));
    let mut small = waiting(semaphore.acquire());
    semaphore.add_permits(8);
    assert!(poll(&mut huge).is_pending() && poll(&mut small).is_pending());
    semaphore.add_permits(1);
    assert_eq!(now(&mut huge).unwrap().num_permits(), 10);
    assert!(poll(&mut small).is_ready());
}

#[test]
fn what_one_release_leaves_over_goes_to_the_next_in_line() {
    let semaphore = Semaphore::new(0);
    let mut two = waiting(semaphore.acquire_many(2));
    let mut three = waiting(semaphore.acquire_many(3));
    let mut one = waiting(semaphore.acquire());
    semaphore.add_permits(4);
    now(&mut two).unwrap().forget();
    assert!(poll(&mut three).is_pending() && poll(&mut one).is_pending());
    semaphore.add_permits(2);
    now(&mut three).unwrap().forget();
    now(&mut one).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn polling_again_and_again_neither_loses_nor_gains_a_place() {
    let semaphore = Semaphore::new(0);
    let (mut first, mut second) = (waiting(semaphore.acquire()), waiting(semaphore.acquire()));
    for _ in 0..100 {
        assert!(poll(&mut second).is_pending() && poll(&mut first).is_pending());
    }
    semaphore.add_permits(1);
    assert!(poll(&mut second).is_pending());
    assert!(poll(&mut first).is_ready());
}

#[test]
fn a_newcomer_gets_nothing_that_was_granted_to_one_who_has_not_noticed_yet() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut first = waiting(semaphore.acquire());
    drop(held);
    assert!(semaphore.try_acquire().is_err() && semaphore.available_permits() == 0);
    let mut newcomer = waiting(semaphore.acquire());
    assert!(poll(&mut newcomer).is_pending());
    drop(now(&mut first).unwrap());
    assert!(poll(&mut newcomer).is_ready());
}

#[test]
fn more_permits_than_those_in_line_can_use_are_free_for_anybody() {
    let semaphore = Semaphore::new(0);
    let mut line = waiting(semaphore.acquire());
    semaphore.add_permits(3);
    assert_eq!(semaphore.available_permits(), 2);
    drop(semaphore.try_acquire_many(2).unwrap());
    drop(at_once(semaphore.acquire()).unwrap());
    assert!(now(&mut line).is_ok());
}

#[test]
fn only_those_who_may_go_are_woken_and_each_once() {
    let semaphore = Semaphore::new(0);
    let bells: Vec<_> = (0..4).map(|_| Bell::new()).collect();
    let mut line: Vec<_> = bells
        .iter()
        .map(|(_, waker)| {
            let mut future = Box::pin(semaphore.acquire_many(2));
            assert!(poll_with(&mut future, waker).is_pending());
            future
        })
        .collect();
    let rung = || bells.iter().map(|(bell, _)| bell.rung()).collect::<Vec<_>>();
    semaphore.add_permits(1);
    assert_eq!(rung(), [0, 0, 0, 0], "half a request is no reason to wake");
    semaphore.add_permits(4);
    assert_eq!(rung(), [1, 1, 0, 0]);
    line.drain(..2).for_each(|mut future| now(&mut future).unwrap().forget());
    semaphore.add_permits(100);
    assert_eq!(rung(), [1, 1, 1, 1]);
}
