//! What the semaphores do.

mod common;

#[path = "semaphore/accounts.rs"]
mod accounts;
#[path = "semaphore/bounded.rs"]
mod bounded;
#[path = "semaphore/threads.rs"]
mod threads;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{poll, ready, waiting};
use futures::executor::block_on;
use tollgate_core::{AcquireError, BoundedSemaphore, Semaphore, TryAcquireError};

#[test]
fn permits_are_taken_and_come_back() {
    let semaphore = Semaphore::new(3);
    let one = ready(semaphore.acquire()).unwrap();
    let two = ready(semaphore.acquire_many(2)).unwrap();
    assert_eq!((one.num_permits(), two.num_permits(), semaphore.available_permits()), (1, 2, 0));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    drop(one);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn those_who_wait_are_served_in_order_whatever_they_ask_for() {
    let semaphore = Semaphore::new(0);
    let mut heavy = waiting(semaphore.acquire_many(3));
    let mut light = waiting(semaphore.acquire());
    semaphore.add_permits(2);
    assert!(poll(&mut heavy).is_pending() && poll(&mut light).is_pending());
    semaphore.add_permits(1);
    let heavy = ready(heavy).unwrap();
    assert!(poll(&mut light).is_pending());
    drop(heavy);
    assert!(poll(&mut light).is_ready());
}

#[test]
fn nobody_slips_past_those_who_wait() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire().unwrap();
    let mut line = waiting(semaphore.acquire_many(2));
    assert_eq!(semaphore.available_permits(), 0, "what is free is spoken for");
    assert!(semaphore.is_locked() && semaphore.try_acquire().is_err());
    let mut newcomer = waiting(semaphore.acquire());
    drop(held);
    assert!(semaphore.is_locked() && semaphore.try_acquire().is_err());
    drop(ready(&mut line).unwrap());
    assert!(poll(&mut newcomer).is_ready());
}

#[test]
fn a_dropped_waiter_gives_up_its_place_wherever_it_stood() {
    for leaver in 0..3 {
        let semaphore = Semaphore::new(0);
        let mut line: Vec<_> = (0..3).map(|_| waiting(semaphore.acquire())).collect();
        drop(line.remove(leaver));
        semaphore.add_permits(2);
        assert!(line.into_iter().all(|waiter| ready(waiter).is_ok()));
        assert_eq!((semaphore.available_permits(), semaphore.waiting()), (2, 0));
    }
}

#[test]
fn a_heavy_waiter_that_leaves_the_front_lets_those_behind_have_what_is_free() {
    let semaphore = Semaphore::new(1);
    let heavy = waiting(semaphore.acquire_many(2));
    let mut light = waiting(semaphore.acquire());
    drop(heavy);
    assert!(poll(&mut light).is_ready());
}

#[test]
fn a_waiter_that_was_granted_and_is_dropped_unpolled_hands_its_permits_on() {
    let semaphore = Semaphore::new(0);
    let granted = waiting(semaphore.acquire_many(2));
    let mut next = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
    semaphore.add_permits(2);
    drop(granted);
    assert!(next.iter_mut().all(|waiter| poll(waiter).is_ready()));
    let granted = waiting(semaphore.acquire_many(4));
    semaphore.add_permits(2);
    assert_eq!(semaphore.available_permits(), 0);
    drop(granted);
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn asking_for_nothing_is_granted_at_once_also_past_a_line() {
    let semaphore = Semaphore::new(0);
    let _line = waiting(semaphore.acquire());
    assert_eq!(ready(semaphore.acquire_many(0)).unwrap().num_permits(), 0);
    assert!(semaphore.try_acquire_many(0).is_ok());
}

#[test]
fn closing_turns_everybody_away_and_permits_still_come_back() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let line = [waiting(semaphore.acquire()), waiting(semaphore.acquire_many(2))];
    semaphore.close();
    semaphore.close();
    assert!(line.into_iter().all(|waiter| ready(waiter).is_err()));
    assert!(ready(semaphore.acquire()).is_err() && semaphore.is_closed());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    drop(held);
    assert_eq!((semaphore.available_permits(), semaphore.waiting()), (1, 0));
    assert!(Semaphore::new_closed().is_closed());
    assert_eq!(Semaphore::new_closed().try_acquire().unwrap_err(), TryAcquireError::Closed);
}

#[test]
fn forgetting_and_adding_change_how_many_there_are() {
    let semaphore = Semaphore::new(5);
    semaphore.try_acquire().unwrap().forget();
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (4, 4));
    assert_eq!(semaphore.forget_permits(3), 3);
    assert_eq!(semaphore.forget_permits(3), 1);
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (0, 0));
    semaphore.release(2);
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (2, 2));
    let _held = semaphore.try_acquire().unwrap();
    let _line = waiting(semaphore.acquire_many(2));
    assert_eq!(semaphore.forget_permits(1), 0, "what is free is spoken for");
}

#[test]
fn permits_are_merged_and_split() {
    let semaphore = Arc::new(Semaphore::new(6));
    let mut all = semaphore.try_acquire_many(3).unwrap();
    all.merge(semaphore.try_acquire_many(2).unwrap());
    let part = all.split(4).unwrap();
    assert_eq!((all.num_permits(), part.num_permits()), (1, 4));
    assert!(all.split(2).is_none());
    drop(part);
    assert_eq!(semaphore.available_permits(), 5);
    drop(all);
    let mut owned = semaphore.clone().try_acquire_many_owned(4).unwrap();
    let half = owned.split(2).unwrap();
    owned.merge(half);
    assert_eq!(owned.num_permits(), 4);
    assert!(Arc::ptr_eq(owned.semaphore(), &semaphore));
    let other = Arc::new(Semaphore::new(1));
    let foreign = other.try_acquire_owned().unwrap();
    let merge = std::panic::AssertUnwindSafe(|| owned.merge(foreign));
    assert!(std::panic::catch_unwind(merge).is_err());
    drop(owned);
    assert_eq!(semaphore.available_permits(), 6);
}

