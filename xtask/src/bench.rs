//! `cargo xtask bench`: measurements.
//!
//! A [`part`] measures and hands its figures over; [`report`] sets them out, with the [`targets`] that are wanted.

mod callgrind;
mod criterion;
mod figures;
mod machine;
mod node;
mod part;
mod python;
mod report;
mod targets;
mod versions;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use self::figures::Figure;
use crate::repo::path;

pub(crate) use callgrind::check as check_instructions;

/// Run the measurements of benches/, ours beside peers, in release mode; all of them write benches/RESULTS.md.
///
/// A target that is missed does not make this fail: that may be the machine's fault. A limit that is not kept does.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The parts to run: a file of benches/ by its name, `callgrind`, `node` or `python`; without any, all of them.
    names: Vec<String>,

    /// Measure briefly, which shows that everything works but no figures to rely on; nothing is written.
    #[arg(long)]
    quick: bool,

    /// Write benches/RESULTS.md, however little was measured.
    #[arg(long)]
    write: bool,

    /// With `callgrind`: the counts of instructions are as they should be from now on.
    #[arg(long)]
    accept: bool,
}

/// What a full run writes.
const RESULTS: &str = "benches/RESULTS.md";

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let parts = part::chosen(part::all()?, &args.names)?;
    let is_full = args.names.is_empty() && !args.quick;
    let (mut found, mut failed) = (vec![], vec![]);
    for part in &parts {
        println!("bench {}", part.name());
        let (figures, outcome) = part.run(args.quick);
        found.extend(figures);
        if let Err(error) = outcome {
            eprintln!("{}: {error:#}", part.name());
            failed.push(part.name());
        }
    }
    if found.iter().any(Figure::is_ours_and_over) {
        failed.push("a limit was not kept");
    }
    if args.accept {
        callgrind::accept(&found)?;
    }
    let tables = report::tables(&found);
    println!("\n{tables}");
    if !failed.is_empty() {
        eprintln!("failed: {}", failed.join(", "));
    }
    if args.write || is_full {
        // What a run that failed has found is not lost, but does not take the place of one that did not.
        let place = if failed.is_empty() { RESULTS } else { "target/bench/RESULTS.md" };
        let text = format!("{}\n{tables}", report::head(&found, args.quick)?);
        fs::write(path(place), text).with_context(|| format!("cannot write {place}"))?;
        println!("written: {place}");
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
