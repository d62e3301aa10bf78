//! Runs the scenarios of `tests/scenarios` and compares what happened with what should have.
//!
//! A scenario is read ([`scenario`]), played on a target ([`target`]), and what was recorded ([`record`])
//! is judged ([`judge`]); [`run_file`] does all of it and answers a [`Report`].
//!
//! # Adding a target
//! A target is a [`Target`](target::Target): it gets a scenario and answers a record. There are two ways:
//! - **Another timer or executor for the Rust library** (wasm in Node or in a browser): implement
//!   [`Platform`](platform::Platform), that is a [`Timer`](tollgate_core::time::Timer), `spawn`, and two ways
//!   to let things happen, `settle` and `pass_until`; then `play` is a call of [`play`](play::play), which
//!   holds all that is to be known about steps. Where there are no threads, call [`judge`] by yourself
//!   instead of [`run_file`], which guards each case with one. Say how late the timer may be in
//!   `granularity`, and how far scenarios should be stretched to make that small.
//! - **Another library under the same scenarios** (the JavaScript API): hand the scenario over as JSON, let
//!   the other side play it, and build the [`Record`](record::Record) from its answer. How steps are to be
//!   read is what `play` does; what is compared, and how strictly, stays the same.
//!
//! Then add it to [`target::all`].
#![forbid(unsafe_code)]

pub mod clock;
pub mod gate;
pub mod platform;
pub mod play;
pub mod record;
mod report;
mod run;
pub mod scenario;
pub mod target;
mod verdict;

use std::path::PathBuf;

pub use report::{Line, Outcome, Report, Totals};
pub use run::{Options, run_case, run_cases, run_file};
pub use verdict::{Replay, judge};

/// The scenarios of this repository.
#[must_use]
pub fn default_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios/scenarios.json")
}
