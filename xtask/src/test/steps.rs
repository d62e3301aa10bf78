//! The steps, in order: what is quick or goes wrong most often comes first.

use std::env;

use anyhow::Result;

use super::{core_rules, examples, npm, page, proofs, wasm};
use crate::bench;
use crate::repo::{cargo, succeed};
use crate::tools::toolchain;

/// One thing that must hold.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Result<()>,
}

pub(crate) const STEPS: &[Step] = &[
    Step { name: "format", about: "all code is formatted", run: format },
    Step {
        name: "core-rules",
        about: "core has no unsafe code and knows no platform",
        run: core_rules::check,
    },
    Step { name: "clippy", about: "no warnings anywhere", run: clippy },
    Step { name: "clippy-bare", about: "no warnings in the facade without features", run: clippy_bare },
    Step { name: "clippy-wasm", about: "no warnings on wasm32", run: wasm::clippy },
    Step { name: "docs", about: "the documentation builds and its links lead somewhere", run: docs },
    Step { name: "tests", about: "unit and integration tests", run: tests },
    Step { name: "doctests", about: "the examples in the documentation", run: doctests },
    Step { name: "examples", about: "each example runs to its end", run: examples::check },
    Step { name: "wasm", about: "core compiles where there is no platform", run: wasm::core },
    Step { name: "wasm-node", about: "the wasm suite in Node", run: wasm::node },
    Step {
        name: "wasm-chrome",
        about: "the wasm suite in a page and a worker of headless Chrome",
        run: wasm::chrome,
    },
    Step { name: "package", about: "the npm package is built, and small", run: npm::package },
    Step { name: "npm", about: "its API, in Node", run: npm::api },
    Step {
        name: "verdicts",
        about: "HTTP answers are judged alike in Rust and by the package",
        run: npm::verdicts,
    },
    Step { name: "examples-js", about: "each example for Node runs to its end", run: examples::in_node },
    Step { name: "npm-users", about: "the packed package, in projects of its users", run: npm::users },
    Step { name: "page", about: "the playground page, in Chromium", run: page::check },
    Step { name: "sharing", about: "Rust and JavaScript on one throttle", run: npm::sharing },
    Step {
        name: "conformance",
        about: "the scenarios have the same outcome on every target",
        run: npm::conformance,
    },
    Step {
        name: "instructions",
        about: "the hot paths take no more instructions than they did",
        run: bench::check_instructions,
    },
    Step { name: "loom", about: "core's threads, in every order they can take", run: proofs::loom },
    Step { name: "miri", about: "core's memory, access by access", run: proofs::miri },
];

/// The feature is off everywhere else: it adds to what core does, and the others are to be tested as most use them.
const WITH_EVENTS: [&str; 4] = ["--package", "tollgate-core", "--features", "tracing"];

fn format() -> Result<()> {
    toolchain::component("rustfmt", "fmt")?;
    succeed(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    toolchain::component("clippy", "clippy")?;
    succeed(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    succeed(cargo().arg("clippy").args(WITH_EVENTS).args(["--all-targets", "--", "-D", "warnings"]))
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
    succeed(cargo().args(["test", "--workspace", "--lib", "--bins", "--tests"]))?;
    succeed(cargo().arg("test").args(WITH_EVENTS).args(["--test", "events"]))
}

fn doctests() -> Result<()> {
    succeed(cargo().args(["test", "--workspace", "--doc"]))
}
