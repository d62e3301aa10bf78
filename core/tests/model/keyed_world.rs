//! Keyed limits of core and their model, taken through the same script and compared at every rest.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tollgate_core::keyed::{Acquire, Permit, Reservation, Reserve};
use tollgate_core::time::{ManualTimer, Tick, Timer};
use tollgate_core::{AdmitError, Keyed, TryAdmitError};

use crate::alarm::AlarmBook;
use crate::bell::Bell;
use crate::keyed::Model;
use crate::keyed_script::{KEYS, Op, Script};
use crate::laws::Record;
use crate::script::Cost;
use crate::throttle::{Id, Refusal, State};

const HOUR: u64 = 3_600_000_000_000;

type Hosts = Keyed<usize, ManualTimer>;

/// Somebody who asks.
enum Asking {
    Acquire(Acquire<usize, ManualTimer>),
    Reserve(Reserve<usize, ManualTimer>),
}

/// What somebody has who was let in.
#[derive(Debug)]
enum Holds {
    Permit(Permit<usize, ManualTimer>),
    Reservation(Reservation<usize, ManualTimer>),
}

impl Asking {
    fn poll(&mut self, bell: &Bell) -> Poll<Result<Holds, AdmitError>> {
        let waker = bell.waker();
        let mut cx = Context::from_waker(&waker);
        match self {
            Self::Acquire(future) => Pin::new(future).poll(&mut cx).map_ok(Holds::Permit),
            Self::Reserve(future) => Pin::new(future).poll(&mut cx).map_ok(Holds::Reservation),
        }
    }
}

struct World<'t> {
    hosts: Hosts,
    timer: &'t ManualTimer,
    model: Model,
    raw: u64,
    alarm: AlarmBook,
    line: Vec<(Id, Asking, Bell)>,
    inside: Vec<(Id, Holds)>,
    /// Of each key, and of all.
    laws: [Record; KEYS + 1],
}

pub(crate) fn play(script: &Script, say: impl Fn(usize)) {
    let timer = ManualTimer::new();
    timer.set_wake(script.wake);
    let mut builder = Keyed::builder_on(timer.clone())
        .total(script.total.settings())
        .per_key(script.keys[0].settings())
        .key(KEYS - 1, script.keys[KEYS - 1].settings());
    if let Some(most) = script.total.max_waiting {
        builder = builder.max_waiting(most);
    }
    let mut world = World {
        hosts: builder.build().expect("settings make sense"),
        timer: &timer,
        model: Model::new(script.total.clone(), script.keys.to_vec()),
        raw: 0,
        alarm: AlarmBook::new(script.wake),
        line: Vec::new(),
        inside: Vec::new(),
        laws: Default::default(),
    };
    for (index, &op) in script.ops.iter().enumerate() {
        say(index);
        world.take(op);
        world.compare();
    }
    say(script.ops.len());
    world.wind_up();
}

