//! Lets greedy callers in, and compares each of them with the formula.

use std::collections::VecDeque;
use std::pin::Pin;

use super::common::{Gate, poll};
use futures::future::{MaybeDone, maybe_done};
use tollgate_core::throttle::Acquire;
use tollgate_core::time::{ManualTimer, Tick, Timer};
use tollgate_core::{Check, Rate, Settings, Throttle};

/// When call `k` is due, in nanoseconds after the first.
pub(crate) type Due = fn(u128) -> u128;

/// Without word from the environment: quick without optimisation, too.
const FEW: u64 = 40_000;

/// How many wait at a time.
const LINE: usize = 4;

/// The last tick for which an alarm can be set.
const LAST_TICK: u64 = u64::MAX - 1;

/// The clock goes to when `check` says.
pub(crate) fn by_looking(name: &str, rate: Rate, cost: f64, due: Due) {
    by_looking_within(name, rate, cost, due, due);
}

/// The same, with some room: no call before `due`, and none after `latest`.
pub(crate) fn by_looking_within(name: &str, rate: Rate, cost: f64, due: Due, latest: Due) {
    lives(name, latest, |calls| {
        // Half of the calls come before the clock wraps around.
        let start = 0_u64.wrapping_sub(due(calls / 2) as u64);
        let (timer, gate) = gate(start, Settings::new().rate(rate));
        let mut seen = Seen::default();
        for k in 0..calls {
            let permit = gate.try_acquire_cost(cost).unwrap_or_else(|_| {
                let Check::Wait { at_least, .. } = gate.check(cost) else { panic!("call {k} has to wait") };
                let now = timer.now().as_nanos();
                timer.jump_to(Tick::from_nanos(now.wrapping_add(at_least.as_nanos() as u64)));
                gate.try_acquire_cost(cost).unwrap_or_else(|error| panic!("call {k} is due: {error}"))
            });
            let at = u128::from(permit.admitted_at().as_nanos().wrapping_sub(start));
            assert!(due(k) <= at && at <= latest(k), "call {k} at {at}, not {}", due(k));
            seen.note(at, due(k));
        }
        seen
    });
}

/// The clock goes from alarm to alarm, and to the end of each call.
pub(crate) fn by_waiting(name: &str, limits: Settings, lasts: u64, due: Due) {
    lives(name, due, |calls| {
        let start = LAST_TICK - due(calls - 1) as u64;
        let (timer, gate) = gate(start, limits.clone());
        let mut inside = VecDeque::new();
        let mut line: VecDeque<_> = (0..LINE).map(|_| queue(&gate)).collect();
        let mut seen = Seen::default();
        for k in 0..calls {
            let permit = loop {
                if poll(&mut line[0]).is_ready() {
                    break Pin::new(&mut line[0]).take_output().expect("it is done");
                }
                let answer = inside.front().map(|&(at, _)| at);
                let next = timer.next_alarm().into_iter().chain(answer).min();
                timer.advance_to(next.unwrap_or_else(|| panic!("call {k} waits for ever")));
                while inside.front().is_some_and(|&(at, _)| at <= timer.now()) {
                    inside.pop_front();
                }
            };
            let permit = permit.unwrap_or_else(|error| panic!("call {k}: {error}"));
            let at = u128::from(permit.admitted_at().as_nanos() - start);
            assert_eq!(at, due(k), "call {k}");
            seen.note(at, due(k));
            if lasts > 0 {
                inside.push_back((Tick::from_nanos(timer.now().as_nanos().saturating_add(lasts)), permit));
            }
            line.pop_front();
            line.push_back(queue(&gate));
        }
        seen
    });
}

/// A call that has taken its place in line, or has been let in at once.
fn queue(gate: &Gate) -> MaybeDone<Acquire<&Gate, ManualTimer>> {
    let mut call = maybe_done(gate.acquire());
    let _let_in = poll(&mut call);
    call
}

fn gate(start: u64, limits: Settings) -> (ManualTimer, Gate) {
    let timer = ManualTimer::starting_at(Tick::from_nanos(start));
    let gate = Throttle::builder_on(timer.clone()).settings(limits).build().expect("the limits make sense");
    (timer, gate)
}

/// Runs throttles, each for as many calls as fit in its time, until all calls have been let in.
fn lives(name: &str, latest: Due, live: impl Fn(u128) -> Seen) {
    let calls = std::env::var("TOLLGATE_ADMISSIONS").map_or(FEW, |text| text.parse().expect("a number"));
    let (mut left, mut lives, mut all) = (u128::from(calls), 0, Seen::default());
    while left > 0 {
        let calls = as_many_as_fit(left, latest);
        let seen = live(calls);
        all = Seen { elapsed: all.elapsed + seen.elapsed, error: all.error.max(seen.error) };
        left -= calls;
        lives += 1;
    }
    let (seconds, nanos) = (all.elapsed / 1_000_000_000, all.elapsed % 1_000_000_000);
    let error = all.error;
    println!("{name}: {calls} calls in {seconds}.{nanos:09} s by {lives} throttle(s), error {error} ns");
}

/// What came of letting calls in: when the last one was, and by how much any of them was late.
#[derive(Default)]
struct Seen {
    elapsed: u128,
    error: u128,
}

impl Seen {
    fn note(&mut self, at: u128, due: u128) {
        self.elapsed = at;
        self.error = self.error.max(at - due);
    }
}

fn as_many_as_fit(calls: u128, due: Due) -> u128 {
    let (mut fit, mut too_many) = (1, calls + 1);
    while too_many - fit > 1 {
        let middle = (fit + too_many) / 2;
        if due(middle - 1) <= u128::from(LAST_TICK) { fit = middle } else { too_many = middle }
    }
    fit
}
