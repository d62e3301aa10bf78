//! How much may be admitted now: the one question, and all that is remembered to answer it.
//!
//! A [`Limits`] knows nothing of waiters, locks or wakers. Whoever queues asks it
//! [`when`](Limits::when), and tells it what was let in and what came out. An answer that comes from
//! elsewhere (a quota shared by several processes, say) would be put here.

use crate::config::ConfigError;
use crate::events::Unresumed;
use crate::rate::{Meter, Rate, Uncharged, Verdict};
use crate::slots::Slots;
use crate::time::Tick;
use crate::units::{MAX_UNITS, Micros, to_micros};

/// Slots, rates and pause, decided together.
#[derive(Debug)]
pub(crate) struct Limits {
    slots: Slots,
    meters: Vec<Meter>,
    paused_until: Tick,
    /// When the pause is over, the rates start from empty.
    empties: bool,
    /// When that was last decided.
    held_off_at: Option<Tick>,
    unresumed: Unresumed,
    uncharged: Uncharged,
    /// Refunds to calls that are still inside: so much less is charged when they come out.
    refunded: u128,
    /// Refunds to calls that have not begun: so much less is charged when they do.
    refunded_unbegun: u128,
    max_cost: Micros,
    /// Whether any rate counts until answered.
    until_answered: bool,
    /// Whether any counts from when a call begins.
    from_begin: bool,
}

/// What holds a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Slot,
    Pause,
    Rate(usize),
}

impl Limits {
    pub(crate) fn new(
        rates: &[Rate],
        concurrency: usize,
        cooldown: u64,
        now: Tick,
    ) -> Result<Self, ConfigError> {
        let mut limits = Self {
            slots: Slots::new(concurrency, cooldown),
            meters: meters(rates, now)?,
            paused_until: Tick::ZERO,
            empties: false,
            held_off_at: None,
            unresumed: Unresumed::new(),
            uncharged: Uncharged::default(),
            refunded: 0,
            refunded_unbegun: 0,
            max_cost: 0,
            until_answered: false,
            from_begin: false,
        };
        limits.rates_changed();
        Ok(limits)
    }

    /// Changes rates, concurrency and cooldown; what was used stays used, rate by rate.
    ///
    /// On an error nothing has changed.
    pub(crate) fn update(
        &mut self,
        rates: &[Rate],
        concurrency: usize,
        cooldown: u64,
        now: Tick,
    ) -> Result<(), ConfigError> {
        let mut new = meters(rates, now)?;
        self.come_to(now);
        // A rate that stays as it is keeps its memory, also when others come or go before it.
        let mut kept = vec![false; new.len()];
        for (index, meter) in new.iter_mut().enumerate() {
            if let Some(same) = self.meters.iter().position(|old| old.rate() == meter.rate()) {
                *meter = self.meters.remove(same);
                kept[index] = true;
            }
        }
        let mut others = self.meters.iter_mut();
        for (index, meter) in new.iter_mut().enumerate() {
            if !kept[index] {
                meter.succeed(others.next(), now, &self.uncharged);
            }
        }
        self.meters = new;
        self.slots.update(concurrency, cooldown);
        self.rates_changed();
        Ok(())
    }

    pub(crate) fn rates(&self) -> Vec<Rate> {
        self.meters.iter().map(Meter::rate).collect()
    }

    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// The most that a single call can cost and still be admitted some day.
    pub(crate) fn max_cost(&self) -> Micros {
        self.max_cost
    }

    /// Until when a call is held back at least, and what holds it back the longest; none if nothing does.
    pub(crate) fn check(&mut self, now: Tick, cost: Micros) -> Option<(Tick, Held)> {
        self.come_to(now);
        let mut until = now;
        let mut latest = (Verdict::Now, None);
        let mut hold = |verdict: Verdict, by: Held| {
            until = verdict.tick().map_or(until, |tick| until.max(tick));
            if verdict > latest.0 {
                latest = (verdict, Some(by));
            }
        };
        hold(self.paused(now), Held::Pause);
        hold(self.slots.when(now), Held::Slot);
        for (index, meter) in self.meters.iter_mut().enumerate() {
            hold(meter.when(now, cost, &self.uncharged), Held::Rate(index));
        }
        latest.1.map(|by| (until, by))
    }

    /// Whether a call may be let in now.
    #[inline]
    pub(crate) fn admits(&mut self, now: Tick, cost: Micros) -> bool {
        self.come_to(now);
        let uncharged = &self.uncharged;
        self.paused_until <= now
            && self.slots.when(now) == Verdict::Now
            && self.meters.iter_mut().all(|meter| meter.when(now, cost, uncharged) == Verdict::Now)
    }

    /// When a call may be let in, as far as pause and slots go.
    #[inline]
    pub(crate) fn gate(&mut self, now: Tick) -> Verdict {
        self.paused(now).max(self.slots.when(now))
    }

    /// When a call may be let in, as far as the rates go.
    pub(crate) fn when_metered(&mut self, now: Tick, cost: Micros) -> Verdict {
        self.come_to(now);
        let uncharged = &self.uncharged;
        let verdicts = self.meters.iter_mut().map(|meter| meter.when(now, cost, uncharged));
        verdicts.max().unwrap_or(Verdict::Now)
    }

