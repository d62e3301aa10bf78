//! Waits that are over at once, timed with as little around them as can be.

use std::future::Future;
use std::hint::black_box;
use std::time::{Duration, Instant};

use futures::FutureExt;

/// The time of so many `drop(acquire().await)`, one after the other.
///
/// The loop is in one async block that is polled a single time with a waker that does nothing: no executor
/// is in the figure, only the await itself. Whoever is measured is measured by this function.
///
/// # Panics
/// If one of them has to wait: that would be a measurement of something else.
pub(crate) fn time<F: Future>(times: u64, acquire: impl Fn() -> F) -> Duration {
    let start = Instant::now();
    let all = async {
        for _ in 0..times {
            drop(black_box(acquire().await));
        }
    };
    all.now_or_never().expect("nobody has to wait");
    start.elapsed()
}
