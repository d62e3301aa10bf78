//! Target `tokio`: tasks on a current-thread runtime, tokio's timers, tokio's clock paused.

use futures::future::BoxFuture;
use tokio::runtime::Builder;
use tokio::task::yield_now;
use tollgate_core::time::{Tick, Timer};
use tollgate_native::TokioTimer;

use super::Target;
use crate::clock::stretch_for;
use crate::platform::{Activity, Platform, Stopped};
use crate::play::play;
use crate::record::Record;
use crate::scenario::Script;

/// So many rounds in which no task is polled are taken for rest.
const QUIET_ROUNDS: u32 = 4;

/// The resolution of tokio's timers in seconds.
const RESOLUTION: f64 = 1e-3;

/// tokio with its clock paused, and scenarios stretched as far as they can be.
#[derive(Clone, Copy, Debug)]
pub struct TokioTime;

impl Target for TokioTime {
    fn name(&self) -> &str {
        "tokio"
    }

    fn play(&self, script: &Script) -> Result<Record, Stopped> {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| Stopped::Broken(format!("no runtime: {error}")))?;
        let stretch = stretch_for(script);
        runtime.block_on(async { play(Paused { timer: TokioTimer::new(), stretch }, script).await })
    }
}

struct Paused {
    timer: TokioTimer,
    stretch: u32,
}

impl Platform for Paused {
    type Timer = TokioTimer;

    fn timer(&self) -> TokioTimer {
        self.timer.clone()
    }

    fn stretch(&self) -> u32 {
        self.stretch
    }

    fn granularity(&self) -> f64 {
        RESOLUTION
    }

    fn spawn(&self, task: BoxFuture<'static, ()>) {
        // Whether it panics is seen from inside.
        drop(tokio::spawn(task));
    }

    /// While somebody yields, the runtime is not idle, and its paused clock stands still.
    async fn settle(&self, activity: &Activity) -> Result<(), Stopped> {
        let (mut quiet, mut polls) = (0, activity.polls());
        while quiet < QUIET_ROUNDS {
            activity.check()?;
            yield_now().await;
            quiet = if activity.polls() == polls { quiet + 1 } else { 0 };
            polls = activity.polls();
        }
        Ok(())
    }

    /// The runtime moves its clock to the next alarm whenever it is idle; ours is one of them.
    async fn pass_until(&self, tick: Tick, activity: &Activity) -> Result<(), Stopped> {
        self.settle(activity).await?;
        while self.timer.now() < tick {
            activity.polled();
            activity.check()?;
            self.timer.sleep_until(tick).await;
        }
        self.settle(activity).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    fn paused<R>(check: impl AsyncFnOnce(Paused) -> R) -> R {
        let runtime =
            Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async { check(Paused { timer: TokioTimer::new(), stretch: 1 }).await })
    }

    #[test]
    fn a_task_that_wakes_itself_for_ever_is_stopped() {
        let settled = paused(async |platform: Paused| {
            let activity = Arc::new(Activity::default());
            let counted = activity.clone();
            platform.spawn(Box::pin(std::future::poll_fn(move |cx| {
                counted.polled();
                cx.waker().wake_by_ref();
                std::task::Poll::Pending
            })));
            platform.settle(&activity).await
        });
        let Err(Stopped::Broken(fault)) = settled else { panic!("it should have stopped") };
        assert!(fault.contains("hangs"), "{fault}");
    }

    /// The timing wheel of tokio reaches two years; scenarios are stretched beyond that.
    #[test]
    fn alarms_ring_on_time_after_a_century() {
        let year = Duration::from_secs(365 * 24 * 60 * 60);
        let rang: Vec<Duration> = paused(async |platform: Paused| {
            let rang = Arc::new(std::sync::Mutex::new(Vec::new()));
            let deadlines = [150 * year + Duration::from_millis(1), 3 * year, 150 * year, 19 * year];
            for deadline in deadlines {
                let (timer, rang) = (platform.timer(), rang.clone());
                platform.spawn(Box::pin(async move {
                    while timer.now() < Tick::ZERO + deadline {
                        timer.sleep_until(Tick::ZERO + deadline).await;
                    }
                    rang.lock().expect("nobody panics").push(timer.now().since(Tick::ZERO));
                }));
            }
            platform.pass_until(Tick::ZERO + 151 * year, &Activity::default()).await.expect("nothing breaks");
            Arc::try_unwrap(rang).expect("all have rung").into_inner().expect("nobody panics")
        });
        assert_eq!(rang, [3 * year, 19 * year, 150 * year, 150 * year + Duration::from_millis(1)]);
    }

    #[test]
    fn settling_takes_no_time() {
        paused(async |platform: Paused| {
            let timer = platform.timer();
            platform.spawn(Box::pin(async move { timer.sleep_until(Tick::from_nanos(1_000_000)).await }));
            platform.settle(&Activity::default()).await.expect("nothing breaks");
            assert_eq!(platform.timer.now(), Tick::ZERO);
        });
    }
}
