//! A clock moved by hand, for tests and simulations that are exact and take no time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Tick, Timer};
use crate::sync::{Arc, Mutex};

/// A virtual clock: time passes only when told to.
///
/// Clones share one clock. Alarms ring in the order of their deadlines, and in the order in which
/// they were set where deadlines are equal. [`Wake`] makes the alarms ring early, late, or not at
/// all, as real ones do.
///
/// ```
/// use std::time::Duration;
/// use futures::FutureExt;
/// use tollgate_core::time::{ManualTimer, Tick, Timer};
///
/// let timer = ManualTimer::new();
/// let mut nap = timer.sleep_until(Tick::from_nanos(1_000_000_000));
/// assert!((&mut nap).now_or_never().is_none());
/// timer.advance(Duration::from_secs(1));
/// assert!(nap.now_or_never().is_some());
/// ```
#[derive(Clone, Default)]
pub struct ManualTimer {
    shared: Arc<Mutex<Clock>>,
}

/// When the alarms of a [`ManualTimer`] ring, measured against their deadlines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wake {
    /// On their deadline.
    #[default]
    OnTime,
    /// This long before their deadline, once; an alarm set again for the same deadline rings on time.
    Early(Duration),
    /// This long after their deadline.
    Late(Duration),
    /// Never, while the clock goes on.
    Frozen,
}

#[derive(Default)]
struct Clock {
    now: u64,
    wake: Wake,
    /// Alarms by when they ring; the number keeps those of one moment in the order they were set.
    alarms: BTreeMap<(u64, u64), Alarm>,
    /// The deadline that last rang early: set again, it rings on time, or early would be for ever.
    rang_early: Option<u64>,
    /// How many alarms were ever set; also the number of the next one.
    set: u64,
}

struct Alarm {
    deadline: u64,
    waker: Waker,
}

impl ManualTimer {
    /// A clock that stands at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A clock that stands at `start`.
    #[must_use]
    pub fn starting_at(start: Tick) -> Self {
        let timer = Self::new();
        timer.shared.lock().now = start.0;
        timer
    }

    /// Chooses when alarms set from now on will ring. Those already set keep their time.
    pub fn set_wake(&self, wake: Wake) {
        self.shared.lock().wake = wake;
    }

    /// Moves the clock on by `duration`, stopping at each alarm on the way to ring it.
    ///
    /// An alarm that is set in answer to a ring, and is due within the same `duration`, rings too.
    pub fn advance(&self, duration: Duration) {
        let target = self.now() + duration;
        self.advance_to(target);
    }

    /// Moves the clock on to `target`, like [`advance`](Self::advance); never back.
    pub fn advance_to(&self, target: Tick) {
        loop {
            let mut clock = self.shared.lock();
            let next = clock.next_ring().filter(|&at| at <= target.0);
            clock.now = clock.now.max(next.unwrap_or(target.0));
            drop(clock);
            if next.is_none() {
                return;
            }
            self.fire_due();
        }
    }

    /// Sets the clock to `target` without ringing anything, forward or back: a leap of the source.
    pub fn jump_to(&self, target: Tick) {
        self.shared.lock().now = target.0;
    }

    /// Rings every alarm that is due now, in order; returns how many rang.
    pub fn fire_due(&self) -> usize {
        let mut rung = 0;
        loop {
            let waker = {
                let mut clock = self.shared.lock();
                let now = clock.now;
                match clock.alarms.first_entry() {
                    Some(alarm) if alarm.key().0 <= now => {
                        let alarm = alarm.remove();
                        clock.rang_early = (alarm.deadline > now).then_some(alarm.deadline);
                        alarm.waker
                    }
                    _ => return rung,
                }
            };
            waker.wake();
            rung += 1;
        }
    }

    /// When the next alarm rings, if one is set.
    #[must_use]
    pub fn next_alarm(&self) -> Option<Tick> {
        self.shared.lock().next_ring().map(Tick)
    }

