//! Runs the scenarios of `tests/scenarios` and compares what happened with what should have.
//!
//! A case is read ([`scenario`]), its script is played on a target ([`target`]), and what was recorded
//! ([`record`]) is judged ([`judge`]); `run_file` does all of it and answers a [`Report`].
//!
//! # Adding a target
//! A target is a [`Target`](target::Target): it gets a script and answers a record. There are two ways:
//! - **Another timer or executor for the Rust library**: implement [`Platform`](platform::Platform), that is a
//!   [`Timer`](tollgate_core::time::Timer), `spawn`, and two ways to let things happen, `settle` and
//!   `pass_until`; then `play` is a call of [`play`](play::play), which holds all that is to be known about
//!   steps. Say how late the timer may be in `granularity`, and how far scripts should be stretched to make
//!   that small. Then add it to `target::all`.
//! - **Anything that does not run in this process** (another language, a browser): a program that reads scripts
//!   from its standard input and writes records to its standard output ([`protocol`]). README.md tells all
//!   about such players. The virtual target in wasm is one of them: this crate, compiled to wasm.
//!
//! Either way what is compared, and how strictly, stays the same: the record is judged here.
// On wasm the export is written by wasm-bindgen, which cannot do without.
#![cfg_attr(not(target_family = "wasm"), forbid(unsafe_code))]

pub mod clock;
pub mod gate;
pub mod platform;
pub mod play;
pub mod protocol;
pub mod record;
mod report;
#[cfg(not(target_family = "wasm"))]
mod run;
pub mod scenario;
pub mod target;
mod verdict;
#[cfg(target_family = "wasm")]
mod wasm;

use std::path::PathBuf;

pub use report::{Line, Outcome, Report, Table, Totals};
#[cfg(not(target_family = "wasm"))]
pub use run::{Options, prepare, run_case, run_cases, run_file};
pub use verdict::{Replay, judge};
#[cfg(target_family = "wasm")]
pub use wasm::play;

/// The scenarios of this repository.
#[must_use]
pub fn default_file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scenarios/scenarios.json")
}
