//! No permit is ever lost, made up or counted twice.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use tollgate_core::Semaphore;

use crate::common::{poll, ready, waiting};

#[test]
fn an_addition_that_is_too_much_changes_nothing_and_the_semaphore_goes_on() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    for n in [1, usize::MAX] {
        assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(n))).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| semaphore.release(n))).is_err());
        assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    }
    let permit = semaphore.try_acquire().unwrap();
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS - 1);
    drop(permit);
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
}

#[test]
fn a_try_that_fails_takes_nothing() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    for _ in 0..3 {
        assert!(semaphore.try_acquire().is_err());
    }
    assert_eq!(semaphore.available_permits(), 0);
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_waiter_that_leaves_before_its_permit_comes_does_not_take_it() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    drop(waiting(semaphore.acquire()));
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn waiters_that_leave_after_their_permits_came_give_them_back_in_either_order() {
    for last_first in [false, true] {
        let semaphore = Semaphore::new(2);
        let held = semaphore.try_acquire_many(2).unwrap();
        let mut line = vec![waiting(semaphore.acquire()), waiting(semaphore.acquire())];
        drop(held);
        assert_eq!(semaphore.available_permits(), 0);
        if last_first {
            line.reverse();
        }
        drop(line);
        assert_eq!(semaphore.available_permits(), 2);
    }
}

#[test]
fn who_waits_for_many_waits_on_while_permits_are_taken_away_and_given() {
    let semaphore = Semaphore::new(5);
    assert_eq!(semaphore.forget_permits(3), 3);
    let mut line = waiting(semaphore.acquire_many(3));
    // Two fewer: those that come next pay for it, and the one who waits does not get them.
    semaphore.resize(0).unwrap();
    semaphore.add_permits(2);
    assert!(poll(&mut line).is_pending());
    semaphore.add_permits(1);
    drop(ready(line).unwrap());
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (3, 3));
}

#[test]
fn a_debt_is_paid_before_anybody_is_let_in_and_only_once() {
    let semaphore = Semaphore::new(4);
    for _ in 0..3 {
        let held = semaphore.try_acquire_many(4).unwrap();
        let mut line = waiting(semaphore.acquire());
        semaphore.resize(1).unwrap();
        let mut held = held;
        drop(held.split(3));
        assert!(poll(&mut line).is_pending(), "three went to pay the debt");
        drop(held);
        drop(ready(line).unwrap());
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
        semaphore.resize(4).unwrap();
        assert_eq!(semaphore.available_permits(), 4);
    }
}

#[test]
fn one_release_serves_a_crowd_and_leaves_the_rest_free() {
    let semaphore = Semaphore::new(0);
    let line: Vec<_> = (0..100).map(|_| waiting(semaphore.acquire())).collect();
    assert_eq!(semaphore.waiting(), 100);
    semaphore.release(102);
    assert_eq!((semaphore.waiting(), semaphore.available_permits()), (0, 2));
    let permits: Vec<_> = line.into_iter().map(|waiter| ready(waiter).unwrap()).collect();
    drop(permits);
    assert_eq!(semaphore.available_permits(), 102);
}

#[test]
fn closing_turns_away_those_who_wait_for_a_shrunken_semaphore() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire_many(2).unwrap();
    semaphore.resize(1).unwrap();
    let line = waiting(semaphore.acquire());
    semaphore.close();
    assert!(ready(line).is_err());
    assert!(ready(semaphore.acquire()).is_err() && semaphore.try_acquire_many(0).is_err());
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn everybody_in_line_is_woken_once_by_a_release_and_once_by_the_close() {
    let semaphore = Semaphore::new(0);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    let mut line: Vec<_> = (0..100).map(|_| semaphore.acquire()).collect();
    for waiter in &mut line {
        assert!(Pin::new(waiter).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    semaphore.release(40);
    assert_eq!(bell.0.load(Ordering::SeqCst), 40);
    let inside: Vec<_> = line.drain(..40).map(|waiter| ready(waiter).unwrap()).collect();
    semaphore.close();
    semaphore.close();
    assert_eq!(bell.0.load(Ordering::SeqCst), 100);
    assert!(line.into_iter().all(|waiter| ready(waiter).is_err()));
    drop(inside);
    assert_eq!((semaphore.available_permits(), semaphore.waiting()), (40, 0));
}

#[test]
fn the_waker_of_the_last_poll_is_woken_and_no_other() {
    let semaphore = Semaphore::new(0);
    let bells = [Arc::new(Bell::default()), Arc::new(Bell::default())];
    let mut call = semaphore.acquire();
    for bell in [&bells[0], &bells[0], &bells[1]] {
        let waker = Waker::from(bell.clone());
        assert!(Pin::new(&mut call).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    semaphore.add_permits(1);
    assert_eq!(bells.map(|bell| bell.0.load(Ordering::Relaxed)), [0, 1]);
    drop(call);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn what_is_shown_for_debugging_tells_the_state() {
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(format!("{permit:?}"), "Permit { permits: 2, .. }");
    let call = waiting(semaphore.acquire());
    assert_eq!(format!("{semaphore:?}"), "Semaphore { permits: 0, capacity: 2, waiting: 1, closed: false }");
    assert_eq!(format!("{call:?}"), "Acquire { permits: 1, queued: true, .. }");
}

#[test]
fn there_can_be_as_many_as_there_can_be() {
    let semaphore = Semaphore::new(0);
    semaphore.resize(Semaphore::MAX_PERMITS).unwrap();
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
}

#[test]
fn errors_say_what_was_wrong() {
    let semaphore = Semaphore::new(0);
    assert_eq!(semaphore.try_acquire().unwrap_err().to_string(), "no permits available");
    semaphore.close();
    assert_eq!(semaphore.try_acquire().unwrap_err().to_string(), "semaphore closed");
    assert_eq!(ready(semaphore.acquire()).unwrap_err().to_string(), "semaphore closed");
}
