//! The wasm inside the package: compiled, joined to its glue, and made small.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::snip::snip;
use crate::repo::{cargo, path, succeed};
use crate::tools::{self, toolchain};

const TARGET: &str = "wasm32-unknown-unknown";

/// What the wasm may use: all of it is in every browser and runtime since 2022.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Smaller, and without what only a debugger reads. (The stack lies at the bottom of the memory, so that no address of
/// data is low.)
const SMALLER: [&str; 8] = [
    "-Oz",
    // Zeros are left where they are: cut out of the data, they would weigh more.
    "--skip-pass=memory-packing",
    "--converge",
    "--low-memory-unused",
    "--one-caller-inline-max-function-size=50",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// For the compiler: with less inlining and no unrolling, what is meant to be fast is small as well.
const LESS_INLINING: &str = "target.wasm32-unknown-unknown.rustflags=[\"-Cllvm-args=-inline-threshold=10 \
     -unroll-threshold=0 -unroll-allow-partial=false\"]";

/// Builds the engine of the npm package into `pkg` below its folder.
pub(crate) fn build(package: &Path) -> Result<()> {
    let what = ["--package", "tollgate-wasm", "--features", "exports", "--config", LESS_INLINING];
    let built = compile(&what, "npm", "tollgate_wasm")?;
    let pkg = package.join("pkg");
    if is_newer(&pkg.join("tollgate_bg.wasm"), &built) {
        return Ok(());
    }
    let raw = path("target/package/raw");
    fs::create_dir_all(&raw)?;
    fs::create_dir_all(&pkg)?;
    let snipped = raw.join("snipped.wasm");
    snip(&built, &snipped)?;
    bindgen(&snipped, "bundler", "tollgate", &raw)?;
    fs::copy(raw.join("tollgate_bg.js"), pkg.join("tollgate_bg.js"))?;
    let mut optimize = Command::new(package.join("node_modules/.bin/wasm-opt"));
    optimize.args(SMALLER).args(FEATURES).arg(raw.join("tollgate_bg.wasm"));
    succeed(optimize.arg("-o").arg(pkg.join("tollgate_bg.wasm")))
}

/// Builds an app in Rust, and its module for browsers and Node into `pkg` below its folder.
pub(crate) fn glue(app: &str, folder: &Path) -> Result<()> {
    let built = compile(&["--package", app], "release", app)?;
    let pkg = folder.join("pkg");
    if is_newer(&pkg.join(format!("{app}_bg.wasm")), &built) {
        return Ok(());
    }
    bindgen(&built, "web", app, &pkg)
}

/// Compiles a package for wasm32; answers where the wasm is.
fn compile(what: &[&str], profile: &str, name: &str) -> Result<PathBuf> {
    toolchain::target(TARGET)?;
    let mut build = cargo();
    // Elsewhere than where other commands of cargo's may be at work.
    let folder = path("target/package/build");
    build.args(["build", "--target", TARGET, "--profile", profile, "--lib"]).args(what);
    succeed(build.env("CARGO_TARGET_DIR", &folder))?;
    Ok(folder.join(format!("{TARGET}/{profile}/{name}.wasm")))
}

fn bindgen(wasm: &Path, target: &str, name: &str, to: &Path) -> Result<()> {
    tools::wasm_bindgen()?;
    let mut bindgen = tools::command("wasm-bindgen");
    bindgen.args(["--target", target, "--no-typescript", "--out-name", name, "--out-dir"]).arg(to);
    succeed(bindgen.arg(wasm))
}

/// Whether one file has been written after another one.
fn is_newer(one: &Path, other: &Path) -> bool {
    let time = |file: &Path| fs::metadata(file).and_then(|data| data.modified()).context("no such file");
    matches!((time(one), time(other)), (Ok(one), Ok(other)) if one > other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_missing_is_not_newer() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(!is_newer(Path::new("no/such/file"), &here));
        assert!(!is_newer(&here, Path::new("no/such/file")));
        assert!(!is_newer(&here, &here));
    }
}
