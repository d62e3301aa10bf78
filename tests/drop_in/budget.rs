// Order when a task has used up the budget that tokio gives each task per turn.
//
// A task without budget has to yield before it goes on. It must have its place in line before it does.
// In tokio up to 1.53 it did not: whoever came next overtook it (tokio's issue 8365; 1.54 takes the place
// first). tollgate's futures have always taken their place in the first poll, whatever comes after.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::task::{consume_budget, coop, yield_now};

/// Uses up what this task may do in this turn.
fn spend_all(cx: &mut Context<'_>) {
    while coop::has_budget_remaining() {
        assert!(pin!(consume_budget()).poll(cx).is_ready());
    }
    assert!(pin!(consume_budget()).poll(cx).is_pending());
}

/// Polls once without budget, and returns in a new turn with a full one.
async fn poll_without_budget<F: Future>(future: &mut crate::Pinned<F>) -> Poll<F::Output> {
    let polled = poll_fn(|cx| {
        spend_all(cx);
        Poll::Ready(future.as_mut().poll(cx))
    })
    .await;
    yield_now().await;
    assert!(coop::has_budget_remaining());
    polled
}

#[tokio::test]
async fn who_comes_without_budget_takes_its_place_all_the_same() {
    let semaphore = Semaphore::new(0);
    let mut first = Box::pin(semaphore.acquire());
    assert!(poll_without_budget(&mut first).await.is_pending());
    let mut second = crate::waiting(semaphore.acquire());
    semaphore.add_permits(1);
    assert!(crate::poll(&mut second).is_pending(), "overtook one who came before");
    drop(first.await.unwrap());
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn who_comes_without_budget_to_a_free_permit_is_not_overtaken() {
    let semaphore = Semaphore::new(1);
    let mut first = Box::pin(semaphore.acquire());
    // Either is fine: to get the permit at once, or to be asked to yield first. But it is the first one's.
    let at_once = poll_without_budget(&mut first).await;
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    let mut second = crate::waiting(semaphore.acquire());
    let permit = match at_once {
        Poll::Ready(permit) => permit.unwrap(),
        Poll::Pending => first.await.unwrap(),
    };
    assert!(crate::poll(&mut second).is_pending());
    drop(permit);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn who_is_granted_its_permit_while_without_budget_keeps_it() {
    let semaphore = Semaphore::new(0);
    let mut first = crate::waiting(semaphore.acquire_many(2));
    let mut second = crate::waiting(semaphore.acquire());
    semaphore.add_permits(2);
    let polled = poll_without_budget(&mut first).await;
    assert!(crate::poll(&mut second).is_pending());
    let permit = match polled {
        Poll::Ready(permit) => permit.unwrap(),
        Poll::Pending => first.await.unwrap(),
    };
    assert_eq!(permit.num_permits(), 2);
    drop(permit);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn who_comes_without_budget_and_leaves_loses_nothing() {
    let semaphore = Semaphore::new(2);
    let mut free = Box::pin(semaphore.acquire());
    let polled = poll_without_budget(&mut free).await;
    let mut too_many = Box::pin(semaphore.acquire_many(3));
    assert!(poll_without_budget(&mut too_many).await.is_pending());
    drop((polled, free));
    drop(too_many);
    assert_eq!(semaphore.available_permits(), 2);
}

#[tokio::test]
async fn who_comes_without_budget_to_a_closed_semaphore_is_turned_away_at_once() {
    let semaphore = Semaphore::new(1);
    semaphore.close();
    let mut late = Box::pin(semaphore.acquire());
    assert!(matches!(poll_without_budget(&mut late).await, Poll::Ready(Err(_))));
}

#[tokio::test]
async fn a_task_that_has_read_a_full_channel_before_it_asks_goes_first() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.clone().acquire_owned().await.unwrap();
    let (messages, mut inbox) = mpsc::unbounded_channel();
    (0..10_000).for_each(|message| messages.send(message).unwrap());
    let (arrivals, mut order) = mpsc::unbounded_channel();

    let (line, arrived) = (semaphore.clone(), arrivals.clone());
    let busy = tokio::spawn(async move {
        while coop::has_budget_remaining() {
            inbox.recv().await.unwrap();
        }
        let _permit = line.acquire().await.unwrap();
        arrived.send("busy").unwrap();
    });
    let (line, arrived) = (semaphore.clone(), arrivals);
    let later = tokio::spawn(async move {
        let _permit = line.acquire().await.unwrap();
        arrived.send("later").unwrap();
    });
    yield_now().await;
    drop(held);
    busy.await.unwrap();
    later.await.unwrap();
    assert_eq!((order.recv().await, order.recv().await), (Some("busy"), Some("later")));
}
