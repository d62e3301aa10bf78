//! Limits in total and per host.

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::time::Timer;
use tollgate_core::{Keyed, Settings, keyed};

use super::{Entry, Gate, Order, Pass, Refusal, Shelf, whole};
use crate::clock::{Clock, JumpTimer};
use crate::scenario::{Number, PoolSpec, Probe, Reading};

/// `pool`.
pub(super) struct PoolGate<T: Timer> {
    hosts: Keyed<String, JumpTimer<T>>,
    clock: Clock<T>,
    limit: usize,
}

impl<T: Timer + Clone> PoolGate<T> {
    pub(super) fn new(spec: &PoolSpec, clock: &Clock<T>) -> Result<Self, Refusal> {
        let limit = whole("limit", spec.limit.0)?;
        let per_host = whole("limit_per_host", spec.limit_per_host.0)?;
        let builder = Keyed::builder_on(clock.timer())
            .total(Settings::new().concurrency(limit))
            .per_key(Settings::new().concurrency(per_host));
        let builder = match spec.max_waiting {
            Some(Number(most)) => builder.max_waiting(whole("max_waiting", most)?),
            None => builder,
        };
        Ok(Self { hosts: builder.build()?, clock: clock.clone(), limit })
    }

    /// Whether a call of this host would have to wait. There are no rates, so a slot that is taken and
    /// given back leaves no trace.
    fn full(&self, host: Option<&String>) -> bool {
        self.hosts.try_acquire(name(host)).is_err()
    }
}

/// Those who name no host share one.
fn name(host: Option<&String>) -> String {
    host.cloned().unwrap_or_default()
}

impl<T: Timer + Clone> Gate for PoolGate<T> {
    fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>> {
        Box::pin(async move {
            if entry.consume {
                return Err(Refusal::Unsupported("be consumed from"));
            }
            let acquire = self.hosts.acquire_cost(name(entry.host.as_ref()), entry.cost);
            let limit = entry.timeout.map(|limit| self.clock.span(limit.max(0.0)).unwrap_or_default());
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
        Some(match probe.what {
            Reading::Locked => self.full(probe.host.as_ref()).into(),
            Reading::Value if self.limit == 0 => return None,
            Reading::Value => self.limit.saturating_sub(self.hosts.in_flight()).into(),
            Reading::TryAcquire => {
                let taken = self.hosts.try_acquire(name(probe.host.as_ref()));
                taken.map(|permit| Box::new(permit).keep(shelf)).is_ok().into()
            }
            Reading::Waiting => self.hosts.waiting().into(),
            Reading::InFlight => self.hosts.in_flight().into(),
            Reading::Closed => self.hosts.is_closed().into(),
            Reading::Level | Reading::HasCapacity | Reading::Paused => return None,
        })
    }

    fn locked(&self) -> Option<bool> {
        Some(self.full(None))
    }

    fn obey(&self, order: &Order) -> Result<(), Refusal> {
        match order {
            Order::Pause { seconds } => {
                self.hosts.pause(self.clock.span(seconds.max(0.0)).unwrap_or_default());
            }
            Order::Resume => self.hosts.resume(),
            Order::Close => self.hosts.close(),
            Order::Release => return Err(Refusal::Unsupported("be released by hand")),
            Order::Refund { .. } => return Err(Refusal::Unsupported("refund")),
            Order::Update(_) => return Err(Refusal::Unsupported("be changed")),
        }
        Ok(())
    }
}

impl<T: Timer> Pass for keyed::Permit<String, JumpTimer<T>> {
    fn keep(self: Box<Self>, shelf: &Shelf) {
        shelf.put(self);
    }
}
