//! What one holder of a permit wrote, the next one sees: the orderings.
//!
//! A [`Room`] stands for data that only the holder touches. loom notes each access and fails when two of them are
//! not ordered by the semaphore.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::thread;
use tollgate_core::Semaphore;

use crate::{poll, waiting};

#[derive(Clone)]
struct Room(Arc<UnsafeCell<()>>);

impl Room {
    fn new() -> Self {
        Self(Arc::new(UnsafeCell::new(())))
    }

    /// Asks loom for sole access; there is nothing to read or write, which would need unsafe code.
    fn enter(&self) {
        self.0.with_mut(|_| ());
    }
}

/// A semaphore, and a thread that enters and then gives its permit back.
fn held(permits: usize, room: &Room) -> (Arc<Semaphore>, impl FnOnce() -> thread::JoinHandle<()> + use<>) {
    let semaphore = Arc::new(Semaphore::new(permits));
    let permit = semaphore.clone().try_acquire_owned().unwrap();
    let room = room.clone();
    let leave = move || {
        room.enter();
        drop(permit);
    };
    (semaphore, || thread::spawn(leave))
}

#[test]
fn through_the_queue_and_past_it() {
    loom::model(|| {
        let (semaphore, room) = (Arc::new(Semaphore::new(1)), Room::new());
        let visit = |semaphore: &Semaphore, room: &Room| {
            let _permit = block_on(semaphore.acquire()).unwrap();
            room.enter();
        };
        let others = [(); 2].map(|()| {
            let (semaphore, room) = (semaphore.clone(), room.clone());
            thread::spawn(move || visit(&semaphore, &room))
        });
        for other in others {
            other.join().unwrap();
        }
        visit(&semaphore, &room);
    });
}

#[test]
fn to_a_waiter_that_looks_without_having_been_woken() {
    loom::model(|| {
        let room = Room::new();
        let (semaphore, leave) = held(1, &room);
        let mut next = waiting(semaphore.acquire());
        let leaver = leave();
        if poll(&mut next).is_ready() {
            room.enter();
        }
        leaver.join().unwrap();
    });
}

#[test]
fn past_a_large_request_that_went_away() {
    loom::model(|| {
        let room = Room::new();
        let (semaphore, leave) = held(2, &room);
        semaphore.try_acquire().unwrap().forget();
        let large = waiting(semaphore.acquire_many(2));
        let leaver = leave();
        let visitor = {
            let (semaphore, room) = (semaphore.clone(), room.clone());
            thread::spawn(move || {
                if let Ok(_permit) = semaphore.try_acquire() {
                    room.enter();
                }
            })
        };
        drop(large);
        leaver.join().unwrap();
        visitor.join().unwrap();
    });
}
