//! `cargo xtask conformance`: the scenarios.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::repo;

/// Run the scenarios of tests/scenarios and compare what happens with what should.
///
/// Everything after the command goes to the program of package tollgate-conformance as it is; `cargo xtask
/// conformance --help` shows what it takes.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Args {
    /// Scenario files, relative to where you are, and flags; without any, all scenarios of the repository.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "FILE")]
    args: Vec<OsString>,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let mut command = repo::cargo();
    // From where the caller is, so that files may be relative and are named in messages as they were given.
    command.current_dir(env::current_dir()?);
    command.args(["run", "--quiet", "--package", "tollgate-conformance", "--manifest-path"]);
    repo::hand_on(command.arg(repo::path("Cargo.toml")).arg("--").args(args.args))
}