    /// The same for the next in line, which will wait for the answer: a rate that alone holds it back
    /// counts time from now on as waited for.
    pub(crate) fn wait_metered(&mut self, now: Tick, cost: Micros) -> Verdict {
        let verdict = self.when_metered(now, cost);
        if verdict != Verdict::Now {
            let uncharged = &self.uncharged;
            for meter in &mut self.meters {
                let holds = verdict != Verdict::OnRelease && meter.when(now, cost, uncharged) == verdict;
                meter.awaited(now, true, holds);
            }
        }
        verdict
    }

    /// Both of these: when the next in line may be let in, which will wait for the answer.
    pub(crate) fn wait(&mut self, now: Tick, cost: Micros) -> Verdict {
        let gate = self.gate(now);
        if gate == Verdict::Now {
            return self.wait_metered(now, cost);
        }
        self.not_awaited(now);
        gate
    }

    /// Nobody waits, or not for the rates.
    pub(crate) fn not_awaited(&mut self, now: Tick) {
        self.come_to(now);
        for meter in &mut self.meters {
            meter.awaited(now, false, false);
        }
    }

    /// Lets a call in, which begins.
    #[inline]
    pub(crate) fn admit(&mut self, now: Tick, cost: Micros) {
        self.slots.take();
        self.uncharged.unanswered += u128::from(cost);
        for meter in &mut self.meters {
            meter.admit(now, cost);
        }
    }

    /// Lets a call in that will [begin](Self::begin) later. Until then, room is kept for it.
    pub(crate) fn reserve(&mut self, now: Tick, cost: Micros) {
        self.slots.take();
        self.uncharged.unanswered += u128::from(cost);
        self.uncharged.unbegun += u128::from(cost);
        for meter in &mut self.meters {
            meter.reserve(now, cost);
        }
    }

    /// A call that was let in to begin later begins. Whether all of its cost could be charged.
    pub(crate) fn begin(&mut self, now: Tick, cost: Micros) -> bool {
        self.come_to(now);
        let charged = self.begins(cost);
        self.meters.iter_mut().fold(charged == cost, |in_full, meter| meter.begin(now, charged) && in_full)
    }

    /// A call that was let in to begin later, at `at` if that is known, does not.
    pub(crate) fn unreserve(&mut self, at: Option<Tick>, cost: Micros) {
        self.begins(cost);
        self.not_made(cost);
        if let Some(at) = at {
            for meter in &mut self.meters {
                meter.unreserve(at, cost);
            }
        }
    }

    /// What a call of this cost has to be charged when it begins. Room is not kept for it any more.
    fn begins(&mut self, cost: Micros) -> Micros {
        let refunded = self.refunded_unbegun.min(u128::from(cost)) as Micros;
        self.refunded_unbegun -= u128::from(refunded);
        self.uncharged.unbegun -= u128::from(cost - refunded);
        cost - refunded
    }

    /// Takes units from the rates for something that has no permit.
    pub(crate) fn consume(&mut self, now: Tick, cost: Micros) {
        for meter in &mut self.meters {
            meter.admit(now, cost);
            meter.answered(now, cost);
        }
    }

    /// A call has come out.
    #[inline]
    pub(crate) fn release(&mut self, now: Tick, cost: Micros) {
        self.slots.put_back(now);
        let refunded = self.refunded.min(u128::from(cost)) as Micros;
        self.refunded -= u128::from(refunded);
        let cost = cost - refunded;
        self.uncharged.unanswered -= u128::from(cost);
        if self.until_answered {
            self.come_to(now);
            for meter in &mut self.meters {
                meter.answered(now, cost);
            }
        }
    }

    /// A call that was let in at `at` has not been made.
    pub(crate) fn unadmit(&mut self, at: Tick, cost: Micros) {
        self.not_made(cost);
        for meter in &mut self.meters {
            meter.unreserve(at, cost);
            meter.unbegin(at, cost);
        }
    }

    /// A call that began at `at`, some time after it had been let in, has not been made.
    pub(crate) fn unbegin(&mut self, at: Tick, cost: Micros) {
        self.not_made(cost);
        for meter in &mut self.meters {
            meter.unbegin(at, cost);
        }
    }

    /// A call has not been made, of which not even the slot has been used; what the rates counted stays.
    pub(crate) fn not_made(&mut self, cost: Micros) {
        self.slots.untake();
        // What was refunded to calls inside may have been meant for this one.
        let refunded = self.refunded.min(u128::from(cost));
        self.refunded -= refunded;
        self.uncharged.unanswered -= u128::from(cost) - refunded;
    }

    /// Units that were taken by [`consume`](Self::consume) at `at` have not been used.
    pub(crate) fn unconsume(&mut self, at: Tick, cost: Micros) {
        for meter in &mut self.meters {
            meter.unreserve(at, cost);
            meter.uncharge(at, cost);
        }
    }

