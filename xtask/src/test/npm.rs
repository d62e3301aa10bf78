//! The steps of the npm package: built, tested, installed by others, and shared with an app in Rust.

use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::repo::{cargo, path, shown, succeed};
use crate::tools::{self, Chrome};
use crate::{conformance, package};

/// Builds the package, and looks whether it is still as small as it must be.
pub(crate) fn package() -> Result<()> {
    if !package::build_and_pack()? {
        bail!("the package has become too large");
    }
    Ok(())
}

/// The API of what was built, in Node.
pub(crate) fn api() -> Result<()> {
    package::build()?;
    let mut test = tools::command("node");
    succeed(test.args(["--test", "--test-reporter=dot", "test/"]).current_dir(path("wasm/js")))
}

/// The rules for HTTP answers: a table that Rust has judged, judged again by what was built.
pub(crate) fn verdicts() -> Result<()> {
    package::build()?;
    let mut write = cargo();
    let mut table = write.args(["run", "--package", "tollgate-verdicts"]).stdout(Stdio::piped()).spawn()?;
    let rows = table.stdout.take().context("it was piped")?;
    // The command keeps its end of the pipe open until it is dropped: whoever writes would wait for ever.
    let compared = succeed(tools::command("node").arg(path("tests/verdicts/compare.mjs")).stdin(rows));
    let written = table.wait()?;
    compared?;
    if !written.success() {
        bail!("`{}` failed ({written})", shown(&write));
    }
    Ok(())
}

/// The packed package, in projects like those of its users.
pub(crate) fn users() -> Result<()> {
    let Chrome { browser, .. } = Chrome::find()?;
    package::build()?;
    tools::node::packages(&path("tests/npm"))?;
    let mut test = tools::command("node");
    succeed(test.arg("run.mjs").current_dir(path("tests/npm")).env("CHROME", browser))
}

/// An app in Rust and a script on one throttle, in Node and in a page.
pub(crate) fn sharing() -> Result<()> {
    let Chrome { browser, .. } = Chrome::find()?;
    package::build()?;
    package::glue("sharing", &path("examples/sharing"))?;
    tools::node::packages(&path("examples"))?;
    let mut check = tools::command("node");
    succeed(check.arg(path("examples/sharing/check.mjs")).env("CHROME", browser))
}

/// The scenarios, on every target.
pub(crate) fn conformance() -> Result<()> {
    package::build()?;
    conformance::check()
}
