//! A queue of work, 5 workers, and one throttle for all of them: 3 at once, 40 per second.
//!
//! The workers would wait for more work forever. They are cancelled when all results are in, or when a
//! deadline has passed: what was done until then is kept, and nothing is left behind in the throttle.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tollgate::{AdmitError, Rate, Throttle};

const WORKERS: usize = 5;

/// What the workers share: whoever holds the lock is the next to get an item.
type Queue = Arc<Mutex<mpsc::UnboundedReceiver<u64>>>;

#[tokio::main]
async fn main() -> Result<()> {
    for limit in [Duration::from_secs(10), Duration::from_millis(600)] {
        let throttle = Throttle::builder().rate(Rate::per_second(40.0).smooth()).concurrency(3).build()?;
        let start = Instant::now();
        let squares = squares(50, &throttle, start + limit).await?;
        println!("deadline after {limit:?}: {} of 50 done in {:.1?}", squares.len(), start.elapsed());
        println!("  the last one: {:?}", squares.last());
        println!("  left in the throttle: {} waiting, {} inside", throttle.waiting(), throttle.in_flight());
    }
    Ok(())
}

/// The squares of the first `count` numbers, or of those that are done by the deadline.
async fn squares(count: u64, throttle: &Throttle, deadline: Instant) -> Result<Vec<(u64, u64)>> {
    let (queue, items) = mpsc::unbounded_channel();
    for n in 1..=count {
        queue.send(n)?;
    }

    let items = Arc::new(Mutex::new(items));
    let (done, mut results) = mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        workers.spawn(work(items.clone(), throttle.clone(), done.clone()));
    }

    let mut squares = Vec::new();
    while squares.len() as u64 != count {
        let Ok(Some(result)) = timeout_at(deadline, results.recv()).await else { break };
        squares.push(result);
    }
    workers.shutdown().await; // cancels them wherever they wait, and sees them gone
    Ok(squares)
}

/// One worker: takes an item, waits for the throttle, does the work, again and again.
async fn work(
    items: Queue,
    throttle: Throttle,
    done: mpsc::UnboundedSender<(u64, u64)>,
) -> Result<(), AdmitError> {
    while let Some(n) = next(&items).await {
        let square = throttle.run(request_square(n)).await?;
        if done.send((n, square)).is_err() {
            break; // nobody wants results any more
        }
    }
    Ok(())
}

/// The next item. The lock is held while waiting, on purpose: the others could only wait as well.
async fn next(items: &Queue) -> Option<u64> {
    items.lock().await.recv().await
}

/// Stands for a request to somebody's server.
async fn request_square(n: u64) -> u64 {
    sleep(Duration::from_millis(30)).await;
    n * n
}
