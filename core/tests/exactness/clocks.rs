//! Clocks that misbehave at random: they stand still, leap, step back and wrap around, and their alarms
//! ring early, late or never. The throttle decides as its pacing does on the time that the clock moved
//! forward.

use std::collections::VecDeque;
use std::time::Duration;

use super::common::{Gate, poll};
use super::models::{Bucket, Model, Smooth, Window};
use super::{S, SECOND, in_steps, three_per_seven_seconds};
use futures::future::{MaybeDone, maybe_done};
use tollgate_core::throttle::Acquire;
use tollgate_core::time::{ManualTimer, Tick, Timer, Wake};
use tollgate_core::{Check, Rate, Throttle};

const HOUR: u64 = 3_600 * S as u64;

/// Where clocks start: at their origin, and so that they come to their end soon.
const STARTS: [u64; 3] = [0, u64::MAX - 2 * HOUR, u64::MAX];

/// A source of time, and how far it went forward.
struct Clock {
    timer: ManualTimer,
    forward: u128,
    dice: u64,
}

impl Clock {
    fn new(start: u64, seed: u64) -> Self {
        Self { timer: ManualTimer::starting_at(Tick::from_nanos(start)), forward: 0, dice: seed }
    }

    fn gate(&self, rate: Rate) -> Gate {
        Throttle::builder_on(self.timer.clone()).rate(rate).build().expect("the rate makes sense")
    }

    /// A number below `sides` (xorshift, by Marsaglia).
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice % sides
    }

    fn raw(&self) -> u64 {
        self.timer.now().as_nanos()
    }

    fn go(&mut self, by: u64) {
        self.timer.jump_to(Tick::from_nanos(self.raw().wrapping_add(by)));
        self.forward += u128::from(by);
    }

    fn step_back(&mut self, by: u64) {
        self.timer.jump_to(Tick::from_nanos(self.raw().wrapping_sub(by)));
    }

    /// Moves in one of the ways that clocks do; `told` is when to come again, by the throttle.
    fn move_somehow(&mut self, told: u64) {
        let by = match self.roll(8) {
            0 => 0,
            1 => 1,
            2 => told,
            3 => told.saturating_sub(1),
            4 => HOUR,
            5 => {
                let by = 1 + self.roll(HOUR);
                return self.step_back(by);
            }
            _ => self.roll(9 * S as u64),
        };
        self.go(by);
    }
}

fn told(gate: &Gate) -> u64 {
    match gate.check(1.0) {
        Check::Wait { at_least, .. } => at_least.as_nanos() as u64,
        _ => 0,
    }
}

fn window(period: u128) -> Window {
    Window { capacity: 3, period, calls: VecDeque::new() }
}

/// Compares every answer to those who do not wait with the model's.
fn compare(rate: Rate, model: impl Fn() -> Box<dyn Model>) {
    for (seed, start) in (1..).zip(STARTS) {
        let (mut clock, mut model) = (Clock::new(start, seed), model());
        let gate = clock.gate(rate);
        let mut let_in = 0;
        for turn in 0..10_000 {
            for _ in 0..=clock.roll(4) {
                let may = model.admits(clock.forward);
                assert_eq!(gate.try_acquire().is_ok(), may, "turn {turn} from {start}, {rate:?}");
                let_in += u64::from(may);
            }
            clock.move_somehow(told(&gate));
        }
        assert!(let_in > 3_000, "{let_in} were let in");
    }
}

#[test]
fn windows_decide_by_the_time_that_went_forward() {
    compare(three_per_seven_seconds(), || Box::new(window(7 * S)));
}

#[test]
fn buckets_decide_by_the_time_that_went_forward() {
    for burst in [1, 2, 3, 10] {
        let rate = three_per_seven_seconds().bucket(burst as f64);
        compare(rate, move || Box::new(Bucket::full(3, 7 * S, burst, 0)));
    }
}

