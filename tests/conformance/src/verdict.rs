//! Compares what happened with what should have.

mod counts;
mod events;
mod servers;
mod time;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::record::{Read, Record, Refused};
use crate::scenario::{Check, ExpectedProbe, Plan, Scenario};
use time::Times;

/// Plays a variant of the scenario: the same steps under another plan.
pub type Replay<'a> = &'a dyn Fn(Plan) -> Result<Record, String>;

/// What is different from what was expected; nothing if all is as it should be.
///
/// # Errors
/// The first difference.
pub fn judge(scenario: &Scenario, record: &Record, replay: Replay<'_>) -> Result<(), String> {
    let checks = &scenario.expect.checks;
    let construct = checks.iter().find_map(|check| match check {
        Check::Construct(kind) => Some(kind.as_str()),
        _ => None,
    });
    match (construct, &record.construct) {
        (None, None) => {}
        (Some(expected), Some(refused)) if *expected == refused.kind => {}
        (Some(expected), None) => return Err(format!("construct: expected {expected}, got no error")),
        (expected, Some(Refused { kind, message })) => {
            let expected = expected.unwrap_or("no error");
            return Err(format!("construct: expected {expected}, got {kind} ({message})"));
        }
    }
    for check in checks {
        judge_one(check, scenario, record, replay)?;
    }
    unmentioned(scenario, record)
}

fn judge_one(check: &Check, scenario: &Scenario, record: &Record, replay: Replay<'_>) -> Result<(), String> {
    let times = Times::of(record);
    let admitted = record.admissions();
    match check {
        Check::Construct(_) => Ok(()),
        Check::Events(expected) => events::compare(expected, record, times),
        Check::Histogram(expected) => {
            let actual = record.workers.as_ref().map_or(admitted, |workers| workers.done.clone());
            counts::histogram("histogram", expected, &actual, times)
        }
        Check::PerHost(expected) => counts::per_host(expected, record, times),
        Check::Probes(expected) => probes(expected, &record.probes, times),
        Check::Pending(expected) => {
            let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
            equal("pending", &sorted(expected), &sorted(&record.pending))
        }
        Check::Total { from, to, count } => {
            let name = format!("total in [{from},{to})");
            equal(&name, count, &counts::total(&admitted, *from, *to))
        }
        Check::MaxInAny { window, count } => {
            let name = format!("most in any window of {window} s");
            equal(&name, count, &counts::most_in_any(&admitted, *window))
        }
        Check::First(expected) => times.check("first", Some(*expected), admitted.first().copied()),
        Check::Last(expected) => times.check("last", Some(*expected), admitted.last().copied()),
        Check::KTh(expected) => expected
            .iter()
            .try_for_each(|&(k, at)| times.check(&format!("k_th {k}"), Some(at), admitted.get(k).copied())),
        Check::Join(expected) => {
            times.check("join", *expected, record.workers.as_ref().and_then(|workers| workers.join))
        }
        Check::WorkersCancelled(expected) => {
            equal("workers_cancelled", &Some(*expected), &record.workers.as_ref().map(|w| w.cancelled))
        }
        Check::Left(expected) => equal("left", &Some(*expected), &record.workers.as_ref().map(|w| w.left)),
        Check::Servers { plan, answers } => {
            let replayed = replay(*plan)?;
            servers::compare(*plan, answers, scenario, &replayed)
        }
    }
}

/// What no expectation mentions must not have happened either.
fn unmentioned(scenario: &Scenario, record: &Record) -> Result<(), String> {
    let checks = &scenario.expect.checks;
    let events = scenario.expect.events().is_some();
    let error = record.events.iter().find(|event| event.outcome.starts_with("error:"));
    if let Some(error) = error.filter(|_| !events) {
        let (at, who, outcome) = (error.at, &error.who, &error.outcome);
        return Err(format!("expected no error, got [{at}, {who}, {outcome}]"));
    }
    // Cut short, somebody may be left; but not where every event is listed, and thus the end of everybody.
    let cut = scenario.script.until.is_some() && !events;
    let listed = checks.iter().any(|check| matches!(check, Check::Pending(_)));
    if !listed && !cut && !record.pending.is_empty() {
        return Err(format!("pending: expected nobody, got {:?}", record.pending));
    }
    let probes = checks.iter().any(|check| matches!(check, Check::Probes(_)));
    if !probes && !record.probes.is_empty() {
        return Err(format!("probes: expected none, got {}", record.probes.len()));
    }
    Ok(())
}

fn probes(expected: &[ExpectedProbe], actual: &[Read], times: Times) -> Result<(), String> {
    equal("number of probes", &expected.len(), &actual.len())?;
    for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        let same = expected.what == actual.what
            && expected.arg == actual.arg.map(f64::from)
            && times.same(expected.at, actual.at)
            && same_answer(&expected.answer, &actual.answer);
        if !same {
            let ExpectedProbe { at, what, arg, answer } = expected;
            let expected = format!("[{at}, {what:?}{}, {answer}]", in_brackets(*arg));
            let Read { at, what, arg, answer } = actual;
            let actual = format!("[{at}, {what:?}{}, {answer}]", in_brackets(arg.map(f64::from)));
            return Err(format!("probe {index}: expected {expected}, got {actual}"));
        }
    }
    Ok(())
}

fn in_brackets(arg: Option<f64>) -> String {
    arg.map_or_else(String::new, |arg| format!("({arg})"))
}

fn same_answer(expected: &Value, actual: &Value) -> bool {
    match (expected.as_f64(), actual.as_f64()) {
        (Some(expected), Some(actual)) => (expected - actual).abs() <= 1e-6 + 1e-9 * expected.abs(),
        _ => expected == actual,
    }
}

fn equal<T: PartialEq + std::fmt::Debug>(name: &str, expected: &T, actual: &T) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{name}: expected {expected:?}, got {actual:?}")) }
}
