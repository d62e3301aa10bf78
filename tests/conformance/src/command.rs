//! The command line.

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::Parser;
use tollgate_conformance::protocol::{PROTOCOL, Ready, answer};
use tollgate_conformance::target::{self, Player, Target, VirtualTime};
use tollgate_conformance::{Options, Outcome, Report, Table, default_file, prepare, run_file};

/// Runs throttle scenarios (format throttle-scenarios/1) against tollgate.
#[derive(Parser)]
struct Args {
    /// Scenario files; those of the repository if there are none.
    files: Vec<PathBuf>,
    /// Run on this target only (may be repeated): virtual, tokio, or a player.
    #[arg(long = "target", value_name = "TARGET")]
    targets: Vec<String>,
    /// Run this case only (may be repeated).
    #[arg(long = "case", value_name = "ID")]
    cases: Vec<String>,
    /// One more target: a program that plays scripts, as README.md in tests/conformance says (may be repeated).
    /// The command is words with spaces between them, or a list of words in JSON.
    #[arg(long = "player", value_name = "NAME=COMMAND")]
    players: Vec<Player>,
    /// Be a player itself: play on the target `virtual` what is asked for on standard input.
    #[arg(long, conflicts_with_all = ["files", "targets", "cases", "players", "quiet", "table"])]
    play: bool,
    /// Print only failures and totals.
    #[arg(long)]
    quiet: bool,
    /// Print the table of all cases by targets; otherwise it has only those whose outcomes differ.
    #[arg(long)]
    table: bool,
}

/// Runs what the command line asks for: 0 if nothing failed, 1 if something did, 2 if something could not be run.
pub(crate) fn run() -> ExitCode {
    let args = Args::parse();
    let ran = if args.play { play() } else { targets(&args).and_then(|targets| run_all(&args, &targets)) };
    match ran {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn play() -> Result<ExitCode> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", serde_json::to_string(&Ready { ready: PROTOCOL.to_owned() })?)?;
    for request in std::io::stdin().lines() {
        writeln!(output, "{}", answer(&request?, &VirtualTime))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The targets that were asked for, ready to play.
fn targets(args: &Args) -> Result<Vec<Arc<dyn Target>>> {
    let mut targets = target::all();
    for player in &args.players {
        if targets.iter().any(|target| target.name() == player.name()) {
            bail!("two targets are named {}", player.name());
        }
        targets.push(Arc::new(player.clone()));
    }
    let names: Vec<String> = targets.iter().map(|target| target.name().to_owned()).collect();
    if let Some(unknown) = args.targets.iter().find(|target| !names.contains(target)) {
        bail!("no target is named {unknown}; there are: {}", names.join(", "));
    }
    targets.retain(|target| args.targets.is_empty() || args.targets.iter().any(|name| name == target.name()));
    targets.iter().try_for_each(|target| prepare(target, Options::default().patience))?;
    Ok(targets)
}

fn run_all(args: &Args, targets: &[Arc<dyn Target>]) -> Result<ExitCode> {
    let options = Options { cases: args.cases.clone(), ..Options::default() };
    let files = if args.files.is_empty() { vec![default_file()] } else { args.files.clone() };
    let mut all = Report::default();
    let mut unusable = false;
    for file in files {
        match run_file(&file, targets, &options) {
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
    if let Some(unknown) = args.cases.iter().find(|case| all.lines().iter().all(|line| line.id != **case)) {
        bail!("no case has the id {unknown}");
    }
    tables(&all, targets, args.table);
    if unusable {
        return Ok(ExitCode::from(2));
    }
    Ok(if all.failures().next().is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn print(report: &Report, quiet: bool) {
    for line in report.lines() {
        if !quiet || matches!(line.outcome, Outcome::Fail(_)) {
            say(line);
        }
    }
}

fn tables(report: &Report, targets: &[Arc<dyn Target>], all_cases: bool) {
    let names: Vec<&str> = targets.iter().map(|target| target.name()).collect();
    let cases = Table::of(report, &names);
    if all_cases {
        say(format_args!("\n{cases}"));
    } else {
        let differing = cases.differing();
        if !differing.is_empty() {
            say(format_args!("\nnot the same everywhere:\n{differing}"));
        }
    }
    say(format_args!("\n{}", report.summary(&names)));
}

/// Prints a line. Whoever stops reading, as `head` does, has read enough.
fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
