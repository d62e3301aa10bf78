//! Runs cases, one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::anyhow;

use crate::platform::{Stopped, panic_message};
use crate::record::Record;
use crate::report::{Outcome, Report};
use crate::scenario::{Found, Number, PacingName, Plan, Scenario, Script, Subject, load};
use crate::target::Target;
use crate::verdict::judge;

/// How cases are run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only these cases; all if there are none.
    pub cases: Vec<String>,
    /// A case that takes longer than this, by the clock on the wall, hangs.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { cases: Vec::new(), patience: Duration::from_secs(60) }
    }
}

/// Runs the cases of a file on each of the targets.
///
/// # Errors
/// If the file cannot be read, or is of another format.
pub fn run_file(path: &Path, targets: &[Arc<dyn Target>], options: &Options) -> anyhow::Result<Report> {
    Ok(run_cases(load(path)?, targets, options))
}

/// Runs cases on each of the targets.
#[must_use]
pub fn run_cases(cases: Vec<Found>, targets: &[Arc<dyn Target>], options: &Options) -> Report {
    let mut report = Report::default();
    for Found { id, scenario } in cases {
        if !options.cases.is_empty() && !options.cases.contains(&id) {
            continue;
        }
        match scenario {
            Ok(scenario) => {
                let scenario = Arc::new(scenario);
                for target in targets {
                    report.add(&id, target.name(), run_case(&scenario, target, options.patience));
                }
            }
            Err(fault) => {
                for target in targets {
                    report.add(&id, target.name(), Outcome::Fail(format!("not understood: {fault}")));
                }
            }
        }
    }
    report
}

/// Gets a target ready; to be called before the first case.
///
/// # Errors
/// Why it cannot run.
pub fn prepare(target: &Arc<dyn Target>, patience: Duration) -> anyhow::Result<()> {
    let preparing = target.clone();
    let prepared = within(patience, target, move || preparing.prepare());
    prepared.and_then(|prepared| prepared).map_err(|fault| anyhow!("{} cannot run: {fault}", target.name()))
}

/// Runs one case on one target.
#[must_use]
pub fn run_case(scenario: &Arc<Scenario>, target: &Arc<dyn Target>, patience: Duration) -> Outcome {
    let (scenario, player) = (scenario.clone(), target.clone());
    within(patience, target, move || play_and_judge(&scenario, &*player)).unwrap_or_else(Outcome::Fail)
}

/// Does something on a thread of its own, so that neither a panic nor a hang goes further.
fn within<R: Send + 'static>(
    patience: Duration,
    target: &Arc<dyn Target>,
    task: impl FnOnce() -> R + Send + 'static,
) -> Result<R, String> {
    let (done, result) = channel();
    thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(task)).map_err(|payload| panic_message(&*payload));
        // Nobody listens any more if it took too long.
        let _ = done.send(outcome);
    });
    match result.recv_timeout(patience) {
        Ok(outcome) => outcome,
        // The thread cannot be stopped; it goes when the process does.
        Err(RecvTimeoutError::Timeout) => {
            target.give_up();
            Err(format!("hangs: it took more than {} s", patience.as_secs_f64()))
        }
        Err(RecvTimeoutError::Disconnected) => Err("its thread is gone".into()),
    }
}

fn play_and_judge(scenario: &Scenario, target: &dyn Target) -> Outcome {
    let record = match target.play(&scenario.script) {
        Ok(record) => record,
        Err(Stopped::NotApplicable(reason)) => return Outcome::NotApplicable(reason),
        Err(Stopped::Broken(fault)) => return Outcome::Fail(fault),
    };
    let replay = |plan: Plan| -> Result<Record, String> {
        target.play(&planned(&scenario.script, plan)).map_err(|stopped| stopped.to_string())
    };
    match judge(scenario, &record, &replay) {
        Ok(()) => Outcome::Pass,
        Err(difference) => Outcome::Fail(difference),
    }
}

/// The same script with its rates under another plan.
fn planned(script: &Script, plan: Plan) -> Script {
    let mut script = script.clone();
    if let Subject::Throttle(spec) = &mut script.subject {
        for rate in &mut spec.rates {
            (rate.pacing, rate.burst) = match plan {
                Plan::StrictWindow => (PacingName::Window, None),
                Plan::PacedBurst1 => (PacingName::Bucket, Some(Number(1.0))),
            };
        }
    }
    script
}