#[test]
fn stepped_buckets_decide_by_the_time_that_went_forward() {
    for interval in [1, 7, 10] {
        let rate = in_steps(three_per_seven_seconds(), 3.0, interval * SECOND);
        compare(rate, move || Box::new(Bucket::full(3, 7 * S, 3, u128::from(interval) * S)));
    }
}

#[test]
fn schedules_decide_by_the_time_that_went_forward() {
    let rate = Rate::new(3.0, 6 * SECOND).smooth();
    compare(rate, || Box::new(Smooth { window: window(6 * S), next: 0 }));
}

/// Callers who wait, and the model of what may be let in.
struct Line<'a> {
    gate: &'a Gate,
    waiting: VecDeque<MaybeDone<Acquire<&'a Gate, ManualTimer>>>,
    model: Box<dyn Model>,
    let_in: u64,
}

impl Line<'_> {
    /// Sees who has been let in at this moment: nobody too many.
    fn collect(&mut self, now: u128) {
        while self.waiting.front_mut().is_some_and(|call| poll(call).is_ready()) {
            self.waiting.pop_front();
            assert!(self.model.admits(now), "too many at {now}");
            self.let_in += 1;
        }
    }

    /// One at least comes, and so many that some have to wait. Whoever comes looks at the clock, so that
    /// nobody is kept who may go, whatever the alarm does.
    fn come(&mut self, now: u128) {
        self.waiting.truncate(2);
        while self.waiting.len() < 3 {
            let mut call = maybe_done(self.gate.acquire());
            let _place = poll(&mut call);
            self.waiting.push_back(call);
            self.collect(now);
        }
        assert!(!self.model.has_room(now), "one who may go is kept at {now}");
    }
}

/// Callers who wait, on alarms of all kinds.
fn wait(rate: Rate, model: impl Fn() -> Box<dyn Model>) {
    let some = Duration::from_millis(1_700);
    let wakes = [Wake::OnTime, Wake::Early(some), Wake::Late(some), Wake::Frozen];
    for (seed, start) in (1..).zip(STARTS) {
        let mut clock = Clock::new(start, seed);
        let gate = clock.gate(rate);
        let mut line = Line { gate: &gate, waiting: VecDeque::new(), model: model(), let_in: 0 };
        for _ in 0..5_000 {
            let wake = wakes[clock.roll(4) as usize];
            clock.timer.set_wake(wake);
            clock.move_somehow(told(&gate));
            // Time goes by the readings: one after each move.
            told(&gate);
            clock.timer.fire_due();
            line.collect(clock.forward);
            // Somebody leaves, from anywhere.
            if clock.roll(3) == 0 && !line.waiting.is_empty() {
                let place = clock.roll(line.waiting.len() as u64) as usize;
                line.waiting.remove(place);
                line.collect(clock.forward);
            }
            // The next one comes at once, or some alarms later.
            for _ in 0..clock.roll(3) {
                // One that the clock has left behind when it wrapped around is 584 years away.
                let next = clock.timer.next_alarm().map(|at| at.as_nanos().saturating_sub(clock.raw()));
                if let Some(by) = next.filter(|&by| by <= 2 * HOUR) {
                    clock.go(by);
                    clock.timer.fire_due();
                    line.collect(clock.forward);
                }
            }
            line.come(clock.forward);
        }
        assert!(line.let_in > 3_000, "{} were let in", line.let_in);
    }
}

#[test]
fn windows_let_nobody_in_too_early_and_keep_nobody_who_may_go_whatever_the_alarms_do() {
    wait(three_per_seven_seconds(), || Box::new(window(7 * S)));
}

#[test]
fn buckets_let_nobody_in_too_early_and_keep_nobody_who_may_go_whatever_the_alarms_do() {
    wait(three_per_seven_seconds().bucket(3.0), || Box::new(Bucket::full(3, 7 * S, 3, 0)));
}
