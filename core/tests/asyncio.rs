//! What CPython asks of its `Semaphore`, asked of ours.
//!
//! asyncio's semaphore hands out no permits: who acquires goes on, and somebody releases. So here permits are
//! taken out with `forget` and put back with `release`. Tasks run on a pool of one thread that polls them in
//! the order in which they were spawned or woken, as asyncio does.

mod common;

#[path = "semaphore/fifo.rs"]
mod fifo;

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use common::{ready, waiting};
use futures::executor::LocalPool;
use futures::future::RemoteHandle;
use futures::pending;
use futures::task::LocalSpawnExt;
use tollgate_core::Semaphore;

/// One turn of the loop for everybody else.
async fn yield_now() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

/// An event loop, a semaphore, and a record of who got in.
struct Loop {
    pool: LocalPool,
    semaphore: Arc<Semaphore>,
    record: Record,
}

type Record = Rc<RefCell<Vec<&'static str>>>;

impl Loop {
    fn new(permits: usize) -> Self {
        let semaphore = Arc::new(Semaphore::new(permits));
        Self { pool: LocalPool::new(), semaphore, record: Record::default() }
    }

    /// Starts a task; dropping the handle cancels it.
    fn spawn<F: Future<Output = ()> + 'static>(
        &self,
        task: impl FnOnce(Arc<Semaphore>, Record) -> F,
    ) -> RemoteHandle<()> {
        let task = task(self.semaphore.clone(), self.record.clone());
        self.pool.spawner().spawn_local_with_handle(task).unwrap()
    }

    /// A task that acquires once and notes its name.
    fn acquirer(&self, name: &'static str) -> RemoteHandle<()> {
        self.spawn(|semaphore, record| async move {
            acquire(&semaphore).await;
            record.borrow_mut().push(name);
        })
    }

    /// Runs until nobody can go on; returns who has got in so far.
    fn run(&mut self) -> Vec<&'static str> {
        self.pool.run_until_stalled();
        self.record.borrow().clone()
    }
}

/// Acquires as asyncio does: there is nothing to hold.
async fn acquire(semaphore: &Semaphore) {
    semaphore.acquire().await.unwrap().forget();
}

#[test]
fn a_semaphore_that_starts_at_zero_is_locked() {
    let semaphore = Semaphore::new(0);
    assert!(semaphore.is_locked());
    assert_eq!(semaphore.waiting(), 0);
}

#[test]
fn the_printed_form_tells_what_is_free_and_how_many_wait() {
    let semaphore = Semaphore::new(1);
    let shown = || format!("{semaphore:?}");
    assert!(shown().contains("permits: 1") && shown().contains("waiting: 0"), "{}", shown());
    let held = semaphore.try_acquire().unwrap();
    assert!(shown().contains("permits: 0") && shown().contains("waiting: 0"), "{}", shown());
    let line = [waiting(semaphore.acquire()), waiting(semaphore.acquire())];
    assert!(shown().contains("waiting: 2"), "{}", shown());
    drop((line, held));
}

#[test]
fn a_fresh_semaphore_is_not_locked_and_looking_at_it_takes_nothing() {
    let semaphore = Semaphore::new(1);
    assert!(!semaphore.is_locked());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn acquirers_get_in_as_permits_come_and_the_rest_wait() {
    let mut tasks = Loop::new(3);
    ready(tasks.semaphore.acquire()).unwrap().forget();
    ready(tasks.semaphore.acquire()).unwrap().forget();
    assert!(!tasks.semaphore.is_locked());
    let mut handles: Vec<_> = ["1", "2", "3"].map(|name| tasks.acquirer(name)).into();
    assert_eq!(tasks.run(), ["1"]);
    assert!(tasks.semaphore.is_locked());
    assert_eq!(tasks.semaphore.waiting(), 2);
    handles.push(tasks.acquirer("4"));
    tasks.semaphore.release(1);
    tasks.semaphore.release(1);
    assert!(tasks.semaphore.is_locked(), "both are promised to those who wait");
    assert_eq!(tasks.run(), ["1", "2", "3"]);
    assert_eq!((tasks.semaphore.is_locked(), tasks.semaphore.waiting()), (true, 1));
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["1", "2", "3", "4"]);
    drop(handles);
}

