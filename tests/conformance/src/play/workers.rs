//! The workers of a queue: each takes the next item, asks to be let in, works, and takes the next one.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tollgate_core::time::Timer;

use super::scene::Scene;
use crate::gate::{Entry, Refusal};
use crate::record::WorkersRecord;
use crate::scenario::Number;

/// Workers and their queue.
pub(super) struct Crew {
    workers: usize,
    queue: Arc<Mutex<Queue>>,
}

struct Queue {
    items: VecDeque<f64>,
    unfinished: usize,
    record: WorkersRecord,
}

impl Crew {
    pub(super) fn new(workers: usize, items: &[Number]) -> Self {
        let items: VecDeque<f64> = items.iter().map(|&item| item.into()).collect();
        let queue = Queue { unfinished: items.len(), items, record: WorkersRecord::default() };
        Self { workers, queue: Arc::new(Mutex::new(queue)) }
    }

    pub(super) fn workers(&self) -> usize {
        self.workers
    }

    /// One worker. It never ends by itself: without items, it waits for more.
    pub(super) fn work<T: Timer>(
        &self,
        scene: Arc<Scene<T>>,
    ) -> impl Future<Output = ()> + Send + use<T> + 'static {
        let queue = self.queue.clone();
        async move {
            let entry = Entry { cost: 1.0, host: None, consume: false, timeout: None };
            loop {
                let item = lock(&queue).items.pop_front();
                let Some(item) = item else { return pending().await };
                match scene.gate.enter(&entry).await {
                    Ok(pass) => {
                        scene.clock.sleep(item).await;
                        drop(pass);
                    }
                    Err(Refusal::Unsupported(what)) => return scene.cannot(what),
                    Err(refusal) => return scene.tell("-", refusal.outcome(), None),
                }
                lock(&queue).finish(scene.clock.seconds());
            }
        }
    }

    /// What became of it; `cancelled` workers were still there at the end.
    pub(super) fn record(&self, cancelled: usize) -> WorkersRecord {
        let queue = lock(&self.queue);
        WorkersRecord { cancelled, left: queue.items.len(), ..queue.record.clone() }
    }
}

impl Queue {
    fn finish(&mut self, now: f64) {
        self.record.done.push(now);
        self.unfinished -= 1;
        if self.unfinished == 0 {
            self.record.join = Some(now);
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}
