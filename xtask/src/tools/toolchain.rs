//! The parts of the Rust toolchains that not every one has, installed when they are missing.
//!
//! Called by name, because rustup may be set not to install anything by itself.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::repo::{cargo, root, shown, succeed};

/// Makes sure that a component with this cargo command is there.
pub(crate) fn component(name: &str, command: &str) -> Result<()> {
    if works(cargo().args([command, "--version"])) {
        return Ok(());
    }
    rustup(&["component", "add", name])
}

/// Makes sure that the standard library for a target is there.
pub(crate) fn target(name: &str) -> Result<()> {
    let mut rustc = Command::new("rustc");
    let libraries = rustc.args(["--print", "target-libdir", "--target", name]).current_dir(root()).output();
    let folder = libraries.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if folder.is_ok_and(|folder| !folder.is_empty() && Path::new(&folder).is_dir()) {
        return Ok(());
    }
    rustup(&["target", "add", name])
}

/// Makes sure that there is a nightly toolchain with these components.
pub(crate) fn nightly(components: &[&str]) -> Result<()> {
    let list = ["component", "list", "--installed", "--toolchain", "nightly"];
    let installed = Command::new("rustup").args(list).stderr(Stdio::null()).output();
    let Some(installed) = installed.ok().filter(|output| output.status.success()) else {
        let install = ["toolchain", "install", "--profile", "minimal", "--component"];
        return rustup(&[&install[..], &[&components.join(","), "nightly"]].concat());
    };
    let installed = String::from_utf8_lossy(&installed.stdout).into_owned();
    // Listed with the platform behind the name, where they are of one.
    let is_there =
        |name: &str| installed.lines().any(|line| line == name || line.starts_with(&format!("{name}-")));
    for name in components.iter().filter(|name| !is_there(name)) {
        rustup(&["component", "add", "--toolchain", "nightly", name])?;
    }
    Ok(())
}

fn rustup(args: &[&str]) -> Result<()> {
    if !works(Command::new("rustup").arg("--version")) {
        let [what, .., name] = args else { unreachable!("rustup is asked for something by name") };
        bail!("the {what} {name} is missing; install it, or rustup (https://rustup.rs), which does");
    }
    let mut command = Command::new("rustup");
    command.args(args).current_dir(root());
    println!("{}", shown(&command));
    succeed(&mut command)
}

fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