    /// How many alarms are set at this moment.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.shared.lock().alarms.len()
    }

    /// How many alarms were ever set.
    #[must_use]
    pub fn armed_ever(&self) -> u64 {
        self.shared.lock().set
    }
}

impl Timer for ManualTimer {
    type Sleep = ManualSleep;

    fn now(&self) -> Tick {
        Tick(self.shared.lock().now)
    }

    fn sleep_until(&self, deadline: Tick) -> ManualSleep {
        ManualSleep { timer: self.clone(), deadline: deadline.0, alarm: None }
    }
}

impl std::fmt::Debug for ManualTimer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = self.shared.lock();
        f.debug_struct("ManualTimer")
            .field("now", &clock.now)
            .field("wake", &clock.wake)
            .field("armed", &clock.alarms.len())
            .finish()
    }
}

/// The alarm of a [`ManualTimer`]. Dropping it takes the alarm back.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct ManualSleep {
    timer: ManualTimer,
    deadline: u64,
    alarm: Option<(u64, u64)>,
}

impl Future for ManualSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut clock = this.timer.shared.lock();
        let stale = match this.alarm {
            Some(key) => match clock.alarms.get_mut(&key) {
                Some(alarm) => Some(std::mem::replace(&mut alarm.waker, cx.waker().clone())),
                // It rang: early or not, that was the wake-up asked for.
                None => return Poll::Ready(()),
            },
            None if this.deadline <= clock.now => return Poll::Ready(()),
            None => {
                let rings = clock.rings_at(this.deadline);
                let key = (rings, clock.set);
                clock.set += 1;
                let alarm = Alarm { deadline: this.deadline, waker: cx.waker().clone() };
                clock.alarms.insert(key, alarm);
                this.alarm = Some(key);
                None
            }
        };
        drop(clock);
        drop(stale);
        Poll::Pending
    }
}

impl Drop for ManualSleep {
    fn drop(&mut self) {
        if let Some(key) = self.alarm {
            let alarm = self.timer.shared.lock().alarms.remove(&key);
            drop(alarm);
        }
    }
}

impl Clock {
    fn next_ring(&self) -> Option<u64> {
        self.alarms.keys().next().map(|&(at, _)| at).filter(|&at| at < u64::MAX)
    }

    fn rings_at(&self, deadline: u64) -> u64 {
        let nanos = super::nanos;
        match self.wake {
            Wake::OnTime => deadline,
            Wake::Early(_) if self.rang_early == Some(deadline) => deadline,
            Wake::Early(by) => deadline.saturating_sub(nanos(by)).max(self.now),
            Wake::Late(by) => deadline.saturating_add(nanos(by)),
            Wake::Frozen => u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::task::noop_waker;

    fn set(timer: &ManualTimer, at: u64) -> ManualSleep {
        let mut sleep = timer.sleep_until(Tick(at));
        let waker = noop_waker();
        assert!(sleep.poll_unpin(&mut Context::from_waker(&waker)).is_pending());
        sleep
    }

    #[test]
    fn a_dropped_sleep_leaves_no_alarm() {
        let timer = ManualTimer::new();
        let sleep = set(&timer, 10);
        assert_eq!((timer.armed(), timer.next_alarm()), (1, Some(Tick(10))));
        drop(sleep);
        assert_eq!((timer.armed(), timer.next_alarm()), (0, None));
    }

    #[test]
    fn early_late_and_frozen_alarms_ring_when_they_were_told_to() {
        let timer = ManualTimer::starting_at(Tick(100));
        timer.set_wake(Wake::Early(Duration::from_nanos(3)));
        let early = set(&timer, 110);
        timer.set_wake(Wake::Late(Duration::from_nanos(3)));
        let late = set(&timer, 110);
        timer.set_wake(Wake::Frozen);
        let frozen = set(&timer, 110);
        let rings = |to| {
            timer.advance_to(Tick(to));
            timer.armed()
        };
        assert_eq!([rings(106), rings(107), rings(112), rings(113), rings(9_999)], [3, 2, 2, 1, 1]);
        drop((early, late, frozen));
        assert_eq!(timer.armed(), 0);
    }
}
