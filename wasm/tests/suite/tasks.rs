//! Callers in tasks of their own.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::RemoteHandle;
use tollgate_core::AdmitError;
use tollgate_core::time::Tick;
use tollgate_wasm::Throttle;
use wasm_bindgen_futures::spawn_local;

/// Starts a task; it is thrown away when its handle is dropped.
pub(crate) fn task<T: 'static>(future: impl Future<Output = T> + 'static) -> RemoteHandle<T> {
    let (task, handle) = future.remote_handle();
    spawn_local(task);
    handle
}

/// A list that tasks write to, in the order in which they get to it.
pub(crate) struct Log<T>(Rc<RefCell<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::default())
    }

    pub(crate) fn push(&self, entry: T) {
        self.0.borrow_mut().push(entry);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.borrow().len()
    }

    pub(crate) fn take(&self) -> Vec<T> {
        self.0.take()
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Calls that each keep their permit for as long as told; who was let in, in that order, and when.
pub(crate) struct Crowd {
    pub(crate) log: Log<(usize, Tick)>,
    pub(crate) tasks: Vec<RemoteHandle<Result<(), AdmitError>>>,
}

impl Crowd {
    pub(crate) fn of(count: usize, throttle: &Throttle) -> Self {
        let log = Log::new();
        let call = |number| {
            let (throttle, log) = (throttle.clone(), log.clone());
            task(async move {
                let permit = throttle.acquire().await?;
                log.push((number, permit.admitted_at()));
                Ok(())
            })
        };
        let tasks = (0..count).map(call).collect();
        Self { log, tasks }
    }

    /// Waits for all; when they were let in.
    pub(crate) async fn all(self) -> Vec<Tick> {
        let count = self.tasks.len();
        for task in self.tasks {
            task.await.unwrap();
        }
        in_order(self.log.take(), count)
    }
}

fn in_order(log: Vec<(usize, Tick)>, count: usize) -> Vec<Tick> {
    let numbers: Vec<_> = log.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>(), "first come, first served");
    log.into_iter().map(|(_, at)| at).collect()
}

/// There is no window of that length, wherever it starts, with more than `capacity` in it.
pub(crate) fn assert_never_over(capacity: usize, period: Duration, times: &[Tick]) {
    for (first, next) in times.iter().zip(times.iter().skip(capacity)) {
        let apart = next.since(*first);
        assert!(apart >= period, "{} within {apart:?}, from {first:?} on", capacity + 1);
    }
}
