//! Target `virtual`: one thread, a queue of woken tasks, and a clock moved by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};

use futures::FutureExt;
use futures::future::BoxFuture;
use tollgate_core::time::{ManualTimer, Tick, Timer};

use super::Target;
use crate::platform::{Activity, Platform, Stopped};
use crate::play::play;
use crate::record::Record;
use crate::scenario::Script;

/// Virtual time, exact to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct VirtualTime;

impl Target for VirtualTime {
    fn name(&self) -> &str {
        "virtual"
    }

    fn play(&self, script: &Script) -> Result<Record, Stopped> {
        let played = play(Executor::default(), script).now_or_never();
        played.expect("whatever this platform waits for happens before it returns")
    }
}

/// Runs tasks first come, first served.
#[derive(Default)]
struct Executor {
    timer: ManualTimer,
    tasks: Mutex<Vec<Option<Task>>>,
    ready: Arc<Ready>,
}

struct Task {
    future: BoxFuture<'static, ()>,
    waker: Waker,
    woken: Arc<Woken>,
}

/// The tasks that can go on, in the order in which they were woken.
#[derive(Default)]
struct Ready(Mutex<VecDeque<usize>>);

struct Woken {
    task: usize,
    /// Whether it is in the queue.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.ready.0).push_back(self.task);
        }
    }
}

impl Executor {
    fn run(&self, activity: &Activity) -> Result<(), Stopped> {
        loop {
            activity.check()?;
            let Some(id) = lock(&self.ready.0).pop_front() else { return Ok(()) };
            // Taken out while it runs, for it may spawn others.
            let task = lock(&self.tasks)[id].take();
            let Some(mut task) = task else { continue };
            task.woken.queued.store(false, Ordering::Relaxed);
            if task.future.poll_unpin(&mut Context::from_waker(&task.waker)).is_pending() {
                lock(&self.tasks)[id] = Some(task);
            }
        }
    }
}

impl Platform for Executor {
    type Timer = ManualTimer;

    fn timer(&self) -> ManualTimer {
        self.timer.clone()
    }

    fn stretch(&self) -> u32 {
        1
    }

    fn granularity(&self) -> f64 {
        0.0
    }

    fn spawn(&self, future: BoxFuture<'static, ()>) {
        let mut tasks = lock(&self.tasks);
        let woken =
            Arc::new(Woken { task: tasks.len(), queued: AtomicBool::new(false), ready: self.ready.clone() });
        let waker = Waker::from(woken.clone());
        waker.wake_by_ref();
        tasks.push(Some(Task { future, waker, woken }));
    }

    async fn settle(&self, activity: &Activity) -> Result<(), Stopped> {
        self.run(activity)
    }

    async fn pass_until(&self, tick: Tick, activity: &Activity) -> Result<(), Stopped> {
        self.run(activity)?;
        while let Some(next) = self.timer.next_alarm().filter(|&next| next <= tick) {
            // An alarm that is set again and again for the same moment has to count, too.
            activity.polled();
            self.timer.advance_to(next.max(self.timer.now()));
            self.run(activity)?;
        }
        self.timer.advance_to(tick);
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_wakes_itself_for_ever_is_stopped() {
        let executor = Executor::default();
        let spin = std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            std::task::Poll::<()>::Pending
        });
        let activity = Arc::new(Activity::default());
        let counted = activity.clone();
        let mut spin = Box::pin(spin);
        executor.spawn(Box::pin(std::future::poll_fn(move |cx| {
            counted.polled();
            spin.poll_unpin(cx)
        })));
        let Err(Stopped::Broken(fault)) = executor.run(&activity) else { panic!("it should have stopped") };
        assert!(fault.contains("hangs"), "{fault}");
    }

    #[test]
    fn tasks_run_in_the_order_in_which_they_were_woken() {
        let executor = Executor::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        for nap in [2, 1, 1] {
            let (timer, order) = (executor.timer(), order.clone());
            executor.spawn(Box::pin(async move {
                timer.sleep_until(Tick::from_nanos(nap)).await;
                lock(&order).push(nap);
            }));
        }
        let end = executor.pass_until(Tick::from_nanos(5), &Activity::default()).now_or_never();
        assert_eq!(end, Some(Ok(())));
        assert_eq!(
            (lock(&order).as_slice(), executor.timer.now()),
            ([1, 1, 2].as_slice(), Tick::from_nanos(5))
        );
    }
}