#[test]
fn a_cancelled_acquire_leaves_nobody_in_line() {
    let mut tasks = Loop::new(1);
    ready(tasks.semaphore.acquire()).unwrap().forget();
    let acquirer = tasks.acquirer("cancelled");
    tasks.run();
    assert_eq!(tasks.semaphore.waiting(), 1);
    drop(acquirer);
    assert!(tasks.run().is_empty());
    assert_eq!(tasks.semaphore.waiting(), 0);
    tasks.semaphore.release(1);
    assert!(!tasks.semaphore.is_locked());
}

#[test]
fn cancelling_those_in_front_before_they_are_woken_lets_in_exactly_the_next() {
    let mut tasks = Loop::new(0);
    let [first, second, third, fourth] = ["1", "2", "3", "4"].map(|name| tasks.acquirer(name));
    assert!(tasks.run().is_empty());
    drop((first, second));
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["3"]);
    assert!(tasks.semaphore.is_locked());
    drop((third, fourth));
}

#[test]
fn a_release_right_after_a_cancel_does_not_hang_the_next_in_line() {
    let mut tasks = Loop::new(0);
    let [first, second] = ["1", "2"].map(|name| tasks.acquirer(name));
    tasks.run();
    drop(first);
    tasks.semaphore.release(1);
    assert_eq!(tasks.run(), ["2"]);
    assert!(tasks.semaphore.is_locked());
    drop(second);
}

#[test]
fn a_cancel_right_after_the_release_that_woke_it_does_not_hang_the_next_in_line() {
    let mut tasks = Loop::new(0);
    let [first, second] = ["1", "2"].map(|name| tasks.acquirer(name));
    tasks.run();
    tasks.semaphore.release(1);
    drop(first);
    assert_eq!(tasks.run(), ["2"]);
    drop(second);
}

#[test]
fn a_task_cancelled_between_its_wake_up_and_its_turn_takes_no_permit_with_it() {
    let mut tasks = Loop::new(1);
    let victim = Rc::new(RefCell::new(None));
    let holder = tasks.spawn({
        let victim = victim.clone();
        |semaphore, record| async move {
            let permit = semaphore.acquire().await.unwrap();
            record.borrow_mut().push("holder");
            yield_now().await;
            // Wakes the victim, and cancels it before it has its turn.
            drop(permit);
            drop(victim.take());
        }
    });
    let task = tasks.spawn(|semaphore, record| async move {
        let _permit = semaphore.acquire().await.unwrap();
        record.borrow_mut().push("victim");
    });
    victim.replace(Some(task));
    assert_eq!(tasks.run(), ["holder"]);
    assert!(!tasks.semaphore.is_locked());
    assert!(ready(tasks.semaphore.acquire()).is_ok());
    drop(holder);
}

#[test]
fn a_release_with_nobody_in_line_unlocks() {
    let semaphore = Semaphore::new(1);
    ready(semaphore.acquire()).unwrap().forget();
    assert!(semaphore.is_locked());
    semaphore.release(1);
    assert!(!semaphore.is_locked());
}

#[test]
fn a_permit_is_given_back_at_the_end_of_a_block_and_after_an_error_in_it() {
    let semaphore = Semaphore::new(2);
    let body = async |fails: bool| {
        let _permit = semaphore.acquire().await.unwrap();
        assert!(!semaphore.is_locked());
        let inner = semaphore.acquire().await.unwrap();
        assert!(semaphore.is_locked());
        if fails {
            return Err("as planned");
        }
        drop(inner);
        Ok(())
    };
    assert_eq!(ready(Box::pin(body(false))), Ok(()));
    assert_eq!(ready(Box::pin(body(true))), Err("as planned"));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_task_that_never_ends_does_not_keep_others_from_their_permits() {
    let mut tasks = Loop::new(2);
    let stuck = tasks.spawn(|semaphore, record| async move {
        let _permit = semaphore.acquire().await.unwrap();
        record.borrow_mut().push("stuck");
        loop {
            pending!();
        }
    });
    let others = ["1", "2"].map(|name| {
        tasks.spawn(move |semaphore, record| async move {
            let _permit = semaphore.acquire().await.unwrap();
            yield_now().await;
            record.borrow_mut().push(name);
        })
    });
    assert_eq!(tasks.run(), ["stuck", "1", "2"]);
    drop(stuck);
    tasks.run();
    assert_eq!(tasks.semaphore.available_permits(), 2);
    drop(others);
}
