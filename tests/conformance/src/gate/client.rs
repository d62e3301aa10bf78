//! The gate of an HTTP client: a throttle of slots.

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::Throttle;
use tollgate_core::time::Timer;

use super::throttle::ThrottleGate;
use super::{Entry, Gate, Order, Pass, Refusal, Shelf};
use crate::clock::{Clock, JumpTimer};
use crate::scenario::{Client, Number, Probe, ThrottleSpec};

/// `rate_limited_client`.
pub struct ClientGate<T: Timer>(ThrottleGate<T>);

impl<T: Timer + Clone> ClientGate<T> {
    /// Builds it.
    ///
    /// # Errors
    /// If the library refuses its parameters.
    pub fn new(client: &Client, clock: &Clock<T>) -> Result<Self, Refusal> {
        let (concurrency, cooldown) = (client.max_concurrent, client.delay);
        let spec = ThrottleSpec { rates: Vec::new(), concurrency, cooldown, max_waiting: None::<Number> };
        Ok(Self(ThrottleGate::new(spec, clock)?))
    }

    /// What requests go through.
    pub fn throttle(&self) -> &Throttle<JumpTimer<T>> {
        self.0.throttle()
    }
}

impl<T: Timer + Clone> Gate for ClientGate<T> {
    fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>> {
        self.0.enter(entry)
    }

    fn keeps_time(&self) -> bool {
        self.0.keeps_time()
    }

    /// One of the throttle, one for those who wait before they try again.
    fn most_alarms(&self) -> usize {
        2
    }

    fn probe(&self, probe: &Probe, shelf: &Shelf) -> Option<Value> {
        self.0.probe(probe, shelf)
    }

    fn locked(&self) -> Option<bool> {
        self.0.locked()
    }

    fn obey(&self, order: &Order) -> Result<(), Refusal> {
        self.0.obey(order)
    }
}
