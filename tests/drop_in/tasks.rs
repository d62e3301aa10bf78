// In tokio's tasks, with its macros and timers (on a clock that is paused: no time is spent).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_task_waits_for_a_permit_that_another_holds() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire().await.unwrap();
    let task = tokio::spawn({
        let semaphore = semaphore.clone();
        async move {
            let permit = semaphore.acquire().await.unwrap();
            // Held over a point where the task may move to another thread.
            tokio::task::yield_now().await;
            permit.num_permits()
        }
    });
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    drop(held);
    assert_eq!(task.await.unwrap(), 1);
    assert_eq!(semaphore.available_permits(), 1);
}

#[tokio::test]
async fn an_owned_permit_is_taken_before_the_task_that_holds_it_is_spawned() {
    let semaphore = Arc::new(Semaphore::new(2));
    let most = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let permit = semaphore.clone().acquire_owned().await.unwrap();
        let (semaphore, most) = (semaphore.clone(), most.clone());
        tasks.spawn(async move {
            most.fetch_max(2 - semaphore.available_permits(), Ordering::SeqCst);
            tokio::task::yield_now().await;
            drop(permit);
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!((most.load(Ordering::SeqCst), semaphore.available_permits()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_given_up_after_a_time_out_and_costs_nothing() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.acquire().await.unwrap();
    assert!(timeout(SECOND, semaphore.acquire()).await.is_err());
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
    assert!(timeout(SECOND, semaphore.acquire()).await.unwrap().is_ok());
    semaphore.close();
    assert!(timeout(SECOND, semaphore.acquire()).await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_a_select_keeps_its_place_when_it_is_only_lent() {
    let semaphore = Semaphore::new(0);
    let first = semaphore.acquire();
    tokio::pin!(first);
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut first => panic!("nothing is free"),
            () = sleep(SECOND) => {}
        }
    }
    let second = semaphore.acquire();
    tokio::pin!(second);
    tokio::select! {
        biased;
        _ = &mut second => panic!("nothing is free"),
        () = sleep(SECOND) => {}
    }
    semaphore.add_permits(1);
    tokio::select! {
        biased;
        _ = &mut second => panic!("it came second"),
        permit = &mut first => permit.unwrap().forget(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_in_a_select_that_loses_is_given_up() {
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    tokio::select! {
        _ = semaphore.acquire_many(1) => panic!("it is held"),
        () = sleep(SECOND) => {}
    }
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[tokio::test]
async fn futures_are_joined() {
    let semaphore = Semaphore::new(3);
    let (one, two) = tokio::join!(semaphore.acquire(), semaphore.acquire_many(2));
    assert_eq!(semaphore.available_permits(), 0);
    drop((one, two));
    let both = tokio::try_join!(semaphore.acquire(), semaphore.acquire());
    assert_eq!(semaphore.available_permits(), 1);
    drop(both.unwrap());
    semaphore.close();
    assert!(tokio::try_join!(semaphore.acquire(), semaphore.acquire()).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_work_is_never_wider_than_its_permits() {
    let semaphore = Semaphore::new(3);
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |n: u64| {
        let (semaphore, inside, most) = (&semaphore, &inside, &most);
        async move {
            let _permit = semaphore.acquire().await.unwrap();
            most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            sleep(Duration::from_millis(10 + n % 7)).await;
            inside.fetch_sub(1, Ordering::SeqCst);
            n
        }
    };
    let done: Vec<u64> = (0..50).map(work).collect::<FuturesUnordered<_>>().collect().await;
    assert_eq!((done.iter().sum::<u64>(), most.into_inner()), ((0..50).sum(), 3));
    assert_eq!(semaphore.available_permits(), 3);
}

#[tokio::test]
async fn a_task_that_is_aborted_gives_up_its_place_and_what_it_holds() {
    let semaphore = Arc::new(Semaphore::new(1));
    let task = |semaphore: Arc<Semaphore>| async move {
        let _permit = semaphore.acquire().await.unwrap();
        std::future::pending::<()>().await;
    };
    let holds = tokio::spawn(task(semaphore.clone()));
    let waits = tokio::spawn(task(semaphore.clone()));
    let next = tokio::spawn(task(semaphore.clone()));
    tokio::task::yield_now().await;
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    holds.abort();
    assert!(holds.await.unwrap_err().is_cancelled());
    tokio::task::yield_now().await;
    assert_eq!(semaphore.available_permits(), 0, "the next one has it");
    next.abort();
    assert!(next.await.is_err());
    assert_eq!(semaphore.available_permits(), 1);
}

#[tokio::test]
async fn a_task_that_panics_gives_back_what_it_holds() {
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.clone().acquire_owned().await.unwrap();
    let task = tokio::spawn(async move {
        let _permit = permit;
        panic!("as planned");
    });
    assert!(task.await.unwrap_err().is_panic());
    assert!(semaphore.acquire().await.is_ok());
}

#[tokio::test]
async fn closing_ends_the_work_of_tasks_that_wait() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire().await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..10 {
        let semaphore = semaphore.clone();
        tasks.spawn(async move { semaphore.acquire().await.map(drop) });
    }
    tokio::task::yield_now().await;
    semaphore.close();
    let ends = tasks.join_all().await;
    assert!(ends.len() == 10 && ends.iter().all(Result::is_err));
    drop(held);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn no_runtime_is_needed() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = futures::executor::block_on(semaphore.acquire()).unwrap();
    let other = std::thread::spawn({
        let semaphore = semaphore.clone();
        move || futures::executor::block_on(semaphore.acquire_owned()).unwrap().num_permits()
    });
    drop(held);
    assert_eq!(other.join().unwrap(), 1);
}
