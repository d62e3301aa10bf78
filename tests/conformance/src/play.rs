//! Plays a scenario, on whatever platform: builds its subject, takes its steps, lets the clock run out.

mod client;
mod scene;
mod visit;
mod workers;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use tollgate_core::time::Timer;

use crate::clock::Clock;
use crate::gate::{self, ClientGate, Order, Refusal};
use crate::platform::{Activity, Platform, Stopped};
use crate::record::{Read, Record, Refused};
use crate::scenario::{Action, Number, Probe, Script, Step, Subject};
use client::Internet;
use scene::{Scene, Task};
use workers::Crew;

/// Plays a scenario from beginning to end.
///
/// # Errors
/// If it makes no sense, or something broke.
pub async fn play<P: Platform>(platform: P, script: &Script) -> Result<Record, Stopped> {
    let start = script.clock_start.map_or(0.0, f64::from);
    let clock = Clock::new(platform.timer(), platform.stretch(), start, jumps_back(script));
    let built = match &script.subject {
        Subject::Client(client) => ClientGate::new(client, &clock).map(|gate| {
            let gate = Arc::new(gate);
            let server = script.server.clone().unwrap_or_default();
            let internet = Internet::new(client, server, gate.clone(), &clock);
            (gate as Arc<dyn gate::Gate>, Some(Arc::new(internet)))
        }),
        subject => gate::build(subject, &clock).map(|gate| (gate, None)),
    };
    let (gate, internet) = match built {
        Ok(built) => built,
        Err(Refusal::Unsupported(what)) => return Err(Stopped::Broken(format!("the subject cannot {what}"))),
        Err(refusal) => {
            let kind = refusal.outcome().trim_start_matches("error:").to_owned();
            let construct = Some(Refused { kind, message: refusal.to_string() });
            return Ok(Record { construct, ..Record::default() });
        }
    };
    let scene = Arc::new(Scene::new(clock, gate));
    let activity = scene.activity.clone();
    let mut director = Director { platform, scene, activity, internet, tasks: BTreeMap::new() };
    let record = director.direct(script).await;
    // Whoever still waits or is inside leaves before the platform goes.
    director.tasks.values().for_each(|task| {
        task.end();
    });
    record
}

/// How far the clock will jump back. It never goes below zero, so that takes room.
fn jumps_back(script: &Script) -> f64 {
    let back = script.steps.iter().map(|step| match step.action {
        Action::Jump { by: Number(by) } if by < 0.0 => -by,
        _ => 0.0,
    });
    back.sum()
}

/// Sees to it that everything happens in its turn.
struct Director<P: Platform> {
    platform: P,
    scene: Arc<Scene<P::Timer>>,
    activity: Arc<Activity>,
    /// For clients.
    internet: Option<Arc<Internet<P::Timer>>>,
    /// By name, as spawned.
    tasks: BTreeMap<String, Task>,
}

impl<P: Platform> Director<P> {
    async fn direct(&mut self, script: &Script) -> Result<Record, Stopped> {
        let crew = match (&script.subject, &script.items) {
            (Subject::Workers(workers), Some(items)) => Some(Crew::new(workers.workers, items)),
            _ => None,
        };
        if let Some(crew) = &crew {
            for worker in 0..crew.workers() {
                self.spawn(format!("worker{worker}"), crew.work(self.scene.clone()))?;
            }
        }
        for step in script.in_order() {
            self.pass_until(step.at.0).await?;
            self.take(&step)?;
            if !step.nosettle {
                self.settle().await?;
            }
        }
        self.run_out(script.until).await?;
        let pending = if crew.is_some() { Vec::new() } else { self.scene.waiting() };
        let cancelled = self.tasks.values().filter(|task| task.end()).count();
        let mut record = self.scene.take_record();
        record.workers = crew.map(|crew| crew.record(cancelled));
        record.pending = pending;
        record.granularity = self.platform.granularity() / f64::from(self.platform.stretch());
        self.activity.check()?;
        Ok(record)
    }

