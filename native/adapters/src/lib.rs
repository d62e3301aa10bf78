//! tollgate for HTTP clients and services: a middleware for reqwest, and layers for tower, on any timer.
//!
//! Most people want the crate `tollgate`, which re-exports all of this with the target's timer filled in.
//!
//! Nothing is decided here: [`tollgate_core`] says who is let in and what is sent again, this carries it out.
//!
//! # Features
//! - `reqwest`: the middleware, on tokio and, by `fetch`, on wasm32.
//! - `tower`: the layers.
#![forbid(unsafe_code)]

#[cfg(any(
    feature = "tower",
    all(feature = "reqwest", not(all(target_family = "wasm", target_os = "unknown")))
))]
mod held;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tower")]
pub mod tower;
