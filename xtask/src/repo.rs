//! This repository: where it is, cargo in it, and the targets that its packages have.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::tools;

/// One target of a package: an example, a bench, a binary.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) kind: Vec<String>,
    /// The package it is of; cargo tells it on the package, not on the target.
    #[serde(skip)]
    pub(crate) package: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    targets: Vec<Target>,
}

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ is in the root")
}

/// The cargo that runs this program, in the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    prepare(&mut command);
    command
}

/// Sets a command up to run in the root of the repository, with our [tools] on its PATH.
///
/// Without the variables that `cargo run` sets for the program it runs: build scripts look at some of them, and
/// would build everything anew whenever a chore takes turns with a plain `cargo build`.
pub(crate) fn prepare(command: &mut Command) {
    command.current_dir(root()).env("PATH", tools::search_path());
    let of_cargo_run = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| of_cargo_run.iter().any(|prefix| name.starts_with(prefix))) {
            command.env_remove(name);
        }
    }
}

/// Runs a command to its end; not to succeed is an error.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = start(command)?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a command to its end and hands on its exit code.
pub(crate) fn hand_on(command: &mut Command) -> Result<ExitCode> {
    let code = start(command)?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

fn start(command: &mut Command) -> Result<ExitStatus> {
    command.status().with_context(|| format!("cannot run `{}`", shown(command)))
}

/// A command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = [program].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The targets of one kind in all packages of the workspace, by name.
pub(crate) fn targets(kind: &str) -> Result<Vec<Target>> {
    let mut command = cargo();
    let output = command.args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(&command), String::from_utf8_lossy(&output.stderr).trim());
    }
    targets_in(&output.stdout, kind)
}

fn targets_in(metadata: &[u8], kind: &str) -> Result<Vec<Target>> {
    let metadata: Metadata =
        serde_json::from_slice(metadata).context("cargo's metadata are not as expected")?;
    let all = metadata.packages.into_iter().flat_map(|package| {
        let Package { name, targets } = package;
        targets.into_iter().map(move |target| Target { package: name.clone(), ..target })
    });
    let mut found: Vec<_> = all.filter(|target| target.kind.iter().any(|of| of == kind)).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// A file or folder of the repository.
pub(crate) fn path(relative: &str) -> PathBuf {
    root().join(relative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_those_of_one_kind_in_all_packages() {
        let metadata = br#"{ "packages": [
            { "name": "a", "targets": [{ "name": "z", "kind": ["bench"] }, { "name": "a", "kind": ["lib"] }] },
            { "name": "b", "targets": [{ "name": "y", "kind": ["bench"], "doc": false }] }
        ], "version": 1 }"#;
        let found = targets_in(metadata, "bench").unwrap();
        let found: Vec<_> = found.iter().map(|it| (it.package.as_str(), it.name.as_str())).collect();
        assert_eq!(found, [("b", "y"), ("a", "z")]);
        assert!(targets_in(metadata, "example").unwrap().is_empty());
    }

    #[test]
    fn a_command_is_shown_without_its_folder() {
        let mut command = Command::new("/some/where/cargo");
        assert_eq!(shown(command.args(["fmt", "--check"])), "cargo fmt --check");
    }
}
