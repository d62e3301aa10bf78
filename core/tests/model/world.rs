//! A throttle of core and the model beside it, taken through the same script and compared at every rest.

use std::time::Duration;

use tollgate_core::Throttle;
use tollgate_core::time::{ManualTimer, Tick, Timer};

use crate::alarm::AlarmBook;
use crate::bell::Bell;
use crate::callers::{Asking, End, Holds};
use crate::common::Gate;
use crate::known;
use crate::laws;
use crate::limits::{ANY, Spec, units};
use crate::script::{Cost, Edit, Op, Pick, Script};
use crate::throttle::{Asks, Id, Model};
use crate::unmade::kept;

/// An hour of nanoseconds: further ahead than that, scripts do not go for an alarm.
const HOUR: u64 = 3_600_000_000_000;

/// Takes core and the model through a script; panics at the first difference, telling where.
pub(crate) fn play(script: &Script, say: impl Fn(usize)) {
    let timer = ManualTimer::starting_at(script.setup.start);
    timer.set_wake(script.setup.wake);
    let settings = script.setup.limits.settings();
    let gate = Throttle::builder_on(timer.clone()).settings(settings).build().expect("settings make sense");
    let mut world = World::new(&gate, &timer, script);
    for (index, &op) in script.ops.iter().enumerate() {
        say(index);
        world.take(op);
        world.compare();
    }
    say(script.ops.len());
    world.wind_up();
    drop(world);
    drop(gate);
    assert_eq!(timer.armed(), 0, "an alarm outlives its throttle");
}

pub(crate) struct World<'g> {
    pub(crate) gate: &'g Gate,
    pub(crate) timer: &'g ManualTimer,
    pub(crate) model: Model,
    /// The last reading of the clock.
    pub(crate) raw: u64,
    pub(crate) alarm: AlarmBook,
    /// Whoever has not noticed that it is over: waiting, let in, or turned away.
    pub(crate) line: Vec<Caller<'g>>,
    pub(crate) inside: Vec<Guest<'g>>,
    pub(crate) laws: laws::Record,
    /// After which changes each rate came, and the last refund was.
    pub(crate) rates_since: Vec<(Spec, usize)>,
    pub(crate) refunded_at: usize,
    /// Looks at what is available at every rest.
    pub(crate) watched: bool,
}

pub(crate) struct Caller<'g> {
    pub(crate) id: Id,
    pub(crate) future: Asking<'g>,
    pub(crate) bell: Bell,
    /// Wakers used before, which are not to be woken any more.
    pub(crate) silent: Vec<Bell>,
}

pub(crate) struct Guest<'g> {
    pub(crate) id: Id,
    pub(crate) holds: Holds<'g>,
}

impl<'g> World<'g> {
    fn new(gate: &'g Gate, timer: &'g ManualTimer, script: &Script) -> Self {
        let raw = timer.now().as_nanos();
        Self {
            gate,
            timer,
            model: Model::new(script.setup.limits.clone()),
            raw,
            alarm: AlarmBook::new(script.setup.wake),
            line: Vec::new(),
            inside: Vec::new(),
            laws: laws::Record::default(),
            rates_since: script.setup.limits.rates.iter().map(|&spec| (spec, 0)).collect(),
            refunded_at: 0,
            watched: script.setup.watched,
        }
    }