impl World<'_> {
    fn take(&mut self, op: Op) {
        match op {
            Op::Come { key, cost, limit, later } => self.come(key, cost, limit, later),
            Op::Begin(pick) if !self.inside.is_empty() => {
                let (id, holds) = self.inside.remove(usize::from(pick) % self.inside.len());
                let permit = self.begin(id, holds);
                self.inside.push((id, Holds::Permit(permit)));
            }
            Op::Try { key, cost } => self.try_come(key, cost),
            Op::Cancel(pick) if !self.line.is_empty() => {
                let (id, future, _) = self.line.remove(usize::from(pick) % self.line.len());
                self.model.go_away(id);
                drop(future);
                if self.model.due.is_some_and(|due| due <= self.model.now) {
                    self.hosts.pause(Duration::ZERO);
                    self.model.pause(None, 0);
                }
            }
            Op::Cancel(_) => {}
            Op::PollAll => self.poll_all(),
            Op::Release(pick) if !self.inside.is_empty() => {
                let (id, holds) = self.inside.remove(usize::from(pick) % self.inside.len());
                let permit = self.begin(id, holds);
                self.model.release(id);
                let call = &self.model.calls[id];
                for law in [call.key, KEYS] {
                    self.laws[law].answered(call.cost, call.admitted, self.model.now, 0);
                }
                drop(permit);
            }
            Op::NotMade(pick) if !self.inside.is_empty() => {
                let (id, holds) = self.inside.remove(usize::from(pick) % self.inside.len());
                self.model.go_away(id);
                match holds {
                    Holds::Permit(permit) => permit.refund(),
                    Holds::Reservation(reservation) => drop(reservation),
                }
            }
            Op::Begin(_) | Op::Release(_) | Op::NotMade(_) => {}
            Op::Pause { key, time } => {
                match &key {
                    None => self.hosts.pause(time),
                    Some(key) => self.hosts.pause_key(key, time),
                }
                self.model.pause(key, time.as_nanos() as u64);
            }
            Op::Resume { key } => {
                match &key {
                    None => self.hosts.resume(),
                    Some(key) => self.hosts.resume_key(key),
                }
                self.model.resume(key);
            }
            Op::Close => {
                self.hosts.close();
                self.model.close();
            }
            Op::Advance(time) => self.advance_to(self.raw + time.as_nanos() as u64),
            Op::AdvanceToDue(more) => {
                let due = self.model.due.unwrap_or(0).max(self.model.now).min(self.model.now + HOUR);
                self.advance_to(due.saturating_add_signed(more.into()).max(self.raw));
            }
            Op::Leap(time) => {
                self.timer.jump_to(Tick::from_nanos(self.raw) + time);
                self.read_clock();
            }
            Op::Wakes(wake) => {
                self.timer.set_wake(wake);
                self.alarm.wake = wake;
            }
        }
    }

    fn told(&self, key: usize, cost: Cost) -> (f64, Option<u64>) {
        cost.told(self.model.total.limits.most().min(self.model.keys[key].limits.most()))
    }

    fn come(&mut self, key: usize, cost: Cost, limit: Option<Duration>, later: bool) {
        let (cost, micros) = self.told(key, cost);
        let most = limit.unwrap_or(Duration::MAX);
        let mut future = if later {
            Asking::Reserve(self.hosts.reserve_cost(key, cost).timeout(most))
        } else {
            Asking::Acquire(self.hosts.acquire_cost(key, cost).timeout(most))
        };
        let id = self.model.come(key, micros, limit.map(|limit| limit.as_nanos() as u64), true, later);
        let bell = Bell::default();
        let answer = future.poll(&bell);
        let state = self.model.calls[id].state;
        match (answer, state) {
            (Poll::Pending, State::Waiting | State::Refused(Refusal::TimedOut)) => {
                self.line.push((id, future, bell));
            }
            (Poll::Ready(answer), state) => self.settled(id, answer, state),
            (Poll::Pending, state) => panic!("call {id} waits; the model says {state:?}"),
        }
    }

    fn try_come(&mut self, key: usize, cost: Cost) {
        let (cost, micros) = self.told(key, cost);
        let id = self.model.come(key, micros, None, false, false);
        match (self.hosts.try_acquire_cost(key, cost), self.model.calls[id].state) {
            (Ok(permit), State::Inside) => self.inside.push((id, Holds::Permit(permit))),
            (Err(TryAdmitError::NotNow), State::Gone)
            | (Err(TryAdmitError::Closed), State::Refused(Refusal::Closed))
            | (Err(TryAdmitError::Cost(_)), State::Refused(Refusal::Invalid | Refusal::TooHigh(_))) => {}
            (core, model) => panic!("try_acquire: core says {core:?}, the model {model:?}"),
        }
    }

    fn poll_all(&mut self) {
        for (id, mut future, bell) in std::mem::take(&mut self.line) {
            let state = self.model.calls[id].state;
            match future.poll(&bell) {
                Poll::Pending => {
                    assert_eq!(state, State::Waiting, "call {id} still waits");
                    self.line.push((id, future, bell));
                }
                Poll::Ready(answer) => self.settled(id, answer, state),
            }
        }
    }

    /// The permit of one who is inside, who begins now if that has not been.
    fn begin(&mut self, id: Id, holds: Holds) -> Permit<usize, ManualTimer> {
        match holds {
            Holds::Permit(permit) => permit,
            Holds::Reservation(reservation) => {
                self.model.begin(id);
                let permit = reservation.begin();
                assert_eq!(permit.admitted_at(), Tick::from_nanos(self.raw), "when call {id} began");
                permit
            }
        }
    }

    fn settled(&mut self, id: Id, answer: Result<Holds, AdmitError>, state: State) {
        match (answer, state) {
            (Ok(holds), State::Inside) => {
                if let Holds::Permit(permit) = &holds {
                    let admitted = Tick::from_nanos(self.model.calls[id].admitted);
                    assert_eq!(permit.admitted_at(), admitted, "when call {id} was let in");
                }
                self.inside.push((id, holds));
            }
            (Err(AdmitError::Closed), State::Refused(Refusal::Closed))
            | (Err(AdmitError::TimedOut), State::Refused(Refusal::TimedOut))
            | (Err(AdmitError::QueueFull { .. }), State::Refused(Refusal::QueueFull))
            | (Err(AdmitError::Cost(_)), State::Refused(Refusal::Invalid | Refusal::TooHigh(_))) => {}
            (answer, state) => panic!("call {id}: core says {answer:?}, the model {state:?}"),
        }
    }

    fn advance_to(&mut self, target: u64) {
        while let Some(next) = self.timer.next_alarm().filter(|next| next.as_nanos() <= target) {
            self.timer.advance_to(next);
            self.read_clock();
            self.model.look();
            self.compare();
        }
        self.timer.advance_to(Tick::from_nanos(target));
        self.read_clock();
    }

    fn read_clock(&mut self) {
        self.raw = self.timer.now().as_nanos();
        self.model.now = self.raw;
    }

    fn compare(&mut self) {
        let model = &self.model;
        assert_eq!(self.hosts.waiting(), model.waiting().count(), "how many wait");
        assert_eq!(self.hosts.in_flight(), model.in_flight(), "how many are inside");
        assert_eq!(self.hosts.is_closed(), model.closed, "closed");
        for (id, _, bell) in &self.line {
            let over = model.calls[*id].state != State::Waiting;
            assert_eq!(bell.rang(), usize::from(over), "how often call {id} was woken");
        }
        // A key is remembered as long as somebody uses it or its limits are not as new.
        let used = |key: usize| {
            let mut ids = self.line.iter().map(|(id, ..)| id).chain(self.inside.iter().map(|(id, _)| id));
            ids.any(|&id| model.calls[id].key == key)
        };
        let remembered = (0..KEYS).filter(|&key| used(key) || !model.is_idle(key)).count();
        assert_eq!(self.hosts.len(), remembered, "how many keys are remembered");
        self.alarm.compare(self.timer, model.due, model.now);
    }

    fn wind_up(&mut self) {
        for key in [None, Some(0), Some(1), Some(2)] {
            self.take(Op::Resume { key });
        }
        for round in 0.. {
            self.poll_all();
            while !self.inside.is_empty() {
                self.take(Op::Release(0));
                self.compare();
            }
            if self.line.is_empty() {
                break;
            }
            assert!(round < 500, "the line does not drain");
            if !self.line.iter().any(|(.., bell)| bell.rang() > 0) {
                assert!(self.model.due.is_some(), "somebody waits for nothing");
                self.take(Op::AdvanceToDue(0));
                self.take(Op::Pause { key: None, time: Duration::ZERO });
            }
            self.compare();
        }
        self.take(Op::Leap(Duration::from_secs(100_000)));
        assert_eq!((self.hosts.len(), self.hosts.waiting(), self.hosts.in_flight()), (0, 0, 0));
        assert_eq!(self.timer.armed(), 0);
        for (scope, law) in self.model.keys.iter().chain([&self.model.total]).zip(&self.laws) {
            scope.limits.rates.iter().for_each(|spec| law.never_over(spec, 0));
        }
    }
}
