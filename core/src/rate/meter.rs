//! A rate at work: its configuration and what it remembers.

use super::bucket::Bucket;
use super::smooth::Smooth;
use super::stepped::Stepped;
use super::window::WindowLog;
use super::{Pacing, Plan, Rate};
use crate::time::Tick;
use crate::units::{MAX_UNITS, Micros, to_micros};

/// When something may be admitted. The later of two is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    Now,
    /// Not before this tick. Always later than the time that was asked about.
    At(Tick),
    /// Not before a permit has come back.
    OnRelease,
}

impl Verdict {
    /// The tick, if it is one: what an alarm can be set to.
    pub(crate) fn tick(self) -> Option<Tick> {
        match self {
            Self::At(tick) => Some(tick),
            Self::Now | Self::OnRelease => None,
        }
    }
}

/// What calls inside have not been charged yet: room is kept for it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Uncharged {
    /// The cost of all calls inside, less what was refunded to them.
    pub(crate) unanswered: u128,
    /// The cost of those that have not begun.
    pub(crate) unbegun: u128,
}

impl Uncharged {
    /// What a rate keeps room for.
    fn by(&self, rate: &Rate) -> u128 {
        if rate.is_until_answered() { self.unanswered } else { self.unbegun }
    }
}

/// One rate of a throttle.
#[derive(Debug)]
pub(crate) struct Meter {
    rate: Rate,
    plan: Plan,
    pace: Pace,
    /// Set in an update: calls let in until then were charged elsewhere, if at all.
    since: Option<Tick>,
}

#[derive(Debug)]
enum Pace {
    Window(WindowLog),
    Bucket(Bucket),
    Stepped(Stepped),
    Smooth(Smooth),
}

impl Meter {
    pub(crate) fn new(rate: Rate, plan: Plan, now: Tick) -> Self {
        let log = WindowLog::new(plan.capacity, plan.window);
        let pace = match rate.pacing {
            Pacing::Window => Pace::Window(log),
            Pacing::Bucket { .. } => Pace::Bucket(Bucket::new(&plan)),
            Pacing::Stepped { .. } => Pace::Stepped(Stepped::new(&plan, now)),
            Pacing::Smooth => Pace::Smooth(Smooth::new(&plan, log, now)),
        };
        Self { rate, plan, pace, since: None }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.rate
    }

    /// The most that a single call can cost.
    pub(crate) fn max_cost(&self) -> Micros {
        self.plan.burst
    }

    /// When `cost` may be admitted.
    #[inline]
    pub(crate) fn when(&mut self, now: Tick, cost: Micros, uncharged: &Uncharged) -> Verdict {
        if cost == 0 {
            return Verdict::Now;
        }
        let reserved = uncharged.by(&self.rate);
        match &mut self.pace {
            Pace::Window(log) => log.when(now, cost, reserved),
            Pace::Bucket(bucket) => bucket.when(now, cost, reserved),
            Pace::Stepped(bucket) => bucket.when(now, cost, reserved),
            Pace::Smooth(smooth) => smooth.when(now, cost, reserved),
        }
    }

    /// Whether somebody waits for rates, and whether this one holds it the longest.
    pub(crate) fn awaited(&mut self, now: Tick, awaited: bool, holds: bool) {
        match &mut self.pace {
            Pace::Stepped(bucket) => bucket.awaited(now, awaited),
            Pace::Smooth(smooth) => smooth.awaited(holds),
            Pace::Window(_) | Pace::Bucket(_) => {}
        }
    }

    /// Notes that a call is let in, and begins.
    #[inline]
    pub(crate) fn admit(&mut self, now: Tick, cost: Micros) {
        self.reserve(now, cost);
        if !self.rate.is_until_answered() {
            self.charge(now, cost);
        }
    }

    /// Notes that a call is let in.
    #[inline]
    pub(crate) fn reserve(&mut self, now: Tick, cost: Micros) {
        if let Pace::Smooth(smooth) = &mut self.pace {
            smooth.admit(now, cost);
        }
    }

    /// Notes that a call that was let in begins. Whether all of it could be charged: after a change of the rates, a
    /// bucket may be too small.
    #[inline]
    pub(crate) fn begin(&mut self, now: Tick, cost: Micros) -> bool {
        if self.rate.is_until_answered() {
            return true;
        }
        let in_full = match &mut self.pace {
            Pace::Bucket(bucket) => bucket.when(now, cost, 0) == Verdict::Now,
            Pace::Stepped(bucket) => bucket.when(now, cost, 0) == Verdict::Now,
            Pace::Window(_) | Pace::Smooth(_) => true,
        };
        self.charge(now, cost);
        in_full
    }

    /// Notes that a call has been answered.
    pub(crate) fn answered(&mut self, now: Tick, cost: Micros) {
        if self.rate.is_until_answered() {
            self.charge(now, cost);
        }
    }

    /// Notes that a call let in at `at` will not begin: gives its place in a schedule back.
    pub(crate) fn unreserve(&mut self, at: Tick, cost: Micros) {
        if self.is_from_before(at) {
            return;
        }
        if let Pace::Smooth(smooth) = &mut self.pace {
            smooth.unadmit(at, cost);
        }
    }

    /// Notes that a call that began at `at` was never made.
    pub(crate) fn unbegin(&mut self, at: Tick, cost: Micros) {
        if !self.rate.is_until_answered() {
            self.uncharge(at, cost);
        }
    }

