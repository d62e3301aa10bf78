//! What the tasks of a scenario share, and the tasks themselves.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures::future::BoxFuture;
use tollgate_core::time::Timer;

use crate::clock::Clock;
use crate::gate::{Gate, Shelf};
use crate::platform::{Activity, Stopped, panic_message};
use crate::record::{Event, Read, Record};

/// Clock, subject, and what has been seen.
pub(super) struct Scene<T: Timer> {
    pub(super) clock: Clock<T>,
    pub(super) gate: Arc<dyn Gate>,
    /// Passes that are kept for ever.
    pub(super) shelf: Shelf,
    pub(super) activity: Arc<Activity>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    record: Record,
    /// The tasks, with their numbers as they came, and where they stand.
    tasks: HashMap<String, (usize, Stand)>,
    /// How many of them wait.
    waiting: usize,
}

/// Where a task stands, and under which name.
#[derive(Clone)]
enum Stand {
    Waits(String),
    Inside(String),
    Gone,
}

impl<T: Timer> Scene<T> {
    pub(super) fn new(clock: Clock<T>, gate: Arc<dyn Gate>) -> Self {
        Self { clock, gate, shelf: Shelf::default(), activity: Arc::default(), seen: Mutex::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an outcome, now.
    pub(super) fn tell(&self, who: &str, outcome: &str, host: Option<&str>) {
        self.note(who, outcome, host, false);
    }

    /// Notes an outcome that scenarios need not mention.
    pub(super) fn mention(&self, who: &str, outcome: &str) {
        self.note(who, outcome, None, true);
    }

    fn note(&self, who: &str, outcome: &str, host: Option<&str>, optional: bool) {
        let at = self.clock.seconds();
        let (who, outcome, host) = (who.to_owned(), outcome.to_owned(), host.map(str::to_owned));
        self.seen().record.events.push(Event { at, who, outcome, host, optional });
    }

    /// Notes that the scenario makes no sense for its subject.
    pub(super) fn cannot(&self, what: &str) {
        self.activity.broke(format!("the subject cannot {what}"));
    }

    /// Notes what was read.
    pub(super) fn read(&self, read: Read) {
        self.seen().record.probes.push(read);
    }

    /// A task will come.
    pub(super) fn expect_at(&self, task: &str) {
        let mut seen = self.seen();
        let number = seen.tasks.len();
        seen.tasks.insert(task.to_owned(), (number, Stand::Waits(task.to_owned())));
        seen.waiting += 1;
    }

    /// A task waits under this name.
    pub(super) fn wait(&self, task: &str, visit: &str) {
        self.stand(task, Stand::Waits(visit.to_owned()));
    }

    /// A task has been let in under this name.
    pub(super) fn enter(&self, task: &str, visit: &str) {
        self.stand(task, Stand::Inside(visit.to_owned()));
    }

    /// A task is over; answers the name under which it waited or was inside.
    pub(super) fn leave(&self, task: &str) -> Option<String> {
        match self.stand(task, Stand::Gone)? {
            Stand::Waits(visit) | Stand::Inside(visit) => Some(visit),
            Stand::Gone => None,
        }
    }

    fn stand(&self, task: &str, stand: Stand) -> Option<Stand> {
        let mut seen = self.seen();
        let waits = matches!(stand, Stand::Waits(_));
        let (_, place) = seen.tasks.get_mut(task)?;
        let before = std::mem::replace(place, stand);
        seen.waiting -= usize::from(matches!(before, Stand::Waits(_)));
        seen.waiting += usize::from(waits);
        Some(before)
    }

    /// Who waits, in the order in which they came.
    pub(super) fn waiting(&self) -> Vec<String> {
        let waits = |(number, stand): &(usize, Stand)| match stand {
            Stand::Waits(visit) => Some((*number, visit.clone())),
            _ => None,
        };
        let mut waiting: Vec<_> = self.seen().tasks.values().filter_map(waits).collect();
        waiting.sort();
        waiting.into_iter().map(|(_, visit)| visit).collect()
    }

    /// Property P6, at rest: no alarm where nobody waits, and at most one for each gate.
    pub(super) fn check_alarms(&self) -> Result<(), Stopped> {
        let most = if self.seen().waiting == 0 { 0 } else { self.gate.most_alarms() };
        match self.clock.alarms_under_test() {
            set if set <= most => Ok(()),
            set => {
                let at = self.clock.seconds();
                let fault = format!("at {at}: expected at most {most} alarms set by the library, got {set}");
                Err(Stopped::Broken(fault))
            }
        }
    }

    /// All that was seen.
    pub(super) fn take_record(&self) -> Record {
        std::mem::take(&mut self.seen().record)
    }
}

/// A handle on a task.
pub(super) struct Task {
    body: Body,
}

/// The task's future as long as it goes on. Out here, it can be dropped at any moment between two polls,
/// in the same way on every platform.
type Body = Arc<Mutex<Option<BoxFuture<'static, ()>>>>;

impl Task {
    /// A task, and what the platform has to run.
    pub(super) fn new(
        name: &str,
        body: impl Future<Output = ()> + Send + 'static,
        activity: &Arc<Activity>,
    ) -> (Self, BoxFuture<'static, ()>) {
        let body: Body = Arc::new(Mutex::new(Some(Box::pin(body))));
        let (name, activity, driven) = (name.to_owned(), activity.clone(), body.clone());
        let driven = poll_fn(move |cx| {
            activity.polled();
            let mut body = driven.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(future) = body.as_mut() else { return Poll::Ready(()) };
            match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) => {}
                Err(payload) => activity.broke(format!("{name} {}", panic_message(&*payload))),
            }
            *body = None;
            Poll::Ready(())
        });
        (Self { body }, Box::pin(driven))
    }

    /// Drops the task where it stands; false if it was over already.
    pub(super) fn end(&self) -> bool {
        let body = self.body.lock().unwrap_or_else(PoisonError::into_inner).take();
        body.is_some()
    }
}
