//! How far the time of a scenario can be stretched.

use crate::scenario::{Action, Names, Number, Script, Subject, ThrottleSpec};

/// The largest stretch there is: a millisecond of the timer is a nanosecond of the scenario then.
const MOST: u32 = 1_000_000;

/// All of a stretched scenario should fit into so many seconds (a century and a half, of the 584 years
/// that a tick can tell).
const LONGEST: f64 = 5e9;

/// The largest power of ten by which this scenario can be stretched.
#[must_use]
pub fn stretch_for(script: &Script) -> u32 {
    // What a server says of time, in seconds and dates, is not stretched.
    if matches!(script.subject, Subject::Client(_)) {
        return 1;
    }
    let horizon = horizon(script);
    let mut stretch = MOST;
    while stretch > 1 && horizon * f64::from(stretch) > LONGEST {
        stretch /= 10;
    }
    stretch
}

/// A bound for the last moment at which anything happens, in seconds.
fn horizon(script: &Script) -> f64 {
    let steps = script.steps.iter().map(|step| seconds(Some(step.at))).fold(0.0, f64::max);
    let until = seconds(script.until);
    let items: f64 = script.items.iter().flatten().map(|&item| seconds(Some(item))).sum();
    let count = script.items.as_ref().map_or(0, Vec::len) as f64;
    let mut cost = count;
    let mut spans = items;
    for step in &script.steps {
        match &step.action {
            Action::Acquire { names, every, ask } => {
                let tasks = if let Names::Many { n, .. } = names { *n as f64 } else { 1.0 };
                let visits = tasks * ask.repeat.unwrap_or(1) as f64;
                cost += visits * ask.cost.map_or(1.0, |cost| seconds(Some(cost)));
                spans += tasks * seconds(*every);
                spans += visits * [ask.hold, ask.locked_sleep].into_iter().map(seconds).sum::<f64>();
                spans += seconds(ask.timeout) + seconds(ask.body_timeout);
            }
            Action::Pause { seconds: span } => spans += seconds(Some(*span)),
            Action::Jump { by } => spans += seconds(Some(Number(by.0.abs()))),
            Action::Update(update) => {
                let (capacity, period) = (update.capacity.unwrap_or(Number(1.0)), update.period);
                spans += seconds(period) * (2.0 + cost / positive(capacity));
            }
            _ => {}
        }
    }
    steps.max(until) + spans + of_subject(&script.subject, cost)
}

fn of_subject(subject: &Subject, cost: f64) -> f64 {
    match subject {
        Subject::Throttle(spec) => of_throttle(spec, cost),
        Subject::Workers(workers) => of_throttle(&workers.limiter, cost),
        Subject::Stack(layers) => layers.iter().map(|layer| of_subject(layer, cost)).sum(),
        _ => 0.0,
    }
}

/// The time in which a throttle lets in what is asked for, with a few periods to spare.
fn of_throttle(spec: &ThrottleSpec, cost: f64) -> f64 {
    let of_rate = |rate: &crate::scenario::RateSpec| {
        let period = seconds(Some(rate.period)) + seconds(rate.interval);
        period * (3.0 + cost / positive(rate.capacity))
    };
    spec.rates.iter().map(of_rate).sum::<f64>() + seconds(Some(spec.cooldown)) * (1.0 + cost)
}

fn seconds(number: Option<Number>) -> f64 {
    number.map_or(0.0, |Number(seconds)| if seconds.is_finite() { seconds.max(0.0) } else { 0.0 })
}

fn positive(Number(capacity): Number) -> f64 {
    if capacity > 0.0 { capacity } else { 1.0 }
}
