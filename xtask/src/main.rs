//! The chores of this repository, as `cargo xtask <command>`.
//!
//! One command per file; [`repo`] starts cargo and finds what the workspace holds, [`tools`] finds or installs
//! what else is needed.

mod bench;
mod conformance;
mod demo;
mod package;
mod page;
mod repo;
mod test;
mod tools;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The chores of this repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Test(test::Args),
    Conformance(conformance::Args),
    Bench(bench::Args),
    Package(package::Args),
}

impl Command {
    fn run(self) -> Result<ExitCode> {
        match self {
            Self::Demo(args) => demo::run(args),
            Self::Test(args) => test::run(args),
            Self::Conformance(args) => conformance::run(args),
            Self::Bench(args) => bench::run(args),
            Self::Package(args) => package::run(args),
        }
    }
}

fn main() -> ExitCode {
    Cli::parse().command.run().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
