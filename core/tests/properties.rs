//! Whatever happens in whatever order: never over, in order, nothing lost.

mod common;

use std::collections::VecDeque;

use common::{Gate, Pass, ms, poll};
use proptest::prelude::*;
use tollgate_core::throttle::Acquire;
use tollgate_core::time::{ManualTimer, Tick, Timer, Wake};
use tollgate_core::{Rate, Settings, Throttle};

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A caller comes; the cost is in tenths.
    Come(u8),
    /// Somebody who waits goes away.
    Leave(usize),
    /// Somebody inside comes out.
    ComeOut(usize),
    /// Everybody who was let in notices.
    Notice,
    Advance(u16),
    Pause(u16),
    Resume,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..=30_u8).prop_map(Step::Come),
        1 => any::<usize>().prop_map(Step::Leave),
        3 => any::<usize>().prop_map(Step::ComeOut),
        2 => Just(Step::Notice),
        4 => (0..=700_u16).prop_map(Step::Advance),
        1 => (0..=500_u16).prop_map(Step::Pause),
        1 => Just(Step::Resume),
    ]
}

fn rate() -> impl Strategy<Value = Rate> {
    let capacity = prop_oneof![Just(3.0), Just(3.5), Just(7.0), Just(20.0)];
    (capacity, 1..=4_u8, any::<bool>()).prop_map(|(capacity, pacing, answered)| {
        let rate = Rate::new(capacity, ms(500));
        let rate = match pacing {
            1 => rate,
            2 => rate.smooth(),
            3 => rate.bucket(3.0),
            _ => rate.stepped(3.0),
        };
        if answered { rate.until_answered() } else { rate }
    })
}

fn wake() -> impl Strategy<Value = Wake> {
    prop_oneof![
        2 => Just(Wake::OnTime),
        1 => (1..400_u64).prop_map(|by| Wake::Early(ms(by))),
        1 => (1..400_u64).prop_map(|by| Wake::Late(ms(by))),
    ]
}

/// A throttle, those who wait at it, those inside, and the record of what was let in.
struct World {
    timer: ManualTimer,
    gate: Gate,
    came: usize,
    line: VecDeque<(usize, f64, Acquire<Gate, ManualTimer>)>,
    inside: Vec<(usize, Pass)>,
    /// Cost, from when to when a call counts; the end is open while it is inside.
    calls: Vec<(f64, Tick, Option<Tick>)>,
    last_let_in: Option<usize>,
}

impl World {
    fn new(rates: &[Rate], concurrency: usize, wake: Wake) -> Self {
        let timer = ManualTimer::new();
        timer.set_wake(wake);
        let settings = Settings::new().set_rates(rates.iter().copied()).concurrency(concurrency);
        let gate = Throttle::builder_on(timer.clone()).settings(settings).build().unwrap();
        let (line, inside, calls) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { timer, gate, came: 0, line, inside, calls, last_let_in: None }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Come(tenths) => {
                let cost = f64::from(tenths) / 10.0;
                let mut call = self.gate.acquire_cost_owned(cost);
                let number = self.came;
                self.came += 1;
                match poll(&mut call) {
                    std::task::Poll::Ready(permit) => {
                        assert_eq!(self.gate.waiting(), 0, "slipped past somebody");
                        // Those let in before may not have noticed yet.
                        self.notice();
                        self.let_in(number, cost, permit.unwrap());
                    }
                    std::task::Poll::Pending => self.line.push_back((number, cost, call)),
                }
            }
            Step::Leave(which) if !self.line.is_empty() => {
                drop(self.line.remove(which % self.line.len()));
            }
            Step::ComeOut(which) if !self.inside.is_empty() => {
                let (call, permit) = self.inside.swap_remove(which % self.inside.len());
                drop(permit);
                self.calls[call].2 = Some(self.timer.now());
            }
            Step::Notice => self.notice(),
            Step::Advance(by) => self.timer.advance(ms(by.into())),
            Step::Pause(by) => self.gate.pause(ms(by.into())),
            Step::Resume => self.gate.resume(),
            Step::Leave(_) | Step::ComeOut(_) => {}
        }
    }

    fn notice(&mut self) {
        for (number, cost, mut call) in std::mem::take(&mut self.line) {
            match poll(&mut call) {
                std::task::Poll::Ready(permit) => self.let_in(number, cost, permit.unwrap()),
                std::task::Poll::Pending => self.line.push_back((number, cost, call)),
            }
        }
    }

    fn let_in(&mut self, number: usize, cost: f64, permit: Pass) {
        assert!(self.last_let_in.is_none_or(|last| last < number), "out of order");
        self.last_let_in = Some(number);
        self.inside.push((self.calls.len(), permit));
        self.calls.push((cost, self.inside.last().unwrap().1.admitted_at(), None));
    }

    /// Once all have come out and time has gone by, everybody has been served and nothing is missing.
    fn wind_up(&mut self) {
        self.gate.resume();
        for _ in 0..10_000 {
            self.notice();
            while !self.inside.is_empty() {
                self.take(Step::ComeOut(0));
            }
            if self.line.is_empty() {
                break;
            }
            self.timer.advance(ms(50));
        }
        assert_eq!((self.line.len(), self.gate.waiting(), self.gate.in_flight()), (0, 0, 0));
        assert_eq!(self.timer.armed(), 0);
        self.timer.advance(ms(5_000));
    }

    /// The most that counts in any half-open window of `length` milliseconds.
    fn worst_window(&self, length: u64, until_answered: bool) -> f64 {
        let length = ms(length);
        let starts = self.calls.iter().map(|&(_, from, _)| from);
        let worst = starts.map(|end| {
            // The window that ends with (and includes) this admission: who counts in it?
            let counts = |&&(_, from, to): &&(f64, Tick, Option<Tick>)| {
                let last = if until_answered { to.unwrap_or(Tick::MAX) } else { from };
                from <= end && last + length > end
            };
            self.calls.iter().filter(counts).map(|(cost, ..)| cost).sum::<f64>()
        });
        worst.fold(0.0, f64::max)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_over_in_order_and_nothing_lost(
        first in rate(),
        second in prop::option::of(rate()),
        concurrency in 0..4_usize,
        wake in wake(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let rates: Vec<Rate> = [Some(first), second].into_iter().flatten().collect();
        let mut world = World::new(&rates, concurrency, wake);
        for step in steps {
            world.take(step);
            prop_assert!(concurrency == 0 || world.gate.in_flight() <= concurrency);
            prop_assert!(world.timer.armed() <= 1);
        }
        world.wind_up();
        for rate in rates {
            let until_answered = rate == rate.until_answered();
            // Full again: nothing has leaked, neither way.
            let plain = |pace: Rate| rate == pace || rate == pace.until_answered();
            let windowed = Rate::new(rate.capacity(), rate.period());
            let limit = if plain(windowed) || plain(windowed.smooth()) {
                rate.capacity()
            } else if plain(windowed.bucket(3.0)) {
                3.0 + rate.capacity()
            } else {
                6.0 + rate.capacity()
            };
            let worst = world.worst_window(500, until_answered);
            prop_assert!(worst <= limit + 1e-9, "{worst} in a window of {rate:?}");
        }
        let full = first.capacity().min(second.map_or(f64::INFINITY, |rate| rate.capacity()));
        prop_assert!(world.gate.available() >= 3.0_f64.min(full));
    }
}
