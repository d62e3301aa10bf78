//! The throttle, and the limiters that are throttles under other names.

use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::time::Timer;
use tollgate_core::{Counting, OwnedThrottlePermit, Pacing, Rate, Settings, Throttle};

use super::{Entry, Gate, Order, Pass, Refusal, Shelf, whole};
use crate::clock::{Clock, JumpTimer};
use crate::scenario::{CountingName, Number, PacingName, Probe, RateSpec, Reading, ThrottleSpec, Update};

/// `throttle`, `rate_limiter`, `window_limiter`, `token_bucket`.
pub(super) struct ThrottleGate<T: Timer> {
    throttle: Throttle<JumpTimer<T>>,
    clock: Clock<T>,
    spec: Mutex<ThrottleSpec>,
}

impl<T: Timer + Clone> ThrottleGate<T> {
    pub(super) fn new(spec: ThrottleSpec, clock: &Clock<T>) -> Result<Self, Refusal> {
        let settings = settings(&spec, clock)?;
        let throttle = Throttle::builder_on(clock.timer()).settings(settings).build()?;
        Ok(Self { throttle, clock: clock.clone(), spec: Mutex::new(spec) })
    }

    pub(super) fn throttle(&self) -> &Throttle<JumpTimer<T>> {
        &self.throttle
    }

    fn free_slots(&self) -> Option<usize> {
        let slots = self.spec.lock().unwrap_or_else(PoisonError::into_inner).concurrency.0 as usize;
        (slots > 0).then(|| slots.saturating_sub(self.throttle.in_flight()))
    }

    fn update(&self, update: &Update) -> Result<(), Refusal> {
        let mut spec = self.spec.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = changed(&spec, update)?;
        self.throttle.update(settings(&changed, &self.clock)?)?;
        *spec = changed;
        Ok(())
    }
}

