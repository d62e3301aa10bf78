//! The steps, in order: what is quick or goes wrong most often comes first.

use std::env;

use anyhow::Result;

use super::{core_rules, examples, proofs, toolchain};
use crate::repo::{cargo, succeed};

/// One thing that must hold.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Result<()>,
}

/// The target on which core must compile though nothing of a platform is there.
const WASM: &str = "wasm32-unknown-unknown";

pub(crate) const STEPS: &[Step] = &[
    Step { name: "format", about: "all code is formatted", run: format },
    Step {
        name: "core-rules",
        about: "core has no unsafe code and knows no platform",
        run: core_rules::check,
    },
    Step { name: "clippy", about: "no warnings anywhere", run: clippy },
    Step { name: "clippy-bare", about: "no warnings in the facade without features", run: clippy_bare },
    Step { name: "docs", about: "the documentation builds and its links lead somewhere", run: docs },
    Step { name: "tests", about: "unit and integration tests", run: tests },
    Step { name: "doctests", about: "the examples in the documentation", run: doctests },
    Step {
        name: "conformance",
        about: "the scenarios have the same outcome on every target",
        run: conformance,
    },
    Step { name: "examples", about: "each example runs to its end", run: examples::check },
    Step { name: "loom", about: "core's threads, in every order they can take", run: proofs::loom },
    Step { name: "miri", about: "core's memory, access by access", run: proofs::miri },
    Step { name: "wasm", about: "core compiles where there is no platform", run: wasm },
];

fn format() -> Result<()> {
    toolchain::component("rustfmt", "fmt")?;
    succeed(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    toolchain::component("clippy", "clippy")?;
    succeed(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

fn clippy_bare() -> Result<()> {
    toolchain::component("clippy", "clippy")?;
    let bare = ["clippy", "--package", "tollgate", "--lib", "--no-default-features", "--", "-D", "warnings"];
    succeed(cargo().args(bare))
}

fn docs() -> Result<()> {
    let mut flags = env::var("RUSTDOCFLAGS").unwrap_or_default();
    flags += " -D warnings";
    succeed(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", flags.trim_start()))
}

/// Benches measure nothing useful here. The tests of the example `fetch` run the program itself, which
/// only a `cargo test` of everything would build along.
fn tests() -> Result<()> {
    succeed(cargo().args(["build", "--package", "tollgate", "--examples"]))?;
    succeed(cargo().args(["test", "--workspace", "--lib", "--bins", "--tests"]))
}

fn doctests() -> Result<()> {
    succeed(cargo().args(["test", "--workspace", "--doc"]))
}

fn conformance() -> Result<()> {
    succeed(cargo().args(["run", "--quiet", "--package", "tollgate-conformance"]))
}

fn wasm() -> Result<()> {
    toolchain::target(WASM)?;
    succeed(cargo().args(["check", "--package", "tollgate-core", "--target", WASM]))
}
