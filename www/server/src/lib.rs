//! A strict rate-limited API server: the other side of a client-side throttle.
//!
//! It enforces a [rate limit](Algorithm) exactly and a concurrency cap, answers 429 and 503 with
//! `Retry-After` and the `RateLimit` fields, and keeps an account of every arrival, so that a
//! demo or a test can say how well a client kept to the limits, and how much of them it used.
//!
//! - [`Server`] runs one inside a program, on a free port of loopback; if told, with a page.
//! - [`router`] gives its routes with an [`Api`], to be served beside others.
//! - [`limiter`] is the decision alone, on a time that is handed in.
//!
//! The binary `tollgate-server` is the same with flags.

mod api;
mod arrival;
mod config;
mod error;
mod fields;
mod gate;
mod limited;
pub mod limiter;
mod playground;
mod routes;
mod server;
mod stats;
mod trailing;

pub use api::Api;
pub use arrival::Arrival;
pub use config::{Algorithm, Config, DelayRange};
pub use error::ConfigError;
pub use gate::LOG_LIMIT;
pub use routes::router;
pub use server::Server;
pub use stats::Stats;
