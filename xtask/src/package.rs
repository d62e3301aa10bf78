//! `cargo xtask package`: the npm package.

mod blank;
mod size;
mod snip;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::repo::{path, succeed};
use crate::tools;

pub(crate) use wasm::glue;

/// The folder of the npm package.
const PACKAGE: &str = "wasm/js";

/// Build the npm package, print its size, and pack it into target/package.
///
/// Ends with an error if it has become larger than it may.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: Args) -> Result<ExitCode> {
    Ok(if build_and_pack()? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Builds, measures and packs the package; whether it is as small as it must be.
pub(crate) fn build_and_pack() -> Result<bool> {
    build()?;
    let fits = size::check(&path(PACKAGE))?;
    println!("{}", pack()?.display());
    Ok(fits)
}

/// Builds wasm/js/dist from the Rust and TypeScript sources.
pub(crate) fn build() -> Result<()> {
    let folder = path(PACKAGE);
    tools::node::packages(&folder)?;
    wasm::build(&folder)?;
    let mut build = tools::command("node");
    succeed(build.arg("build.mjs").current_dir(&folder))
}

/// Packs what was built; answers where the tarball is.
pub(crate) fn pack() -> Result<PathBuf> {
    let to = path("target/package");
    fs::create_dir_all(&to)?;
    let licences = ["LICENSE-APACHE", "LICENSE-MIT"];
    for licence in licences {
        fs::copy(path(licence), path(PACKAGE).join(licence))?;
    }
    let mut pack = tools::command(tools::node::NPM);
    let output =
        pack.args(["pack", "--json", "--pack-destination"]).arg(&to).current_dir(path(PACKAGE)).output();
    for licence in licences {
        fs::remove_file(path(PACKAGE).join(licence))?;
    }
    let output = output?;
    if !output.status.success() {
        bail!("npm pack failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(to.join(file_name(&output.stdout)?))
}

/// The tarball's name, from what npm says of it.
fn file_name(said: &[u8]) -> Result<String> {
    let packed: serde_json::Value =
        serde_json::from_slice(said).context("npm pack did not answer in JSON")?;
    let name = packed.get(0).or_else(|| packed.get("tollgate")).and_then(|one| one.get("filename")?.as_str());
    name.map(|name| Path::new(name).to_string_lossy().into_owned())
        .context("npm pack did not say what it made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tarball_is_the_one_that_npm_names() {
        assert_eq!(file_name(br#"[{"filename": "tollgate-1.2.3.tgz"}]"#).unwrap(), "tollgate-1.2.3.tgz");
        assert!(file_name(b"[]").is_err());
        assert!(file_name(b"npm notice").is_err());
    }
}
