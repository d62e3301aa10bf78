//! `cargo xtask test`: everything that must hold before a change goes in.

mod core_rules;
mod examples;
mod npm;
mod page;
mod proofs;
mod steps;
mod wasm;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use console::style;

use steps::{STEPS, Step};

/// Check and test everything, as CI does; install what that needs.
///
/// Stops at the first step that fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this step; may be given several times.
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    only: Vec<String>,

    /// List the steps instead of running them.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let steps = chosen(&args.only);
    if args.list {
        steps.iter().for_each(|step| println!("{:12} {}", step.name, step.about));
        return Ok(ExitCode::SUCCESS);
    }
    let mut times = vec![];
    for (index, step) in steps.iter().enumerate() {
        let count = format!("[{}/{}]", index + 1, steps.len());
        println!("{} {} {}", style(count).dim(), style(step.name).bold(), style(step.about).dim());
        let start = Instant::now();
        let outcome = (step.run)();
        times.push((step.name, start.elapsed(), outcome.is_ok()));
        if let Err(error) = outcome {
            println!("\n{}", summary(&times, steps.len()));
            eprintln!("{} {}: {error:#}", style("failed:").red().bold(), step.name);
            eprintln!("To run this step alone: cargo xtask test --only {}", step.name);
            return Ok(ExitCode::FAILURE);
        }
    }
    println!("\n{}", summary(&times, steps.len()));
    Ok(ExitCode::SUCCESS)
}

/// The steps that were asked for, in their own order.
fn chosen(only: &[String]) -> Vec<&'static Step> {
    STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect()
}

/// How long each step took, and what was not reached.
fn summary(times: &[(&str, Duration, bool)], all: usize) -> String {
    let line = |mark, name: &str, time: Duration| format!("{mark} {name:12} {:6.1} s\n", time.as_secs_f64());
    let mut text = String::new();
    for (name, time, fine) in times {
        let mark = if *fine { style("✓").green() } else { style("✗").red() };
        text += &line(mark, name, *time);
    }
    text += &line(style(" "), "in all", times.iter().map(|(_, time, _)| time).sum());
    match all - times.len() {
        0 => text,
        rest => text + &format!("  {rest} more not run\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_steps_keep_their_order_and_none_means_all() {
        let names = |only: &[&str]| -> Vec<_> {
            let only: Vec<_> = only.iter().map(ToString::to_string).collect();
            chosen(&only).iter().map(|step| step.name).collect()
        };
        assert_eq!(names(&["docs", "format", "docs"]), ["format", "docs"]);
        assert_eq!(names(&[]).len(), STEPS.len());
    }

    #[test]
    fn names_of_steps_are_unique_and_fit_their_column() {
        for (index, step) in STEPS.iter().enumerate() {
            assert!(step.name.len() <= 12, "{}", step.name);
            assert!(STEPS[..index].iter().all(|other| other.name != step.name), "{}", step.name);
        }
    }

    #[test]
    fn the_summary_tells_times_the_failure_and_what_was_not_reached() {
        console::set_colors_enabled(false);
        let times =
            [("format", Duration::from_millis(640), true), ("clippy", Duration::from_secs(61), false)];
        let expected = "
✓ format          0.6 s
✗ clippy         61.0 s
  in all         61.6 s
  3 more not run
";
        assert_eq!(format!("\n{}", summary(&times, 5)), expected);
    }
}
