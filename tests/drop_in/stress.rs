// Many tasks on several threads: never more inside than permits, and in the end all are back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::{JoinSet, yield_now};

const PERMITS: usize = 5;

/// Who is inside, and the most there were.
#[derive(Default)]
struct Room {
    inside: AtomicUsize,
}

impl Room {
    async fn visit(&self, permits: usize) {
        let before = self.inside.fetch_add(permits, Ordering::SeqCst);
        assert!(before + permits <= PERMITS, "{before} and {permits} more are inside");
        yield_now().await;
        self.inside.fetch_sub(permits, Ordering::SeqCst);
    }
}

async fn join(mut tasks: JoinSet<()>) {
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_tasks_for_five_permits() {
    let (semaphore, room) = (Arc::new(Semaphore::new(PERMITS)), Arc::new(Room::default()));
    let mut tasks = JoinSet::new();
    for n in 0..1_000_u32 {
        let (semaphore, room) = (semaphore.clone(), room.clone());
        tasks.spawn(async move {
            let permit = semaphore.acquire_many(1 + n % PERMITS as u32).await.unwrap();
            room.visit(permit.num_permits()).await;
        });
    }
    join(tasks).await;
    let all: Vec<_> = std::iter::from_fn(|| semaphore.try_acquire().ok()).collect();
    assert_eq!(all.len(), PERMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_come_wait_leave_try_and_share() {
    let (semaphore, room) = (Arc::new(Semaphore::new(PERMITS)), Arc::new(Room::default()));
    let mut tasks = JoinSet::new();
    for n in 0..600_u32 {
        let (semaphore, room) = (semaphore.clone(), room.clone());
        tasks.spawn(async move {
            match n % 4 {
                0 => tokio::select! {
                    biased;
                    permit = semaphore.acquire_many(1 + n % 3) => room.visit(permit.unwrap().num_permits()).await,
                    () = yield_now() => {}
                },
                1 => {
                    if let Ok(permit) = semaphore.clone().try_acquire_many_owned(2) {
                        room.visit(2).await;
                        drop(permit);
                    }
                }
                2 => {
                    let mut permit = semaphore.clone().acquire_many_owned(4).await.unwrap();
                    let mut part = permit.split(2).unwrap();
                    room.visit(4).await;
                    part.merge(permit.split(1).unwrap());
                    let elsewhere = tokio::spawn(async move { drop(part) });
                    drop(permit);
                    elsewhere.await.unwrap();
                }
                _ => {
                    let permit = semaphore.acquire().await.unwrap();
                    room.visit(1).await;
                    permit.forget();
                    semaphore.add_permits(1);
                }
            }
        });
    }
    join(tasks).await;
    assert_eq!(semaphore.available_permits(), PERMITS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_close_in_the_thick_of_it_lets_everybody_end() {
    for round in 0..20 {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let mut tasks = JoinSet::new();
        for n in 0..60_u32 {
            let semaphore = semaphore.clone();
            tasks.spawn(async move {
                while let Ok(permit) = semaphore.acquire_many(1 + n % 3).await {
                    yield_now().await;
                    drop(permit);
                    yield_now().await;
                }
            });
        }
        for _ in 0..round {
            yield_now().await;
        }
        semaphore.close();
        join(tasks).await;
        assert_eq!(semaphore.available_permits(), PERMITS);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn permits_added_one_by_one_let_everybody_in() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let semaphore = semaphore.clone();
        tasks.spawn(async move { semaphore.acquire().await.unwrap().forget() });
    }
    for _ in 0..200 {
        semaphore.add_permits(1);
        yield_now().await;
    }
    join(tasks).await;
    assert_eq!(semaphore.available_permits(), 0);
}