    /// Gives units back to every rate: first what is charged already, which comes back soonest by itself,
    /// and then what calls inside are to be charged yet.
    pub(crate) fn refund(&mut self, now: Tick, cost: Micros) {
        self.come_to(now);
        let [mut inside, mut unbegun] = [self.uncharged.unanswered, self.uncharged.unbegun]
            .map(|cost| u64::try_from(cost).unwrap_or(u64::MAX));
        for meter in &mut self.meters {
            let left = cost - meter.refund(now, cost);
            let uncharged = if meter.rate().is_until_answered() { &mut inside } else { &mut unbegun };
            *uncharged = left.min(*uncharged);
        }
        if self.until_answered {
            self.uncharged.unanswered -= u128::from(inside);
            self.refunded += u128::from(inside);
        }
        if self.from_begin {
            self.uncharged.unbegun -= u128::from(unbegun);
            self.refunded_unbegun += u128::from(unbegun);
        }
        for meter in &mut self.meters {
            meter.refund_uncharged(if meter.rate().is_until_answered() { inside } else { unbegun });
        }
    }

    /// Whether time matters when a call comes out.
    #[inline]
    pub(crate) fn release_needs_time(&self) -> bool {
        self.slots.cooldown() > 0 || self.until_answered
    }

    /// Whether time matters when a call begins.
    pub(crate) fn begin_needs_time(&self) -> bool {
        self.from_begin
    }

    /// Units that the rates would admit at once; infinity if there is no rate.
    pub(crate) fn available(&mut self, now: Tick) -> f64 {
        self.come_to(now);
        let uncharged = &self.uncharged;
        let available = self.meters.iter_mut().map(|meter| meter.available(now, uncharged)).min();
        available.map_or(f64::INFINITY, crate::units::to_units)
    }

    /// Holds everybody until `until`; never shortens what was said before. Whether it holds anybody longer than that.
    pub(crate) fn pause(&mut self, now: Tick, until: Tick) -> bool {
        let holds = until > self.paused_until.max(now);
        self.paused_until = self.paused_until.max(until);
        if holds {
            self.unresumed.set();
        }
        holds
    }

    /// Ends a pause. Whether one was on.
    pub(crate) fn resume(&mut self, now: Tick) -> bool {
        let was_paused = self.paused_until > now;
        self.paused_until = Tick::ZERO;
        self.empties = false;
        if was_paused {
            self.unresumed.clear();
        }
        was_paused
    }

    /// Whether the call that was let in at `admitted` is the first after a pause that has run out, to be told.
    #[inline]
    pub(crate) fn goes_on(&mut self, admitted: Tick) -> bool {
        self.unresumed.take_if(self.paused_until <= admitted)
    }

    /// The same as a pause, because a server has refused a call that was let in at `sent`: after it, the rates start
    /// from empty. Who was sent before that was known tells nothing new.
    pub(crate) fn hold_off(&mut self, now: Tick, until: Tick, sent: Tick) -> bool {
        self.come_to(now);
        let holds = self.pause(now, until);
        if self.held_off_at.is_none_or(|held_off| sent > held_off) {
            self.empties = true;
            self.held_off_at = Some(now);
        }
        holds
    }

    /// Uses up what is there beyond `remaining`.
    pub(crate) fn tighten(&mut self, now: Tick, remaining: Micros) {
        self.come_to(now);
        for meter in &mut self.meters {
            let over = meter.available(now, &self.uncharged).saturating_sub(remaining);
            meter.charge(now, over);
        }
    }

    /// What a pause has left to be done at its end is done, before anything else is.
    #[inline]
    fn come_to(&mut self, now: Tick) {
        if self.empties && self.paused_until <= now {
            self.empties = false;
            for meter in &mut self.meters {
                meter.empty(self.paused_until, &self.uncharged);
            }
        }
    }

    #[inline]
    pub(crate) fn paused(&self, now: Tick) -> Verdict {
        if self.paused_until > now { Verdict::At(self.paused_until) } else { Verdict::Now }
    }

    /// Whether all is as it was when new: a new instance would decide the same.
    pub(crate) fn is_fresh(&mut self, now: Tick) -> bool {
        self.come_to(now);
        self.slots.is_idle(now)
            && self.paused(now) == Verdict::Now
            && self.meters.iter_mut().all(|meter| meter.is_fresh(now))
    }

    fn rates_changed(&mut self) {
        self.until_answered = self.meters.iter().any(|meter| meter.rate().is_until_answered());
        self.from_begin = self.meters.iter().any(|meter| !meter.rate().is_until_answered());
        let most = self.meters.iter().map(Meter::max_cost).min();
        self.max_cost = most.unwrap_or_else(|| to_micros(MAX_UNITS));
    }
}

fn meters(rates: &[Rate], now: Tick) -> Result<Vec<Meter>, ConfigError> {
    let mut meters = Vec::with_capacity(rates.len());
    for (index, &rate) in rates.iter().enumerate() {
        let several = rates.len() > 1;
        let plan = rate.plan().map_err(|error| if several { error.in_rate(index) } else { error })?;
        meters.push(Meter::new(rate, plan, now));
    }
    Ok(meters)
}
