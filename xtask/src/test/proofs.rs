//! What looks at core more closely than a test run can: every order of threads, and every access to memory.

use std::env;
use std::process::Command;

use anyhow::Result;

use crate::repo::{cargo, path, root, succeed};
use crate::tools::toolchain;

/// Preemptions that loom tries in each run, unless told otherwise. Bugs that need more are rare, and each
/// more costs about ten times as long.
const PREEMPTIONS: &str = "2";

/// The tests of core that miri runs, besides those inside it; the others count what takes too long there.
const UNDER_MIRI: [&str; 3] = ["semaphore", "stream", "throttle"];

/// In a folder of its own, as everything is compiled otherwise for it.
pub(crate) fn loom() -> Result<()> {
    let mut test = cargo();
    test.args(["test", "--release", "--package", "tollgate-core", "--test", "loom"]);
    test.env("CARGO_TARGET_DIR", path("target/loom"));
    // It would be heeded instead, and without the flag there is not a single test.
    test.env_remove("CARGO_ENCODED_RUSTFLAGS");
    test.env("RUSTFLAGS", with_flag("RUSTFLAGS", "--cfg loom"));
    if env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
        test.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
    }
    succeed(&mut test)
}

pub(crate) fn miri() -> Result<()> {
    toolchain::nightly(&["miri", "rust-src"])?;
    let mut test = Command::new("rustup");
    test.args(["run", "nightly", "cargo", "miri", "test", "--package", "tollgate-core", "--lib"]);
    test.args(UNDER_MIRI.iter().flat_map(|name| ["--test", name]));
    // Threads are loom's, and take miri too long.
    test.args(["--", "--skip", "thread"]);
    test.current_dir(root()).env("CARGO_TARGET_DIR", path("target/miri"));
    // Those of cargo and rustc on this toolchain; nightly has its own.
    for of_stable in ["CARGO", "RUSTC", "RUSTDOC"] {
        test.env_remove(of_stable);
    }
    succeed(&mut test)
}

fn with_flag(variable: &str, flag: &str) -> String {
    let mut flags = env::var(variable).unwrap_or_default();
    flags += " ";
    flags += flag;
    flags.trim_start().to_owned()
}
