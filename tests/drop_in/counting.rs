// Adding permits and taking them away for good.

use std::sync::Arc;

use crate::{Bell, at_once, now, poll, poll_with, waiting};

#[test]
fn added_permits_are_free_at_once_whether_open_or_closed() {
    for (before, added) in [(0, 0), (0, 3), (2, 0), (3, 4)] {
        let semaphore = Semaphore::new(before);
        semaphore.add_permits(added);
        assert_eq!((semaphore.available_permits(), semaphore.is_closed()), (before + added, false));
        semaphore.close();
        semaphore.add_permits(added);
        assert_eq!((semaphore.available_permits(), semaphore.is_closed()), (before + 2 * added, true));
    }
}

#[test]
fn adding_several_wakes_several() {
    let semaphore = Semaphore::new(0);
    let (bell, waker) = Bell::new();
    let mut line: Vec<_> = (0..80).map(|_| Box::pin(semaphore.acquire())).collect();
    assert!(line.iter_mut().all(|future| poll_with(future, &waker).is_pending()));
    semaphore.add_permits(75);
    assert_eq!(bell.rung(), 75);
    let (inside, outside) = line.split_at_mut(75);
    let permits: Vec<_> = inside.iter_mut().map(|future| now(future).unwrap()).collect();
    assert!(outside.iter_mut().all(|future| poll(future).is_pending()));
    drop(permits);
    assert!(outside.iter_mut().all(|future| now(future).is_ok()));
    assert_eq!(semaphore.available_permits(), 75);
}

#[test]
fn adding_nothing_changes_nothing() {
    let semaphore = Semaphore::new(0);
    let (bell, waker) = Bell::new();
    let mut line = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut line, &waker).is_pending());
    semaphore.add_permits(0);
    assert_eq!((bell.rung(), semaphore.available_permits()), (0, 0));
}

#[test]
fn forgetting_takes_free_permits_and_says_how_many() {
    for (there, asked) in [(0, 0), (0, 2), (3, 0), (3, 2), (3, 3), (3, 5), (3, usize::MAX)] {
        for closed in [false, true] {
            let semaphore = Semaphore::new(there);
            if closed {
                semaphore.close();
            }
            let gone = semaphore.forget_permits(asked);
            assert_eq!(gone, there.min(asked), "{asked} of {there}");
            assert_eq!(semaphore.available_permits(), there - gone);
            assert_eq!(semaphore.is_closed(), closed, "forgetting neither closes nor opens");
        }
    }
}

#[test]
fn forgetting_leaves_alone_what_is_held_waited_for_or_granted() {
    let semaphore = Semaphore::new(2);
    let held = semaphore.try_acquire().unwrap();
    let mut line = waiting(semaphore.acquire_many(2));
    assert_eq!(semaphore.forget_permits(5), 0, "the free one is kept for the one who waits");
    drop(held);
    assert_eq!(semaphore.forget_permits(5), 0, "both are granted");
    let both = now(&mut line).unwrap();
    assert_eq!(semaphore.forget_permits(5), 0);
    drop(both);
    assert_eq!(semaphore.forget_permits(5), 2);
    assert!(semaphore.try_acquire().is_err());
}

#[test]
fn a_forgotten_permit_does_not_come_back() {
    let semaphore = Arc::new(Semaphore::new(4));
    semaphore.try_acquire().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 3);
    semaphore.clone().try_acquire_many_owned(2).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
    at_once(semaphore.acquire()).unwrap().forget();
    assert_eq!((semaphore.available_permits(), Arc::strong_count(&semaphore)), (0, 1));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    semaphore.add_permits(4);
    assert_eq!(semaphore.available_permits(), 4, "and can be put back by hand");
}

#[test]
fn forgetting_frees_nobody_who_waits() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut line = waiting(semaphore.acquire());
    held.forget();
    assert!(poll(&mut line).is_pending());
    semaphore.add_permits(1);
    assert!(poll(&mut line).is_ready());
}

#[test]
fn a_leaked_permit_stays_taken_and_permits_can_still_be_added() {
    let semaphore = Semaphore::new(1);
    std::mem::forget(semaphore.try_acquire().unwrap());
    assert!(semaphore.try_acquire().is_err());
    semaphore.add_permits(50);
    assert_eq!(semaphore.available_permits(), 50);
}

#[test]
fn a_bucket_that_is_refilled_by_hand_never_holds_more_than_its_size() {
    // Forget what is taken, and add what is missing: a token bucket, as users build it.
    let (size, bucket) = (3, Semaphore::new(3));
    for taken in [2, 1, 3, 0] {
        (0..taken).for_each(|_| bucket.try_acquire().unwrap().forget());
        bucket.add_permits(size - bucket.available_permits());
        assert_eq!(bucket.available_permits(), size);
    }
}
