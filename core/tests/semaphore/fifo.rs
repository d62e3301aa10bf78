//! First in, first out, as CPython tests it in four ways, with tasks.

use tollgate_core::Semaphore;

use crate::common::{poll, ready, waiting};
use crate::{Loop, acquire, yield_now};

#[test]
fn fifo_1_tasks_that_come_back_stand_at_the_end_of_the_line() {
    let mut tasks = Loop::new(1);
    let twice = |names: [&'static str; 2]| {
        tasks.spawn(move |semaphore, record| async move {
            for name in names {
                acquire(&semaphore).await;
                record.borrow_mut().push(name);
                // As long as it takes for all others to get in line.
                for _ in 0..5 {
                    yield_now().await;
                }
                semaphore.release(1);
            }
        })
    };
    let handles = [["a1", "a2"], ["b1", "b2"], ["c1", "c2"]].map(twice);
    assert_eq!(tasks.run(), ["a1", "b1", "c1", "a2", "b2", "c2"]);
    drop(handles);
}

#[test]
fn fifo_2_who_releases_and_acquires_again_does_not_pass_those_in_line() {
    let mut tasks = Loop::new(0);
    let first = tasks.spawn(|semaphore, record| async move {
        for name in ["1", "3"] {
            acquire(&semaphore).await;
            record.borrow_mut().push(name);
            semaphore.release(1);
        }
    });
    let second = tasks.acquirer("2");
    assert!(tasks.run().is_empty());
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["1", "2"], "the permit that was released is not the releaser's again");
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["1", "2", "3"]);
    drop((first, second));
}

#[test]
fn fifo_2_who_was_granted_first_has_its_permit_whatever_is_released_and_acquired_before_its_turn() {
    // In asyncio the last one would stand behind the third until that has had its turn. Here the third's permit
    // is its own from the release on, as in tokio, and one that is free besides may be taken at once.
    let semaphore = Semaphore::new(1);
    ready(semaphore.acquire()).unwrap().forget();
    let (mut second, mut third) = (waiting(semaphore.acquire()), waiting(semaphore.acquire()));
    semaphore.release(1);
    semaphore.release(1);
    drop(ready(&mut second).unwrap());
    let last = ready(semaphore.acquire()).unwrap();
    assert!(semaphore.is_locked(), "one is the last one's, the other the third's");
    assert!(poll(&mut third).is_ready());
    drop(last);
}

#[test]
fn fifo_3_when_the_first_is_cancelled_those_behind_it_keep_their_order() {
    let mut tasks = Loop::new(0);
    let [first, second, third] = ["1", "2", "3"].map(|name| tasks.acquirer(name));
    tasks.run();
    drop(first);
    tasks.run();
    tasks.semaphore.release(1);
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["2", "3"]);
    drop((second, third));
}

#[test]
fn fifo_4_one_release_for_a_waiter_and_two_newcomers_serves_all_three_and_the_waiter_first() {
    // In asyncio the newcomers stand behind the waiter until it has had its turn. Here its permit is its own
    // from the release on, whether it has noticed or not, so the newcomers need not wait for it. Either way
    // the first permit is the waiter's, each gets one, and nobody is forgotten.
    let mut tasks = Loop::new(0);
    let waiter = tasks.acquirer("waiter");
    tasks.run();
    assert_eq!(tasks.semaphore.waiting(), 1);
    tasks.semaphore.release(1);
    assert!(tasks.semaphore.is_locked(), "the one there is belongs to the waiter");
    tasks.semaphore.release(2);
    assert_eq!((tasks.semaphore.waiting(), tasks.semaphore.available_permits()), (0, 2));
    let newcomers = ["second", "third", "fourth"].map(|name| tasks.acquirer(name));
    assert_eq!(tasks.run(), ["waiter", "second", "third"]);
    assert_eq!((tasks.semaphore.is_locked(), tasks.semaphore.waiting()), (true, 1));
    drop((waiter, newcomers));
}

#[test]
fn fifo_4_a_task_that_serves_the_whole_line_in_one_go_serves_it_in_order() {
    let mut tasks = Loop::new(0);
    let line = ["1", "2", "3"].map(|name| tasks.acquirer(name));
    tasks.run();
    let server = tasks.spawn(|semaphore, record| async move {
        semaphore.release(1);
        semaphore.release(3);
        record.borrow_mut().push("served");
        acquire(&semaphore).await;
        record.borrow_mut().push("4");
    });
    let late = tasks.acquirer("5");
    assert_eq!(tasks.run(), ["served", "4", "1", "2", "3"], "it never had to wait; the line is in order");
    tasks.semaphore.release(1);
    assert_eq!(tasks.run()[5..], ["5"]);
    drop((line, server, late));
}
