//! The playground page: built from www/page, with the packed npm package in it and the Rust of www/app.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::repo::{path, succeed};
use crate::{package, tools};

const PAGE: &str = "www/page";

/// Builds the page; answers the folder that a server is to serve.
pub(crate) fn build() -> Result<PathBuf> {
    let folder = path(PAGE);
    tools::node::check()?;
    package::build()?;
    package::glue("playground", &path("www/app"))?;
    tools::node::packages(&folder)?;
    install(&package::pack()?, &folder)?;
    succeed(&mut npm(&["run", "--silent", "build"]))?;
    Ok(folder.join("dist"))
}

/// npm in the page's folder.
pub(crate) fn npm(args: &[&str]) -> Command {
    let mut npm = tools::command(tools::node::NPM);
    npm.args(args).current_dir(path(PAGE));
    npm
}

/// Installs the tarball as a user would, if it is not what is installed. It is not in the lock file, which would have to
/// change whenever the package does.
fn install(tarball: &Path, folder: &Path) -> Result<()> {
    let installed = folder.join("node_modules/tollgate");
    // Beside what it stands for, so that both go together.
    let copy = installed.join("installed.tgz");
    if fs::read(&copy).ok() == Some(fs::read(tarball)?) {
        return Ok(());
    }
    let mut install =
        npm(&["install", "--offline", "--no-save", "--no-package-lock", "--no-audit", "--no-fund"]);
    succeed(install.arg(tarball))?;
    fs::copy(tarball, copy)?;
    Ok(())
}
