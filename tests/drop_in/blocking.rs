// Waiting on a thread that may block, and the refusal where it may not.

use std::sync::Arc;
use std::thread;

use crate::{now, panic_file, waiting};

#[test]
fn a_thread_takes_what_is_free_without_waiting() {
    let semaphore = Arc::new(Semaphore::new(8));
    let one: SemaphorePermit<'_> = semaphore.blocking_acquire().unwrap();
    let two: SemaphorePermit<'_> = semaphore.blocking_acquire_many(2).unwrap();
    let three: OwnedSemaphorePermit = semaphore.clone().blocking_acquire_owned().unwrap();
    let four: OwnedSemaphorePermit = semaphore.clone().blocking_acquire_many_owned(4).unwrap();
    assert_eq!(semaphore.available_permits(), 0);
    assert_eq!(one.num_permits() + two.num_permits() + three.num_permits() + four.num_permits(), 8);
    drop((one, two, three, four));
    assert_eq!(semaphore.available_permits(), 8);
    assert_eq!(semaphore.blocking_acquire_many(0).unwrap().num_permits(), 0);
}

#[test]
fn a_thread_waits_until_a_permit_comes_and_stands_in_line_with_tasks() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut first = waiting(semaphore.acquire());
    let threads: [thread::JoinHandle<()>; 2] = [
        thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.blocking_acquire().unwrap().forget()
        }),
        thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.blocking_acquire_many_owned(1).unwrap().forget()
        }),
    ];
    semaphore.add_permits(1);
    now(&mut first).unwrap().forget();
    semaphore.add_permits(2);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn a_thread_that_waits_is_turned_away_by_the_close() {
    let semaphore = Arc::new(Semaphore::new(0));
    let thread = thread::spawn({
        let semaphore = semaphore.clone();
        move || semaphore.blocking_acquire_owned().map(drop)
    });
    semaphore.close();
    assert!(matches!(thread.join().unwrap(), Err(AcquireError { .. })));
    assert!(semaphore.blocking_acquire().is_err() && semaphore.blocking_acquire_many(0).is_err());
    assert!(semaphore.clone().blocking_acquire_owned().is_err());
    assert!(semaphore.clone().blocking_acquire_many_owned(2).is_err());
}

#[tokio::test]
async fn blocking_in_a_task_panics_where_it_was_tried_even_if_a_permit_is_free() {
    let semaphore = Arc::new(Semaphore::new(3));
    let here = Some(file!());
    assert_eq!(panic_file(|| drop(semaphore.blocking_acquire())).as_deref(), here);
    assert_eq!(panic_file(|| drop(semaphore.blocking_acquire_many(1))).as_deref(), here);
    assert_eq!(panic_file(|| drop(semaphore.clone().blocking_acquire_owned())).as_deref(), here);
    assert_eq!(panic_file(|| drop(semaphore.clone().blocking_acquire_many_owned(1))).as_deref(), here);
    assert_eq!((semaphore.available_permits(), Arc::strong_count(&semaphore)), (3, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn blocking_is_fine_where_tokio_allows_it() {
    let semaphore = Arc::new(Semaphore::new(0));
    let elsewhere = tokio::task::spawn_blocking({
        let semaphore = semaphore.clone();
        move || semaphore.blocking_acquire().map(|permit| permit.forget())
    });
    semaphore.add_permits(2);
    elsewhere.await.unwrap().unwrap();
    tokio::task::block_in_place(|| semaphore.blocking_acquire().unwrap().forget());
    assert_eq!(semaphore.available_permits(), 0);
}
