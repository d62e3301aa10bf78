//! Runs scenario files and prints a line for each case.

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use tollgate_conformance::target::{self, Target};
use tollgate_conformance::{Options, Outcome, Report, default_file, run_file};

/// Runs throttle scenarios (format throttle-scenarios/1) against tollgate.
#[derive(Parser)]
struct Args {
    /// Scenario files; those of the repository if there are none.
    files: Vec<PathBuf>,
    /// Run on this target only (may be repeated).
    #[arg(long = "target", value_name = "TARGET", value_parser = known_targets())]
    targets: Vec<String>,
    /// Run this case only (may be repeated).
    #[arg(long = "case", value_name = "ID")]
    cases: Vec<String>,
    /// Print only failures and totals.
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut targets = target::all();
    targets.retain(|target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name()));
    let options = Options { cases: args.cases.clone(), ..Options::default() };
    let files = if args.files.is_empty() { vec![default_file()] } else { args.files };
    let mut all = Report::default();
    let mut unusable = false;
    for file in files {
        match run_file(&file, &targets, &options) {
            Ok(report) if report.lines().is_empty() && args.cases.is_empty() => {
                eprintln!("{}: no scenarios", file.display());
                unusable = true;
            }
            Ok(report) => {
                print(&report, args.quiet);
                all.append(report);
            }
            Err(error) => {
                eprintln!("{error:#}");
                unusable = true;
            }
        }
    }
    let ids: Vec<&str> = all.lines().iter().map(|line| line.id.as_str()).collect();
    if let Some(unknown) = args.cases.iter().find(|case| !ids.contains(&case.as_str())) {
        eprintln!("no case has the id {unknown}");
        return ExitCode::from(2);
    }
    totals(&all, &targets);
    if unusable {
        return ExitCode::from(2);
    }
    if all.failures().next().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

fn known_targets() -> PossibleValuesParser {
    PossibleValuesParser::new(target::all().iter().map(|target| target.name()))
}

fn print(report: &Report, quiet: bool) {
    for line in report.lines() {
        if !quiet || matches!(line.outcome, Outcome::Fail(_)) {
            say(line);
        }
    }
}

fn totals(report: &Report, targets: &[Arc<dyn Target>]) {
    for target in targets {
        say(format_args!("{}: {}", target.name(), report.totals(Some(target.name()))));
    }
    say(format_args!("total: {}", report.totals(None)));
}

/// Prints a line. Whoever stops reading, as `head` does, has read enough.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
