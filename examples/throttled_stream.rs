//! A stream of items on a throttle, worked on concurrently: 50 per second and 4 at once.
//!
//! Each item comes out of the stream together with its permit. Whoever works on the item keeps the permit
//! until that is done, so that the 4 slots stand for work under way, however many items are buffered.

use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::sleep;
use tollgate::{Rate, Throttle, ThrottleStreamExt, stream::Refused};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let throttle = Throttle::builder().rate(Rate::per_second(50.0)).concurrency(4).build()?;
    let start = Instant::now();

    let pages: Vec<(String, usize)> = stream::iter(1..=100)
        .throttled(throttle.clone())
        .map(async |item| {
            let (number, permit) = item?;
            let inside = permit.throttle().in_flight();
            let page = fetch_page(number).await;
            drop(permit); // only now may another one start
            Ok::<_, Refused<u32>>((page, inside))
        })
        .buffer_unordered(16)
        .try_collect()
        .await?;

    let bytes: usize = pages.iter().map(|(page, _)| page.len()).sum();
    let most = pages.iter().map(|(_, inside)| inside).max().unwrap_or(&0);
    println!("{} pages with {bytes} bytes in {:.1?}, at most {most} at once", pages.len(), start.elapsed());
    println!("left in the throttle: {} waiting, {} inside", throttle.waiting(), throttle.in_flight());
    Ok(())
}

/// Stands for a request to somebody's server.
async fn fetch_page(number: u32) -> String {
    sleep(Duration::from_millis(40)).await;
    format!("This is page {number}.")
}
