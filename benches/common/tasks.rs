//! Many tasks on a tokio runtime, from the first spawned to the last one done.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};

/// A runtime on the thread that asks.
pub(crate) fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// Spawns so many tasks, then does `then`, and returns when all are done.
///
/// It is a task of the runtime that does so, which leaves the thread that calls this out of the way.
///
/// # Panics
/// If one of them does.
pub(crate) fn run<F>(
    runtime: &Runtime,
    count: u32,
    task: impl Fn() -> F + Send + 'static,
    then: impl Future<Output = ()> + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let all = runtime.spawn(async move {
        let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(task())).collect();
        then.await;
        for task in tasks {
            task.await.expect("the tasks do not panic");
        }
    });
    runtime.block_on(all).expect("the tasks do not panic");
}
