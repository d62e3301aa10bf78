//! Calls that are taken back after the settings have changed: for these the model would have to know too
//! much about how one rate takes over from another. What must hold all the same: never over.

use std::time::Duration;

use futures::FutureExt;
use tollgate_core::Throttle;
use tollgate_core::throttle::Reservation;
use tollgate_core::time::{ManualTimer, Timer};

use crate::common::{Gate, Pass};
use crate::laws::Record;
use crate::limits::{Spec, UNIT};
use crate::script::{Cost, Op, Script};

/// Takes the calls, answers, updates and steps of time out of a script, and looks at what was let in.
pub(crate) fn play(script: &Script, say: impl Fn(usize)) {
    let timer = ManualTimer::new();
    let mut limits = script.setup.limits.clone();
    let gate = Throttle::builder_on(timer.clone()).settings(limits.settings()).build().expect("makes sense");
    let mut rates: Vec<(Spec, usize)> = limits.rates.iter().map(|&spec| (spec, 0)).collect();
    let mut changes = 0;
    let mut inside: Vec<(usize, Pass)> = Vec::new();
    let mut unbegun: Vec<(usize, Reservation<Gate, ManualTimer>)> = Vec::new();
    let mut laws = Record::default();
    for (index, &op) in script.ops.iter().enumerate() {
        say(index);
        match plain(op) {
            Op::Try { cost } | Op::Come { cost, .. } | Op::Consume { cost, .. } | Op::Run { cost } => {
                let permit = gate.try_acquire_cost_owned(cost.told(limits.most()).0);
                inside.extend(permit.into_iter().map(|permit| (changes, permit)));
            }
            Op::Reserve { cost, .. } => {
                let reserve = gate.reserve_cost_owned(cost.told(limits.most()).0);
                let reservation = reserve.now_or_never().and_then(Result::ok);
                unbegun.extend(reservation.map(|reservation| (changes, reservation)));
            }
            Op::Begin(pick) if !unbegun.is_empty() => {
                let (let_in_at, reservation) = unbegun.remove(usize::from(pick.0) % unbegun.len());
                if pick.0 < 192 {
                    inside.push((let_in_at, reservation.begin()));
                }
            }
            op @ (Op::Release(pick) | Op::NotMade(pick)) if !inside.is_empty() => {
                let (let_in_at, permit) = inside.remove(usize::from(pick.0) % inside.len());
                if matches!(op, Op::NotMade(_)) {
                    permit.refund();
                } else {
                    answer(&mut laws, let_in_at, permit, &timer);
                }
            }
            Op::Update(edit) => {
                let new = edit.made_in(&limits);
                if gate.update(new.settings()).is_ok() {
                    changes += 1;
                    rates = kept(rates, &new.rates, changes);
                    limits = new;
                }
            }
            Op::Advance(time) | Op::Leap(time) => timer.advance(time),
            _ => {}
        }
        assert_eq!(gate.in_flight(), inside.len() + unbegun.len());
    }
    inside.extend(unbegun.into_iter().map(|(let_in_at, reservation)| (let_in_at, reservation.begin())));
    for (let_in_at, permit) in inside {
        answer(&mut laws, let_in_at, permit, &timer);
    }
    for (spec, since) in &rates {
        laws.never_over(spec, *since);
    }
}

/// The new rates, each with the change it came with; one that stays as it is goes on.
pub(crate) fn kept(mut old: Vec<(Spec, usize)>, new: &[Spec], change: usize) -> Vec<(Spec, usize)> {
    let kept = |&spec: &Spec| match old.iter().position(|&(old, _)| old == spec) {
        Some(index) => old.remove(index),
        None => (spec, change),
    };
    new.iter().map(kept).collect()
}

/// Nobody waits here: what is about waiting stands for something else.
fn plain(op: Op) -> Op {
    match op {
        Op::Cancel(pick) | Op::Poll(pick) | Op::Panic(pick) => Op::NotMade(pick),
        Op::PollAll | Op::Resume | Op::Pause(_) | Op::Close => Op::Try { cost: Cost::Micros(UNIT) },
        Op::Refund { cost } => Op::Try { cost },
        Op::AdvanceToDue(_) | Op::AdvanceToAlarm => Op::Advance(Duration::from_millis(50)),
        other => other,
    }
}

fn answer(laws: &mut Record, let_in_at: usize, permit: Pass, timer: &ManualTimer) {
    let cost = (permit.cost() * 1e6).round() as u64;
    let (admitted, answered) = (permit.admitted_at().as_nanos(), timer.now().as_nanos());
    drop(permit);
    laws.answered(cost, admitted, answered, let_in_at);
}
