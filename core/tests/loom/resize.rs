//! More and fewer permits, while others forget, take and look.

use std::sync::Arc;

use loom::thread;
use tollgate_core::{BoundedSemaphore, Semaphore};

/// A semaphore of two permits.
fn two() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(2))
}

#[test]
fn permits_forgotten_during_resizes_are_counted_once() {
    loom::model(|| {
        let semaphore = two();
        let forget = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.forget_permits(2))
        };
        semaphore.resize(0).unwrap();
        semaphore.resize(2).unwrap();
        forget.join().unwrap();
        assert_eq!(semaphore.available_permits(), semaphore.capacity(), "nobody holds any");
    });
}

#[test]
fn permits_that_are_owed_and_forgotten_are_not_owed_any_more() {
    let grow: [fn(&Semaphore); 2] = [|it| it.resize(2).unwrap(), |it| it.add_permits(2)];
    for grow in grow {
        loom::model(move || {
            let semaphore = two();
            let permit = semaphore.clone().try_acquire_many_owned(2).unwrap();
            semaphore.resize(1).unwrap();
            let forget = thread::spawn(move || permit.forget());
            grow(&semaphore);
            forget.join().unwrap();
            assert_eq!(semaphore.available_permits(), semaphore.capacity(), "nobody holds any");
        });
    }
}

#[test]
fn free_permits_stay_free_while_others_are_added_or_taken_away() {
    for permits in [1, 3] {
        loom::model(move || {
            let semaphore = two();
            let resize = {
                let semaphore = semaphore.clone();
                thread::spawn(move || semaphore.resize(permits).unwrap())
            };
            assert!(semaphore.available_permits() >= 1);
            let permit = semaphore.try_acquire().expect("one is free all the time, and nobody waits");
            resize.join().unwrap();
            drop(permit);
            assert_eq!(semaphore.available_permits(), permits);
        });
    }
}

#[test]
fn a_bound_that_shrinks_while_permits_are_released_by_hand_holds() {
    loom::model(|| {
        let semaphore = Arc::new(BoundedSemaphore::new(2));
        semaphore.try_acquire_many(2).unwrap().forget();
        let release = {
            let semaphore = semaphore.clone();
            thread::spawn(move || semaphore.release(2).unwrap())
        };
        semaphore.resize(1).unwrap();
        release.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.capacity()), (1, 1));
    });
}
