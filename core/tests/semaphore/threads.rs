//! Threads that block on a semaphore, as those do who use it without a runtime.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::Poll;
use std::thread;

use futures::executor::block_on;
use tollgate_core::Semaphore;

#[test]
fn one_permit_makes_a_mutex() {
    /// miri takes a thousand times as long.
    const ROUNDS: usize = if cfg!(miri) { 10 } else { 1_000 };
    // A read and a write that are not one step: without exclusion, some would be lost.
    let (semaphore, count) = (Semaphore::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let _permit = block_on(semaphore.acquire()).unwrap();
                    let seen = count.load(Ordering::Relaxed);
                    thread::yield_now();
                    count.store(seen + 1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(count.into_inner(), 4 * ROUNDS);
}

#[test]
fn two_permits_let_two_in_at_the_same_time() {
    let (semaphore, meeting) = (Semaphore::new(2), Barrier::new(2));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let _permit = block_on(semaphore.acquire()).unwrap();
                // Ends only if both are inside.
                meeting.wait();
            });
        }
    });
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn fifty_threads_for_five_permits_lose_none() {
    let semaphore = Semaphore::new(5);
    thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| (0..200).for_each(|_| drop(block_on(semaphore.acquire()).unwrap())));
        }
    });
    let all: Vec<_> = std::iter::from_fn(|| semaphore.try_acquire().ok()).collect();
    assert_eq!(all.len(), 5);
    drop(all);
    assert!(semaphore.try_acquire().is_ok());
}

#[test]
fn permits_that_are_added_let_in_as_many_threads_though_none_gives_back() {
    let (semaphore, inside) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..50)
        .map(|_| {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            thread::spawn(move || {
                // Leaked on purpose: neither given back nor forgotten.
                std::mem::forget(block_on(semaphore.acquire()).unwrap());
                inside.fetch_add(1, Ordering::SeqCst);
            })
        })
        .collect();
    assert_eq!(inside.load(Ordering::SeqCst), 0);
    semaphore.add_permits(50);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((inside.load(Ordering::SeqCst), semaphore.available_permits()), (50, 0));
}

#[test]
fn a_wait_never_blocks_the_thread_that_polls_it() {
    // All in one poll of one future: a wait that blocked would never come to the next line.
    block_on(poll_fn(|cx| {
        let semaphore = Semaphore::new(0);
        let (mut first, mut second) = (pin!(semaphore.acquire()), pin!(semaphore.acquire()));
        assert!(first.as_mut().poll(cx).is_pending());
        assert!(second.as_mut().poll(cx).is_pending());
        semaphore.add_permits(1);
        let Poll::Ready(permit) = first.as_mut().poll(cx) else { panic!("still waiting") };
        assert!(second.as_mut().poll(cx).is_pending());
        drop(permit);
        assert!(second.as_mut().poll(cx).is_ready());
        Poll::Ready(())
    }));
}

#[test]
fn an_owned_future_is_all_that_is_left_of_its_semaphore() {
    let future = Arc::new(Semaphore::new(2)).acquire_owned();
    let permit = block_on(future).unwrap();
    assert_eq!(permit.semaphore().available_permits(), 1);
}

#[test]
fn what_a_holder_wrote_is_seen_by_the_next() {
    let (semaphore, log) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
    let threads: Vec<_> = (0..10)
        .map(|number| {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            thread::spawn(move || {
                let _permit = block_on(semaphore.acquire()).unwrap();
                let mut log = log.try_lock().expect("one at a time");
                log.push(number);
            })
        })
        .collect();
    semaphore.add_permits(1);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut log = Arc::into_inner(log).unwrap().into_inner().unwrap();
    log.sort_unstable();
    assert_eq!(log, Vec::from_iter(0..10));
}

#[test]
fn a_thread_that_blocks_for_a_permit_can_still_be_unparked_for_something_else() {
    let semaphore = Arc::new(Semaphore::new(0));
    thread::current().unpark();
    let adder = {
        let semaphore = semaphore.clone();
        thread::spawn(move || {
            while semaphore.waiting() == 0 {
                thread::yield_now();
            }
            semaphore.add_permits(1);
        })
    };
    drop(semaphore.blocking_acquire().unwrap());
    adder.join().unwrap();
    // Returns at once, or the test hangs.
    thread::park();
}
