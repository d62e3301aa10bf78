//! Debian's packages, installed where that takes no decision of yours: as root.

use std::process::Command;

use anyhow::{Result, bail};

use super::on_path;
use crate::repo::{shown, succeed};

/// Installs packages if it may: as root, on a system with apt.
pub(super) fn install_if_root(packages: &[&str]) -> Result<()> {
    if on_path(&["apt-get"]).is_none() || !is_root() {
        return Ok(());
    }
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

/// Makes sure that valgrind is there, with the libc's debug symbols that it needs on Debian.
pub(crate) fn valgrind() -> Result<()> {
    if on_path(&["valgrind"]).is_none() {
        install_if_root(&["valgrind", "libc6-dbg"])?;
    }
    if on_path(&["valgrind"]).is_none() {
        bail!("no valgrind; install it (Debian: valgrind)");
    }
    Ok(())
}

fn apt(args: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    println!("{}", shown(&command));
    succeed(&mut command)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