    /// Runs whatever can go on at this moment.
    async fn settle(&self) -> Result<(), Stopped> {
        loop {
            self.platform.settle(&self.activity).await?;
            self.activity.check()?;
            if self.scene.clock.ring() == 0 {
                return self.scene.check_alarms();
            }
        }
    }

    async fn pass_until(&self, seconds: f64) -> Result<(), Stopped> {
        let tick = self.scene.clock.reading_at(seconds);
        if self.platform.timer().now() < tick {
            self.settle().await?;
            self.platform.pass_until(tick, &self.activity).await?;
            self.settle().await?;
        }
        Ok(())
    }

    /// Lets the clock run until no alarm is set, or up to just before `until`.
    async fn run_out(&self, until: Option<Number>) -> Result<(), Stopped> {
        let end = until.map(|until| self.scene.clock.reading_at(until.0));
        self.settle().await?;
        while let Some(next) = self.scene.clock.next_alarm() {
            if end.is_some_and(|end| next >= end) {
                break;
            }
            // An alarm that is always due would keep us here for ever.
            self.activity.polled();
            self.platform.pass_until(next, &self.activity).await?;
            self.settle().await?;
            if self.scene.clock.next_alarm() == Some(next) {
                let at = self.scene.clock.seconds();
                return Err(Stopped::Broken(format!("an alarm is set for {at}, and has not rung")));
            }
        }
        Ok(())
    }

    fn take(&mut self, step: &Step) -> Result<(), Stopped> {
        match &step.action {
            Action::Acquire { names, ask, .. } => {
                for name in names.all() {
                    let visits = visit::visits(self.scene.clone(), name.clone(), ask.clone());
                    self.spawn(name, visits)?;
                }
            }
            Action::Cancel { who } => {
                for name in who {
                    self.cancel(name)?;
                }
            }
            Action::Release { n } => (0..*n).for_each(|_| self.obey(&Order::Release)),
            Action::Pause { seconds } => self.obey(&Order::Pause { seconds: seconds.0 }),
            Action::Resume => self.obey(&Order::Resume),
            Action::Close => self.obey(&Order::Close),
            Action::Refund { cost } => self.obey(&Order::Refund { cost: cost.0 }),
            Action::Update(update) => self.obey(&Order::Update(update.clone())),
            Action::Probe(probe) => self.probe(probe),
            Action::Jump { by } => self.scene.clock.jump(by.0),
            Action::Kick => drop(self.scene.clock.ring()),
            Action::Get { url } => {
                let Some(internet) = self.internet.clone() else {
                    return Err(Stopped::Broken("only a client can get".into()));
                };
                self.spawn(url.clone(), internet.get(self.scene.clone(), url.clone()))?;
            }
        }
        Ok(())
    }

    fn spawn(
        &mut self,
        name: String,
        body: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Stopped> {
        let (task, driven) = Task::new(&name, body, &self.activity);
        self.scene.expect_at(&name);
        if self.tasks.insert(name.clone(), task).is_some() {
            return Err(Stopped::Broken(format!("two tasks are named {name}")));
        }
        self.platform.spawn(driven);
        Ok(())
    }

    /// Drops a task where it stands.
    fn cancel(&self, name: &str) -> Result<(), Stopped> {
        let Some(task) = self.tasks.get(name) else {
            return Err(Stopped::Broken(format!("cancel: no task is named {name}")));
        };
        let visit = self.scene.leave(name);
        if task.end() {
            self.scene.tell(&visit.unwrap_or_else(|| name.to_owned()), "cancelled", None);
        }
        Ok(())
    }

    fn obey(&self, order: &Order) {
        match self.scene.gate.obey(order) {
            Ok(()) => {}
            Err(Refusal::Unsupported(what)) => self.scene.cannot(what),
            Err(refusal) => self.scene.tell("-", refusal.outcome(), None),
        }
    }

    fn probe(&self, probe: &Probe) {
        let answer = self.scene.gate.probe(probe, &self.scene.shelf);
        let answer = answer.unwrap_or_else(|| "unsupported".into());
        let (at, arg) = (self.scene.clock.seconds(), probe.arg);
        self.scene.read(Read { at, what: probe.what, arg, answer });
    }
}
