//! Several gates, one behind the other.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;
use tollgate_core::time::Timer;

use super::{Entry, Gate, Order, Pass, Refusal, Shelf, build};
use crate::clock::Clock;
use crate::scenario::{Probe, Subject};

/// `stack`.
pub(super) struct StackGate {
    layers: Vec<Layer>,
}

struct Layer {
    gate: Arc<dyn Gate>,
    /// It takes the cost as it is; others count heads.
    weighs: bool,
}

impl StackGate {
    pub(super) fn new<T: Timer + Clone>(layers: &[Subject], clock: &Clock<T>) -> Result<Self, Refusal> {
        let layer = |subject: &Subject| {
            let weighs = matches!(subject, Subject::Throttle(_) | Subject::Stack(_));
            Ok(Layer { gate: build(subject, clock)?, weighs })
        };
        Ok(Self { layers: layers.iter().map(layer).collect::<Result<_, Refusal>>()? })
    }
}

impl Gate for StackGate {
    fn enter<'a>(&'a self, entry: &'a Entry) -> BoxFuture<'a, Result<Box<dyn Pass>, Refusal>> {
        Box::pin(async move {
            let mut pass = StackPass(Vec::new());
            for layer in &self.layers {
                let cost = if layer.weighs { entry.cost } else { 1.0 };
                // The time limit is one for all layers, and not theirs to keep.
                let entry = Entry { cost, timeout: None, ..entry.clone() };
                pass.0.push(layer.gate.enter(&entry).await?);
            }
            Ok(Box::new(pass) as Box<dyn Pass>)
        })
    }

    fn keeps_time(&self) -> bool {
        false
    }

    fn most_alarms(&self) -> usize {
        self.layers.iter().map(|layer| layer.gate.most_alarms()).sum()
    }

    fn probe(&self, _: &Probe, _: &Shelf) -> Option<Value> {
        None
    }

    fn locked(&self) -> Option<bool> {
        self.layers.iter().try_fold(false, |locked, layer| Some(locked | layer.gate.locked()?))
    }

    /// Pausing and closing are for every layer that can be paused or closed.
    fn obey(&self, order: &Order) -> Result<(), Refusal> {
        if !matches!(order, Order::Pause { .. } | Order::Resume | Order::Close) {
            return Err(Refusal::Unsupported("say which layer is meant"));
        }
        let mut obeyed = Err(Refusal::Unsupported("do so in any layer"));
        for layer in &self.layers {
            match layer.gate.obey(order) {
                Err(Refusal::Unsupported(_)) => {}
                other => {
                    other?;
                    obeyed = Ok(());
                }
            }
        }
        obeyed
    }
}

/// The passes of the layers, given back in reverse.
struct StackPass(Vec<Box<dyn Pass>>);

impl Drop for StackPass {
    fn drop(&mut self) {
        while let Some(innermost) = self.0.pop() {
            drop(innermost);
        }
    }
}

impl Pass for StackPass {
    fn keep(mut self: Box<Self>, shelf: &Shelf) {
        while let Some(innermost) = self.0.pop() {
            innermost.keep(shelf);
        }
    }
}
