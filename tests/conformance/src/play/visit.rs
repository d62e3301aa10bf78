//! What a task of `acquire` does: it asks, it is let in, it does something there, it leaves.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use futures::future::{Either, select};
use tollgate_core::time::Timer;

use super::scene::Scene;
use crate::gate::{Entry, Pass, Refusal};
use crate::scenario::{Ask, Body, Form, Number, Via};

/// A task that visits the gate as often as it is to.
pub(super) async fn visits<T: Timer>(scene: Arc<Scene<T>>, task: String, ask: Ask) {
    for round in 1..=ask.repeat.unwrap_or(1) {
        let name = if ask.repeat.is_some() { format!("{task}#{round}") } else { task.clone() };
        Visit { scene: &scene, task: &task, name: &name, ask: &ask }.make().await;
    }
    scene.leave(&task);
}

struct Visit<'a, T: Timer> {
    scene: &'a Scene<T>,
    task: &'a str,
    name: &'a str,
    ask: &'a Ask,
}

impl<T: Timer> Visit<'_, T> {
    async fn make(&self) {
        self.scene.wait(self.task, self.name);
        match self.ask_in().await {
            Ok(pass) => {
                self.scene.enter(self.task, self.name);
                self.scene.tell(self.name, "admitted", self.ask.host.as_deref());
                self.inside(pass).await;
            }
            Err(Refusal::Unsupported(what)) => self.scene.cannot(what),
            Err(refusal) => self.scene.tell(self.name, refusal.outcome(), None),
        }
    }

    async fn ask_in(&self) -> Result<Box<dyn Pass>, Refusal> {
        let entry = Entry {
            cost: self.ask.cost.map_or(1.0, f64::from),
            host: self.ask.host.clone(),
            consume: self.ask.via == Some(Via::Consume),
            timeout: self.ask.timeout.map(f64::from),
        };
        let enter = self.scene.gate.enter(&entry);
        match entry.timeout {
            Some(limit) if !self.scene.gate.keeps_time() => self.in_time(limit, enter).await,
            _ => enter.await,
        }
    }

    /// Where both happen in one moment, being let in counts.
    async fn in_time(
        &self,
        limit: f64,
        enter: impl Future<Output = Result<Box<dyn Pass>, Refusal>>,
    ) -> Result<Box<dyn Pass>, Refusal> {
        match select(pin!(enter), pin!(self.scene.clock.sleep(limit))).await {
            Either::Left((entered, _)) => entered,
            Either::Right(((), _)) => Err(Refusal::TimedOut),
        }
    }

    async fn inside(&self, pass: Box<dyn Pass>) {
        let Ask { hold, form, body, body_timeout, locked_sleep, .. } = self.ask;
        if let Some(Number(nap)) = locked_sleep {
            match self.scene.gate.locked() {
                Some(true) => self.scene.clock.sleep(*nap).await,
                Some(false) => {}
                None => self.scene.cannot("tell whether it is locked"),
            }
            self.scene.tell(self.name, "request", None);
        }
        let fails = *body == Some(Body::Raise);
        let cut = match (hold, body_timeout) {
            (None, None) if fails => false,
            (None, None) => return pass.keep(&self.scene.shelf),
            (Some(Number(hold)), limit) if limit.is_none_or(|Number(limit)| *hold <= limit) => {
                self.scene.clock.sleep(*hold).await;
                false
            }
            (_, Some(Number(limit))) => {
                self.scene.clock.sleep(*limit).await;
                true
            }
            (Some(_), None) => unreachable!("no limit cuts nothing off"),
        };
        drop(pass);
        if cut {
            self.scene.tell(self.name, "body_timeout", None);
        } else if fails {
            return self.scene.tell(self.name, "body_error", None);
        }
        if *form == Some(Form::Scoped) {
            if body_timeout.is_some() || locked_sleep.is_some() {
                self.scene.tell(self.name, "done", None);
            } else {
                // The block of a plain guard ends like any other; scenarios may or may not say so.
                self.scene.mention(self.name, "done");
            }
        }
    }
}
