//! The decisions behind `tollgate`: who may go, and when.
//!
//! For any runtime and any clock: this crate has no runtime, does no I/O and knows no platform. Time comes
//! in through the trait [`Timer`](time::Timer). Most people want the crate `tollgate`, which fills in the
//! timer and re-exports everything.
//!
//! - [`Semaphore`], [`BoundedSemaphore`]: so many at once. They need no timer.
//! - [`Throttle`]: so many at once and so many per period, with costs and pauses; [`Rate`] tells how.
//! - [`Keyed`]: limits for each key, and over all of them.
//! - [`ThrottleStreamExt`]: streams whose items come no faster than a throttle lets them.
//! - `http` (a feature): what a polite HTTP client does with 429, Retry-After and the like.
//! - `tracing` (a feature): what happens, as events of target `tollgate`.
//! - [`time::ManualTimer`]: a clock moved by hand, for tests that are exact and take no time.
//!
//! # How it is built
//! Each layer knows only those below it.
//!
//! | file | idea |
//! |---|---|
//! | `queue` | first-in-first-out lines of waiters in a slab: join, grant and leave in constant time |
//! | `semaphore/engine` | one atomic word on the fast path, a lock and the queue behind it |
//! | `units`, `rate` | what may be admitted when: pure, exact arithmetic |
//! | `limits` | slots, rates and pause, decided together: how much may I admit now? |
//! | `engine` | the lock, the clock, the one alarm, and the future that waits |
//! | `throttle`, `keyed` | who is next |
//! | `events` | what is told to `tracing`, if the feature of that name is on |
//! | `http` | what an answer means for the next attempt, and for everybody else |
#![forbid(unsafe_code)]

mod bounded;
mod config;
mod engine;
mod events;
#[cfg(feature = "http")]
pub mod http;
pub mod keyed;
mod limits;
mod queue;
mod rate;
pub mod semaphore;
mod slots;
pub mod stream;
mod sync;
pub mod throttle;
pub mod time;
mod units;
mod wakers;

pub use bounded::{BoundedPermit, BoundedSemaphore, OwnedBoundedPermit};
pub use config::ConfigError;
pub use keyed::Keyed;
pub use rate::{Counting, Pacing, Rate};
pub use semaphore::{
    AcquireError, OverReleaseError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TooManyPermitsError,
    TryAcquireError,
};
pub use stream::{Refused, ThrottleStreamExt};
pub use throttle::{
    AdmitError, Check, CostError, Hold, NotInsideError, OwnedThrottlePermit, Settings, Throttle,
    ThrottlePermit, TryAdmitError,
};