    /// Takes back what was charged at `at`.
    pub(crate) fn uncharge(&mut self, at: Tick, cost: Micros) {
        if self.is_from_before(at) {
            return;
        }
        match &mut self.pace {
            Pace::Window(log) => log.uncharge(at, cost),
            Pace::Bucket(bucket) => bucket.uncharge(at, cost),
            Pace::Stepped(bucket) => bucket.uncharge(at, cost),
            Pace::Smooth(smooth) => smooth.uncharge(at, cost),
        }
    }

    /// Whether a call let in at `at` may have come before this rate. At the very moment nobody can tell.
    fn is_from_before(&self, at: Tick) -> bool {
        self.since.is_some_and(|since| at <= since)
    }

    /// Counts `cost` as used at `now`.
    #[inline]
    pub(crate) fn charge(&mut self, now: Tick, cost: Micros) {
        if cost == 0 {
            return;
        }
        match &mut self.pace {
            Pace::Window(log) => log.charge(now, cost),
            Pace::Bucket(bucket) => bucket.charge(now, cost),
            Pace::Stepped(bucket) => bucket.charge(now, cost),
            Pace::Smooth(smooth) => smooth.charge(now, cost),
        }
    }

    /// Gives back what was charged at an unknown time; returns how much there was to give back.
    pub(crate) fn refund(&mut self, now: Tick, cost: Micros) -> Micros {
        match &mut self.pace {
            Pace::Window(log) => log.refund(now, cost),
            Pace::Bucket(bucket) => bucket.refund(now, cost),
            Pace::Stepped(bucket) => bucket.refund(now, cost),
            Pace::Smooth(smooth) => smooth.refund(now, cost),
        }
    }

    /// Gives back what calls inside were to be charged yet.
    pub(crate) fn refund_uncharged(&mut self, cost: Micros) {
        if let Pace::Smooth(smooth) = &mut self.pace {
            smooth.move_back(cost);
        }
    }

    /// What could be admitted at once, as far as this rate's quota goes.
    pub(crate) fn available(&mut self, now: Tick, uncharged: &Uncharged) -> Micros {
        let available = match &mut self.pace {
            Pace::Window(log) => log.available(now),
            Pace::Bucket(bucket) => bucket.available(now),
            Pace::Stepped(bucket) => bucket.available(now),
            Pace::Smooth(smooth) => smooth.available(now),
        };
        let reserved = uncharged.by(&self.rate);
        available.saturating_sub(u64::try_from(reserved).unwrap_or(u64::MAX))
    }

    /// Uses up what is there, as of `at`, so that it comes back evenly from then on. An even schedule does so anyway.
    pub(crate) fn empty(&mut self, at: Tick, uncharged: &Uncharged) {
        let left = self.available(at, uncharged);
        match &mut self.pace {
            Pace::Window(log) => log.fill_evenly(at, left),
            Pace::Bucket(bucket) => bucket.charge(at, left),
            Pace::Stepped(bucket) => bucket.charge(at, left),
            Pace::Smooth(_) => {}
        }
    }

    /// Whether a new one would decide the same.
    pub(crate) fn is_fresh(&mut self, now: Tick) -> bool {
        self.pace.used(now, 0) == 0
            && match &self.pace {
                Pace::Smooth(smooth) => smooth.next() <= now,
                _ => true,
            }
    }

    /// Begins in the place of another rate, if there was one, while calls may be inside. What was used under
    /// that one stays used.
    ///
    /// After a rate that counted until they are answered, calls that have begun are charged now, and never again.
    pub(crate) fn succeed(&mut self, old: Option<&mut Self>, now: Tick, uncharged: &Uncharged) {
        self.since = Some(now);
        let Some(old) = old else { return };
        if old.rate.is_until_answered() && !self.rate.is_until_answered() {
            let begun = uncharged.unanswered.saturating_sub(uncharged.unbegun);
            old.charge(now, u64::try_from(begun).unwrap_or(u64::MAX).min(to_micros(MAX_UNITS)));
        }
        let Plan { capacity, window, burst, .. } = self.plan;
        match (old.pace.log(), self.pace.log()) {
            (Some(before), Some(log)) => {
                // It goes on from the same log, in which all calls are found.
                log.take_over(before, now, capacity, window);
                self.since = old.since;
                match (&mut self.pace, &old.pace) {
                    (Pace::Smooth(smooth), Pace::Smooth(before)) => smooth.go_on_from(before, burst),
                    (Pace::Smooth(smooth), _) => smooth.begin(now),
                    _ => {}
                }
            }
            // The two remember different things: what is used counts as used just now. A window looks
            // further back than a bucket does.
            (_, log) => {
                let within = if log.is_some() { window } else { 0 };
                let used = old.pace.used(now, within);
                self.charge(now, used.min(burst));
            }
        }
    }
}

impl Pace {
    /// The log of those that keep one.
    fn log(&mut self) -> Option<&mut WindowLog> {
        match self {
            Self::Window(log) => Some(log),
            Self::Smooth(smooth) => Some(smooth.log()),
            Self::Bucket(_) | Self::Stepped(_) => None,
        }
    }

    /// What counts as used at `now`; of a bucket, at least what may have been charged within the last `nanos`.
    fn used(&mut self, now: Tick, nanos: u64) -> Micros {
        match self {
            Self::Window(log) => log.used(now),
            Self::Bucket(bucket) => bucket.charged_within(nanos, now),
            Self::Stepped(bucket) => bucket.charged_within(nanos, now),
            Self::Smooth(smooth) => smooth.log().used(now),
        }
    }
}