impl<T: Timer + Clone> Gate for ThrottleGate<T> {
    fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>> {
        Box::pin(async move {
            // Who may wait a negative time may not wait at all.
            let limit = entry.timeout.map(|limit| self.clock.span(limit.max(0.0)).unwrap_or_default());
            if entry.consume {
                let consume = self.throttle.consume(entry.cost);
                if let Some(limit) = limit {
                    consume.timeout(limit).await?
                } else {
                    consume.await?
                }
                return Ok(Box::new(Consumed) as Box<dyn Pass>);
            }
            let acquire = self.throttle.acquire_cost_owned(entry.cost);
            let permit =
                if let Some(limit) = limit { acquire.timeout(limit).await? } else { acquire.await? };
            Ok(Box::new(permit) as Box<dyn Pass>)
        })
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn most_alarms(&self) -> usize {
        1
    }

    fn probe(&self, probe: &Probe, shelf: &Shelf) -> Option<Value> {
        let cost = probe.arg.map_or(1.0, f64::from);
        Some(match probe.what {
            Reading::Locked => self.throttle.is_locked().into(),
            Reading::Value => self.free_slots()?.into(),
            Reading::Level => self.throttle.available().into(),
            Reading::HasCapacity => self.throttle.check(cost).is_ready().into(),
            Reading::TryAcquire => {
                let taken = self.throttle.try_acquire_cost_owned(cost);
                taken.map(|permit| Box::new(permit).keep(shelf)).is_ok().into()
            }
            Reading::Waiting => self.throttle.waiting().into(),
            Reading::InFlight => self.throttle.in_flight().into(),
            Reading::Paused => self.throttle.is_paused().into(),
            Reading::Closed => self.throttle.is_closed().into(),
        })
    }

    fn locked(&self) -> Option<bool> {
        Some(self.throttle.is_locked())
    }

    fn obey(&self, order: &Order) -> Result<(), Refusal> {
        match order {
            Order::Release => return Err(Refusal::Unsupported("be released by hand")),
            // Durations are never negative: such a pause is over before it begins.
            Order::Pause { seconds } => self.throttle.pause(span("seconds", seconds.max(0.0), &self.clock)?),
            Order::Resume => self.throttle.resume(),
            Order::Close => self.throttle.close(),
            Order::Refund { cost } => self.throttle.refund(*cost)?,
            Order::Update(update) => self.update(update)?,
        }
        Ok(())
    }
}

impl<T: Timer> Pass for OwnedThrottlePermit<JumpTimer<T>> {
    fn keep(self: Box<Self>, shelf: &Shelf) {
        shelf.put(self);
    }
}

/// Units are gone once they are given.
struct Consumed;

impl Pass for Consumed {
    fn keep(self: Box<Self>, _: &Shelf) {}
}

/// The settings of a throttle, for the library to judge.
fn settings<T: Timer>(spec: &ThrottleSpec, clock: &Clock<T>) -> Result<Settings, Refusal> {
    let rates: Vec<Rate> = spec.rates.iter().map(|spec| rate(spec, clock)).collect::<Result<_, _>>()?;
    let settings = Settings::new()
        .set_rates(rates)
        .concurrency(whole("concurrency", spec.concurrency.0)?)
        .cooldown(span("cooldown", spec.cooldown.0, clock)?);
    Ok(match spec.max_waiting {
        Some(Number(most)) => settings.max_waiting(whole("max_waiting", most)?),
        None => settings,
    })
}

fn rate<T: Timer>(spec: &RateSpec, clock: &Clock<T>) -> Result<Rate, Refusal> {
    let burst = spec.burst.map_or(spec.capacity.0.max(1.0), f64::from);
    let pacing = match spec.pacing {
        PacingName::Window => Pacing::Window,
        PacingName::Smooth => Pacing::Smooth,
        PacingName::Bucket => Pacing::Bucket { burst },
        PacingName::Stepped => {
            let interval = spec.interval.filter(|interval| interval.0 != 0.0);
            let interval = interval.map(|interval| span("interval", interval.0, clock)).transpose()?;
            Pacing::Stepped { burst, interval }
        }
    };
    let counting = match spec.counting {
        CountingName::FromAdmission => Counting::FromAdmission,
        CountingName::UntilAnswered => Counting::UntilAnswered,
    };
    let period = span("period", spec.period.0, clock)?;
    Ok(Rate::new(spec.capacity.0, period).pacing(pacing).counting(counting))
}

/// A span of time, which Rust's type does not let be negative.
fn span<T: Timer>(name: &str, seconds: f64, clock: &Clock<T>) -> Result<std::time::Duration, Refusal> {
    let refusal = || Refusal::InvalidArgument(format!("{name} is {seconds}, but must be at least 0"));
    clock.span(seconds).ok_or_else(refusal)
}

/// The same throttle with some values changed. Those of a rate are those of its only one.
fn changed(spec: &ThrottleSpec, update: &Update) -> Result<ThrottleSpec, Refusal> {
    let Update { value, capacity, period, pacing, burst, interval, counting, .. } = update;
    if value.is_some() {
        return Err(Refusal::Unsupported("change a value, having none"));
    }
    let mut changed = spec.clone();
    changed.concurrency = update.concurrency.unwrap_or(spec.concurrency);
    changed.cooldown = update.cooldown.unwrap_or(spec.cooldown);
    changed.max_waiting = update.max_waiting.or(spec.max_waiting);
    match changed.rates.as_mut_slice() {
        [rate] => {
            rate.capacity = capacity.unwrap_or(rate.capacity);
            rate.period = period.unwrap_or(rate.period);
            rate.pacing = pacing.unwrap_or(rate.pacing);
            rate.burst = burst.or(rate.burst);
            rate.interval = interval.or(rate.interval);
            rate.counting = counting.unwrap_or(rate.counting);
        }
        _ if capacity.is_some() || period.is_some() || pacing.is_some() || burst.is_some() => {
            return Err(Refusal::Unsupported("change its rate, not having exactly one"));
        }
        _ => {}
    }
    Ok(changed)
}
