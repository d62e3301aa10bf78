// Which waker is woken, and that it may do as it likes.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use crate::{Bell, now, poll, poll_with, waiting};

#[test]
fn the_waker_of_the_last_poll_is_the_one_that_is_woken() {
    let semaphore = Semaphore::new(0);
    let ((early, first), (late, last)) = (Bell::new(), Bell::new());
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &first).is_pending());
    assert!(poll_with(&mut future, &last).is_pending());
    semaphore.add_permits(1);
    assert_eq!((early.rung(), late.rung()), (0, 1));
}

#[test]
fn a_future_may_move_to_another_task_between_polls() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut future = waiting(semaphore.clone().acquire_owned());
    let elsewhere = std::thread::spawn(move || {
        let (bell, waker) = Bell::new();
        assert!(poll_with(&mut future, &waker).is_pending());
        (future, bell)
    });
    let (mut future, bell) = elsewhere.join().unwrap();
    semaphore.add_permits(1);
    assert_eq!(bell.rung(), 1);
    assert!(now(&mut future).is_ok());
}

#[test]
fn a_waker_is_let_go_when_its_future_is_dropped() {
    let semaphore = Semaphore::new(0);
    let (bell, waker) = Bell::new();
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &waker).is_pending());
    drop(waker);
    drop(future);
    assert_eq!(Arc::strong_count(&bell), 1);
    semaphore.add_permits(1);
    assert_eq!(bell.rung(), 0);
}

/// Calls back into the semaphore when woken.
struct CallsBack {
    semaphore: Arc<Semaphore>,
    seen: Mutex<Vec<usize>>,
}

impl Wake for CallsBack {
    fn wake(self: Arc<Self>) {
        let mut newcomer = Box::pin(self.semaphore.acquire());
        let _ = poll(&mut newcomer);
        drop(newcomer);
        self.semaphore.add_permits(1);
        let free = self.semaphore.available_permits();
        self.seen.lock().unwrap().push(free);
    }
}

fn calls_back(semaphore: &Arc<Semaphore>) -> (Arc<CallsBack>, Waker) {
    let caller = Arc::new(CallsBack { semaphore: semaphore.clone(), seen: Mutex::default() });
    (caller.clone(), Waker::from(caller))
}

#[test]
fn a_waker_may_call_back_while_permits_are_added() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (caller, waker) = calls_back(&semaphore);
    let mut line = [Box::pin(semaphore.acquire()), Box::pin(semaphore.acquire())];
    assert!(line.iter_mut().all(|future| poll_with(future, &waker).is_pending()));
    semaphore.add_permits(1);
    assert_eq!(caller.seen.lock().unwrap().len(), 2, "the first one woken added a permit for the second");
    assert!(line.iter_mut().all(|future| now(future).is_ok()));
}

#[test]
fn a_waker_may_call_back_while_the_semaphore_closes() {
    let semaphore = Arc::new(Semaphore::new(0));
    let (caller, waker) = calls_back(&semaphore);
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &waker).is_pending());
    semaphore.close();
    assert_eq!(*caller.seen.lock().unwrap(), [1]);
    assert!(now(&mut future).is_err());
}

#[test]
fn a_waker_may_call_back_while_a_permit_is_dropped_and_while_a_waiter_leaves() {
    let semaphore = Arc::new(Semaphore::new(1));
    let (caller, waker) = calls_back(&semaphore);
    let held = semaphore.try_acquire().unwrap();
    let mut first = waiting(semaphore.acquire());
    let mut second = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut second, &waker).is_pending());
    drop(held);
    assert!(caller.seen.lock().unwrap().is_empty());
    let granted = now(&mut first).unwrap();
    drop(granted);
    assert_eq!(*caller.seen.lock().unwrap(), [1]);
    assert!(now(&mut second).is_ok());
}

/// Holds a permit until the last copy of the waker is gone.
struct Holds {
    _permit: OwnedSemaphorePermit,
}

impl Wake for Holds {
    fn wake(self: Arc<Self>) {}
}

fn holder(semaphore: &Arc<Semaphore>) -> Waker {
    Waker::from(Arc::new(Holds { _permit: semaphore.clone().try_acquire_owned().unwrap() }))
}

#[test]
fn a_waker_may_release_a_permit_as_it_is_dropped() {
    // Woken by the close, replaced by another, dropped with its future: the last copy goes each time.
    let semaphore = Arc::new(Semaphore::new(1));
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &holder(&semaphore)).is_pending());
    semaphore.close();
    assert_eq!(semaphore.available_permits(), 1);

    let semaphore = Arc::new(Semaphore::new(1));
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &holder(&semaphore)).is_pending());
    // The waker that is replaced gives its permit to this very future.
    let _ = poll(&mut future);
    assert!(now(&mut future).is_ok());

    let semaphore = Arc::new(Semaphore::new(1));
    let mut future = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut future, &holder(&semaphore)).is_pending());
    drop(future);
    assert_eq!(semaphore.available_permits(), 1);
}
