//! At most 3 requests at once, each with a time-out and a fallback value.
//!
//! The time-out covers the request and not the wait for a slot, and a request that hangs does not keep its
//! slot: it is given back with the time-out.

use std::time::{Duration, Instant};

use futures::future::{pending, try_join_all};
use tokio::time::{sleep, timeout};
use tollgate::{AcquireError, Semaphore};

/// What a request may take, once it has a slot.
const LIMIT: Duration = Duration::from_millis(200);

/// What to go on with if there is no answer.
const FALLBACK: u32 = 0;

#[tokio::main]
async fn main() -> Result<(), AcquireError> {
    let semaphore = Semaphore::new(3);
    let start = Instant::now();
    let prices = try_join_all((1..=12).map(|item| price_or_fallback(&semaphore, item))).await?;

    println!("prices: {prices:?}");
    let hung = prices.iter().filter(|&&price| price == FALLBACK).count();
    println!("{hung} of {} timed out and got the fallback, in {:.1?}", prices.len(), start.elapsed());
    println!("{} of {} slots are free again", semaphore.available_permits(), semaphore.capacity());
    Ok(())
}

/// The price of an item, or [`FALLBACK`] if it does not come in time.
async fn price_or_fallback(semaphore: &Semaphore, item: u32) -> Result<u32, AcquireError> {
    let _permit = semaphore.acquire().await?;
    Ok(timeout(LIMIT, request_price(item)).await.unwrap_or(FALLBACK))
}

/// Stands for a request to somebody's server; every fourth one is never answered.
async fn request_price(item: u32) -> u32 {
    if item.is_multiple_of(4) {
        pending::<()>().await;
    }
    sleep(Duration::from_millis(50)).await;
    100 + item
}
