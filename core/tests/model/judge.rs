//! How core and the model are compared, at every rest and in the end.

use std::time::Duration;

use tollgate_core::time::{Tick, Timer};
use tollgate_core::{Check, CostError, Hold};

use crate::callers::End;
use crate::limits::{UNIT, units};
use crate::rate::When;
use crate::script::{Cost, Op, Pick};
use crate::throttle::{Held, Refusal, State};
use crate::world::World;

impl World<'_> {
    /// Goes on to `target`, with a comparison after every ring on the way.
    pub(crate) fn advance_to(&mut self, target: u64) {
        while let Some(next) = self.timer.next_alarm().filter(|next| next.as_nanos() <= target) {
            self.timer.advance_to(next);
            self.read_clock();
            self.model.look();
            self.compare();
        }
        self.timer.advance_to(Tick::from_nanos(target));
        self.read_clock();
    }

    /// Core and the model take note of the time.
    pub(crate) fn read_clock(&mut self) {
        let raw = self.timer.now().as_nanos();
        self.model.now += raw.saturating_sub(self.raw);
        self.raw = raw;
        // Looking is what refills a bucket that is refilled in steps.
        self.model.refresh();
        if self.looks() {
            let _ = self.gate.available();
        } else {
            let _ = self.gate.is_paused();
        }
    }

    fn looks(&self) -> bool {
        self.watched || self.model.limits.has_stepped()
    }

    pub(crate) fn compare(&mut self) {
        let (gate, model) = (self.gate, &self.model);
        assert_eq!(gate.waiting(), model.waiting().count(), "how many wait");
        assert_eq!(gate.in_flight(), model.in_flight(), "how many are inside");
        assert_eq!(gate.is_closed(), model.closed, "closed");
        assert_eq!(gate.is_paused(), model.pause_ends() != When::Now, "paused");
        if self.looks() {
            let micros = (gate.available() * UNIT as f64).round();
            let expected = model.available().map_or(f64::INFINITY, |micros| micros as f64);
            assert_eq!(micros, expected, "available");
            self.laws.never_idle(gate, model);
        }
        for caller in &self.line {
            let over = model.calls[caller.id].state != State::Waiting;
            assert_eq!(caller.bell.rang(), usize::from(over), "how often call {} was woken", caller.id);
            assert!(caller.silent.iter().all(|bell| bell.rang() == 0), "an old waker was woken");
        }
        self.alarm.compare(self.timer, model.due, model.now);
    }

    /// Once all have come out and time goes by, everybody is served and nothing is missing.
    pub(crate) fn wind_up(&mut self) {
        self.take(Op::Resume);
        for round in 0.. {
            self.poll_all();
            while !self.inside.is_empty() {
                self.come_out(Pick(0), End::Release);
                self.compare();
            }
            if self.line.is_empty() {
                break;
            }
            assert!(round < 500, "the line does not drain");
            let noticed = self.line.iter().any(|caller| caller.bell.rang() > 0);
            if !noticed {
                assert!(self.model.due.is_some(), "somebody waits for nothing");
                self.take(Op::AdvanceToDue(0));
                // The alarm may be late or frozen; whoever looks will do.
                self.take(Op::Pause(Duration::ZERO));
            }
            self.compare();
        }
        assert_eq!((self.gate.waiting(), self.gate.in_flight(), self.timer.armed()), (0, 0, 0));
        self.take(Op::Leap(Duration::from_secs(100_000)));
        self.compare();
        let most = self.model.limits.most();
        assert_eq!(self.model.available().unwrap_or(most), most, "units have leaked");
        for (spec, since) in &self.rates_since {
            self.laws.never_over(spec, self.refunded_at.max(*since));
        }
        assert!(self.model.closed || self.gate.check(units(most.min(UNIT))).is_ready());
    }

    pub(crate) fn check(&self, cost: Cost) {
        let (cost, micros) = self.told(cost);
        let (until, held) = self.model.check(micros.unwrap_or(0));
        let (now, waiting) = (self.model.now, self.model.waiting().next().is_some());
        let by = match held {
            Held::Line => Hold::Line,
            Held::Pause => Hold::Pause,
            Held::Slot => Hold::Slot,
            Held::Rate(index) => Hold::Rate(index),
        };
        let wait = |at: u64| Check::Wait { at_least: Duration::from_nanos(at.saturating_sub(now)), by };
        let expected = match (self.model.refusal(micros), held) {
            (Some(Refusal::Closed), _) => Check::Closed,
            (Some(_), _) => match self.gate.check(cost) {
                Check::Never(error) => {
                    check_cost_error(error, cost, self.model.limits.most());
                    return;
                }
                other => panic!("check({cost}) says {other:?}"),
            },
            (None, Held::Line) if !waiting => Check::Ready,
            // Those in front may go at a known time, at the earliest.
            (None, Held::Line) => wait(self.model.due.unwrap_or(now)),
            (None, _) => wait(until),
        };
        assert_eq!(self.gate.check(cost), expected, "check({cost})");
    }
}

pub(crate) fn check_cost_error(error: CostError, cost: f64, most: u64) {
    match error {
        CostError::Invalid { cost: told } => assert!(told.to_bits() == cost.to_bits()),
        CostError::TooHigh { cost: told, max } => assert_eq!((told, max), (cost, units(most))),
        _ => panic!("{error:?}"),
    }
}
