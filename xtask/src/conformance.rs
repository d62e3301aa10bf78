//! `cargo xtask conformance`: the scenarios.

mod node;
mod players;
mod wasm;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use crate::repo;
use players::{PLAYERS, Player};

/// The targets that run inside the program itself.
const NATIVE: &[&str] = &["virtual", "tokio"];

/// Run the scenarios of tests/scenarios on every target and compare what happens with what should.
///
/// Builds what the targets need, and leaves the rest to the program of package tollgate-conformance, whose exit code
/// is handed on: 0 if nothing failed, 1 if something did, 2 if something could not be run.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Scenario files, relative to where you are; without any, all scenarios of the repository.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Run on this target only; may be given several times.
    #[arg(long = "target", value_name = "TARGET", value_parser = PossibleValuesParser::new(names()))]
    targets: Vec<String>,

    /// Run this case only; may be given several times.
    #[arg(long = "case", value_name = "ID")]
    cases: Vec<String>,

    /// Print only failures and totals.
    #[arg(long)]
    quiet: bool,

    /// Print the table of all cases by targets; otherwise it has only those whose outcomes differ.
    #[arg(long)]
    table: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    repo::hand_on(&mut command(args)?)
}

/// Runs all scenarios of the repository on every target; a failure is an error.
pub(crate) fn check() -> Result<()> {
    repo::succeed(&mut command(Args::default())?)
}

fn command(args: Args) -> Result<Command> {
    let mut command = repo::cargo();
    // From where the caller is, so that files may be relative and are named in messages as they were given.
    command.current_dir(env::current_dir()?);
    command.args(["run", "--quiet", "--package", "tollgate-conformance", "--manifest-path"]);
    command.arg(repo::path("Cargo.toml")).arg("--");
    for player in chosen(&args.targets) {
        command.arg("--player").arg(player.argument()?);
    }
    command.args(args.targets.iter().map(|target| format!("--target={target}")));
    command.args(args.cases.iter().map(|case| format!("--case={case}")));
    command.args(args.quiet.then_some("--quiet")).args(args.table.then_some("--table"));
    command.arg("--").args(args.files);
    Ok(command)
}

/// The names of all targets.
fn names() -> Vec<&'static str> {
    NATIVE.iter().copied().chain(PLAYERS.iter().map(|player| player.name)).collect()
}

/// The players that were asked for; all if nothing was.
fn chosen(targets: &[String]) -> impl Iterator<Item = &'static Player> {
    PLAYERS.iter().filter(|player| targets.is_empty() || targets.iter().any(|name| name == player.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_players_that_are_asked_for_are_built() {
        let names = |targets: &[&str]| -> Vec<_> {
            let targets: Vec<_> = targets.iter().map(ToString::to_string).collect();
            chosen(&targets).map(|player| player.name).collect()
        };
        assert_eq!(names(&["tokio"]), [""; 0]);
        assert_eq!(names(&["tokio", "wasm-node"]), ["wasm-node"]);
        assert_eq!(names(&[]).len(), PLAYERS.len());
    }
}