    pub(crate) fn take(&mut self, op: Op) {
        match op {
            Op::Come { cost, limit } => {
                let (cost, micros) = self.told(cost);
                let mut call = self.gate.acquire_cost_owned(cost);
                if let Some(limit) = limit {
                    call = call.timeout(limit);
                }
                self.come(Asks::Call, cost, micros, limit, Asking::Acquire(call));
            }
            Op::Reserve { cost, limit } => {
                let (cost, micros) = self.told(cost);
                let mut call = self.gate.reserve_cost_owned(cost);
                if let Some(limit) = limit {
                    call = call.timeout(limit);
                }
                self.come(Asks::Later, cost, micros, limit, Asking::Reserve(call));
            }
            Op::Begin(pick) => self.begin(pick),
            Op::Consume { cost, limit } => {
                let (cost, micros) = self.told(cost);
                let mut call = self.gate.consume(cost);
                if let Some(limit) = limit {
                    call = call.timeout(limit);
                }
                self.come(Asks::Units, cost, micros, limit, Asking::Consume(call));
            }
            Op::Run { cost } => {
                let (cost, micros) = self.told(cost);
                self.come(Asks::Later, cost, micros, None, Asking::run(self.gate, cost));
            }
            Op::Try { cost } => self.try_come(cost),
            Op::Cancel(pick) => self.cancel(pick),
            Op::Poll(pick) if !self.line.is_empty() => {
                let caller = self.line.remove(chosen(pick, self.line.len()));
                self.poll(caller, true);
            }
            Op::Poll(_) => {}
            Op::PollAll => self.poll_all(),
            Op::Release(pick) => self.come_out(pick, End::Release),
            Op::NotMade(pick) => self.come_out(pick, End::NotMade),
            Op::Panic(pick) => self.come_out(pick, End::Panic),
            Op::Pause(time) => {
                self.gate.pause(time);
                self.model.pause(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
            }
            Op::Resume => {
                self.gate.resume();
                self.model.resume();
            }
            Op::Close => {
                self.gate.close();
                self.model.close();
            }
            Op::Advance(time) => self.advance_to(self.raw + time.as_nanos() as u64),
            Op::AdvanceToDue(more) => {
                let due = self.model.due.map_or(0, |due| due.saturating_sub(self.model.now));
                let target = self.raw + due.min(HOUR);
                self.advance_to(target.saturating_add_signed(more.into()).max(self.raw));
            }
            Op::AdvanceToAlarm => {
                if let Some(next) = self.timer.next_alarm().filter(|next| next.as_nanos() < self.raw + HOUR) {
                    self.advance_to(next.as_nanos());
                }
            }
            Op::Leap(time) => {
                self.timer.jump_to(Tick::from_nanos(self.raw) + time);
                self.read_clock();
            }
            Op::StepBack(time) => {
                let target = self.raw.saturating_sub(time.as_nanos() as u64);
                self.timer.jump_to(Tick::from_nanos(target));
                self.model.epoch.steps_back += usize::from(target < self.raw);
                self.read_clock();
                // The alarm would ring too late now. Whoever comes next sets it anew.
                self.take(Op::Pause(Duration::ZERO));
                self.alarm.must_be_exact();
            }
            Op::Wakes(wake) => {
                self.timer.set_wake(wake);
                self.alarm.wake = wake;
            }
            Op::Check { cost } => self.check(cost),
            Op::Refund { cost } => self.refund(cost),
            Op::Update(edit) => {
                self.update(edit);
            }
        }
    }

    pub(crate) fn told(&self, cost: Cost) -> (f64, Option<u64>) {
        cost.told(self.model.limits.most())
    }

    fn refund(&mut self, cost: Cost) {
        self.refunded_at = self.changed(known::REFUNDED_TWICE);
        let (cost, micros) = self.told(cost);
        let done = self.gate.refund(cost);
        assert_eq!(done.is_ok(), micros.is_some(), "refund of {cost}");
        if let Some(micros) = micros {
            self.model.refund(micros.min(ANY));
        }
    }

    fn update(&mut self, edit: Edit) {
        let new = edit.made_in(&self.model.limits);
        // What a rate knew and had no reason to drop yet might count again under a longer period.
        self.look_at_all_rates();
        let since = self.changed(true);
        let done = self.gate.update(new.settings());
        // Without slots, none can rest.
        let valid = new.concurrency > 0 || new.cooldown == 0;
        assert_eq!(done.is_ok(), valid, "update to {new:?}");
        if !valid {
            return;
        }
        self.rates_since = kept(std::mem::take(&mut self.rates_since), &new.rates, since);
        self.model.update(new);
    }

    /// Makes the rates drop what has ceased to count.
    fn look_at_all_rates(&self) {
        let _ = (self.gate.available(), self.gate.check(units(1)));
    }

    /// From now on, calls that are inside are counted differently. If they are not to be taken back any
    /// more, those who have been let in notice, and will come out.
    fn changed(&mut self, no_taking_back: bool) -> usize {
        if no_taking_back {
            // To notice may be to begin, which lets others in: before the change.
            self.poll_all();
            self.model.epoch.commitments += 1;
        }
        self.model.epoch.changes += 1;
        self.model.epoch.changes
    }
}

pub(crate) fn chosen(pick: Pick, count: usize) -> usize {
    usize::from(pick.0) % count
}