#[test]
fn shrinking_takes_free_permits_first_and_then_those_that_come_back() {
    let semaphore = Semaphore::new(5);
    let mut held: Vec<_> = (0..3).map(|_| semaphore.try_acquire().unwrap()).collect();
    semaphore.resize(1).unwrap();
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (0, 1));
    let mut line = waiting(semaphore.acquire());
    held.pop();
    held.pop();
    assert!(poll(&mut line).is_pending());
    held.pop();
    drop(ready(line).unwrap());
    assert_eq!(semaphore.available_permits(), 1);
    semaphore.resize(4).unwrap();
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn growing_pays_what_is_owed_first() {
    let semaphore = Semaphore::new(4);
    let held = semaphore.try_acquire_many(4).unwrap();
    semaphore.resize(1).unwrap();
    semaphore.resize(3).unwrap();
    drop(held);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_permit_that_is_forgotten_while_owed_is_not_waited_for() {
    let semaphore = Semaphore::new(2);
    let (first, second) = (semaphore.try_acquire().unwrap(), semaphore.try_acquire().unwrap());
    semaphore.resize(0).unwrap();
    first.forget();
    drop(second);
    semaphore.add_permits(1);
    assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
}

#[test]
fn resizing_keeps_the_places_of_those_who_wait() {
    let semaphore = Semaphore::new(1);
    let _held = semaphore.try_acquire().unwrap();
    let mut line = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
    semaphore.resize(2).unwrap();
    let first = ready(&mut line[0]).unwrap();
    assert!(poll(&mut line[1]).is_pending());
    semaphore.resize(1).unwrap();
    drop(first);
    assert!(poll(&mut line[1]).is_pending());
}

#[test]
fn a_bounded_semaphore_hands_over_and_refuses_one_release_too_many() {
    let semaphore = BoundedSemaphore::new(1);
    ready(semaphore.acquire()).unwrap().forget();
    let second = waiting(semaphore.acquire());
    semaphore.release(1).unwrap();
    ready(second).unwrap().forget();
    semaphore.release(1).unwrap();
    assert!(semaphore.release(1).is_err());
    assert_eq!(semaphore.available_permits(), 1);
    let owned = Arc::new(BoundedSemaphore::new(2)).try_acquire_many_owned(2).unwrap();
    assert!(owned.semaphore().clone().try_acquire_owned().is_err());
    assert!(BoundedSemaphore::new(0).release(1).is_err() && BoundedSemaphore::new(0).is_locked());
    semaphore.close();
    assert_eq!(ready(semaphore.acquire()).map(drop), Err(closed()));
}

fn closed() -> AcquireError {
    ready(Semaphore::new_closed().acquire()).map(drop).unwrap_err()
}

#[test]
fn a_future_is_small_and_everything_may_move_between_threads() {
    fn shared<T: Send + Sync + std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    let semaphore = Arc::new(Semaphore::new(1));
    shared(&semaphore);
    assert!(size_of_val(&semaphore.acquire()) <= 32);
    assert!(size_of_val(&semaphore.clone().acquire_owned()) <= 32);
    shared(&semaphore.acquire());
    shared(&semaphore.try_acquire().unwrap());
    static CONSTANT: Semaphore = Semaphore::const_new(2);
    assert_eq!(CONSTANT.available_permits(), 2);
}

#[test]
fn on_many_threads_there_are_never_more_inside_than_permits_and_none_is_lost() {
    const PERMITS: usize = 3;
    /// miri takes a thousand times as long.
    const ROUNDS: usize = if cfg!(miri) { 30 } else { 5_000 };
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let inside = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..4_usize)
        .map(|thread| {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            std::thread::spawn(move || {
                for round in 0..ROUNDS {
                    let n = 1 + (thread + round) % PERMITS;
                    if round % 7 == 0 {
                        // Takes a place in line, or a grant, and goes away.
                        let mut leaver = semaphore.acquire_many(n as u32);
                        let _ = poll(&mut leaver);
                        continue;
                    }
                    let permit = block_on(semaphore.acquire_many(n as u32)).unwrap();
                    assert!(inside.fetch_add(n, Ordering::SeqCst) + n <= PERMITS);
                    inside.fetch_sub(n, Ordering::SeqCst);
                    drop(permit);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((semaphore.available_permits(), semaphore.waiting()), (PERMITS, 0));
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("as planned");
        }
    }
    let semaphore = Semaphore::new(0);
    let mut first = semaphore.acquire();
    let waker = std::task::Waker::from(Arc::new(Panics));
    let _ = std::pin::Pin::new(&mut first).poll(&mut std::task::Context::from_waker(&waker));
    struct Counts(AtomicUsize);
    impl std::task::Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let counts = Arc::new(Counts(AtomicUsize::new(0)));
    let mut second = semaphore.acquire();
    let waker = std::task::Waker::from(counts.clone());
    let _ = std::pin::Pin::new(&mut second).poll(&mut std::task::Context::from_waker(&waker));
    let add = std::panic::AssertUnwindSafe(|| semaphore.add_permits(2));
    assert!(std::panic::catch_unwind(add).is_err(), "who released hears of it");
    assert_eq!(counts.0.load(Ordering::SeqCst), 1, "the second is woken all the same");
    assert!(poll(&mut first).is_ready() && poll(&mut second).is_ready());
}
