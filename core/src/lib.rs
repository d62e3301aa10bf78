//! (docs below)
#![forbid(unsafe_code)]

mod bounded;
mod config;
mod engine;
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
pub use stream::ThrottleStreamExt;
pub use throttle::{
    AdmitError, Check, CostError, Hold, OwnedThrottlePermit, Settings, Throttle, ThrottlePermit,
    TryAdmitError,
};
