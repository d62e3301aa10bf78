//! A timer whose clock can be made to jump.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tollgate_core::time::{Tick, Timer};

/// Shows the time of another timer, shifted by a start and by jumps.
///
/// It knows all alarms that are set, so that a jump can ring those that it makes due, and set the others
/// anew. Its alarms are those of the other timer.
pub struct JumpTimer<T: Timer> {
    shared: Arc<Shared<T>>,
}

struct Shared<T: Timer> {
    inner: T,
    /// The inner timer's reading at the beginning.
    zero: Tick,
    state: Mutex<State<T::Sleep>>,
}

struct State<S> {
    /// What is added to the time since the beginning.
    shift: i128,
    alarms: BTreeMap<u64, Alarm<S>>,
    /// The number of the next alarm.
    next: u64,
}

struct Alarm<S> {
    /// By the shifted clock.
    deadline: Tick,
    inner: Pin<Box<S>>,
    waker: Waker,
    call: Call,
}

/// What a jump has done to an alarm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    /// It rings by itself.
    None,
    /// It is due, and has not rung.
    Due,
    /// It was due, and has rung.
    Rung,
}

impl<T: Timer> Clone for JumpTimer<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T: Timer> JumpTimer<T> {
    /// A timer that stands at `start` nanoseconds.
    pub fn new(inner: T, start: u64) -> Self {
        let state = State { shift: i128::from(start), alarms: BTreeMap::new(), next: 0 };
        let zero = inner.now();
        Self { shared: Arc::new(Shared { inner, zero, state: Mutex::new(state) }) }
    }

    /// The inner timer's reading at the beginning.
    pub fn zero(&self) -> Tick {
        self.shared.zero
    }

    /// The time since the beginning, without start and jumps.
    pub fn unjumped(&self) -> Duration {
        self.shared.inner.now().since(self.shared.zero)
    }

    /// Moves the clock by so many nanoseconds. Alarms that are due then ring at the next [`ring`](Self::ring).
    pub fn jump(&self, by: i128) {
        let mut done_with = Vec::new();
        let mut state = self.shared.lock();
        state.shift += by;
        let shift = state.shift;
        let now = self.shared.shifted(shift);
        for alarm in state.alarms.values_mut().filter(|alarm| alarm.call != Call::Rung) {
            alarm.call = Call::Due;
            if alarm.deadline > now {
                let inner = self.shared.alarm(alarm.deadline, shift, false);
                done_with.push(std::mem::replace(&mut alarm.inner, inner));
                if alarm.inner.as_mut().poll(&mut Context::from_waker(&alarm.waker)).is_pending() {
                    alarm.call = Call::None;
                }
            }
        }
        drop(state);
    }

    /// Rings the alarms that a jump has made due, in order; returns how many rang.
    pub fn ring(&self) -> usize {
        let mut due: Vec<(Tick, u64, Waker)> = Vec::new();
        let mut state = self.shared.lock();
        for (&id, alarm) in state.alarms.iter_mut().filter(|(_, alarm)| alarm.call == Call::Due) {
            alarm.call = Call::Rung;
            due.push((alarm.deadline, id, alarm.waker.clone()));
        }
        drop(state);
        due.sort_by_key(|&(deadline, id, _)| (deadline, id));
        let rung = due.len();
        due.into_iter().for_each(|(_, _, waker)| waker.wake());
        rung
    }

    /// The inner timer's reading at which the next alarm is due.
    pub fn next_alarm(&self) -> Option<Tick> {
        let state = self.shared.lock();
        let waiting = state.alarms.values().filter(|alarm| alarm.call != Call::Rung);
        let next = waiting.map(|alarm| alarm.deadline).min()?;
        Some(self.shared.unshifted(next, state.shift))
    }
}

impl<T: Timer> Timer for JumpTimer<T> {
    type Sleep = JumpSleep<T>;

    fn now(&self) -> Tick {
        let shift = self.shared.lock().shift;
        self.shared.shifted(shift)
    }

    fn sleep_until(&self, deadline: Tick) -> JumpSleep<T> {
        JumpSleep { shared: self.shared.clone(), deadline, again: false, id: None }
    }

    fn sleep_again(&self, deadline: Tick) -> JumpSleep<T> {
        JumpSleep { shared: self.shared.clone(), deadline, again: true, id: None }
    }
}

impl<T: Timer> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T::Sleep>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shifted(&self, shift: i128) -> Tick {
        let since = i128::from(self.inner.now().as_nanos()) - i128::from(self.zero.as_nanos());
        clamped(since + shift)
    }

    fn unshifted(&self, at: Tick, shift: i128) -> Tick {
        clamped(i128::from(at.as_nanos()) - shift + i128::from(self.zero.as_nanos()))
    }

    fn alarm(&self, deadline: Tick, shift: i128, again: bool) -> Pin<Box<T::Sleep>> {
        let at = self.unshifted(deadline, shift);
        Box::pin(if again { self.inner.sleep_again(at) } else { self.inner.sleep_until(at) })
    }
}

fn clamped(nanos: i128) -> Tick {
    Tick::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

/// The alarm of a [`JumpTimer`].
#[must_use = "futures do nothing unless polled"]
pub struct JumpSleep<T: Timer> {
    shared: Arc<Shared<T>>,
    deadline: Tick,
    /// The one before it rang early.
    again: bool,
    /// Its number, once set.
    id: Option<u64>,
}

impl<T: Timer> Future for JumpSleep<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        // What is replaced may hold the last handle on whoever set the alarm, who then takes it back,
        // for which the lock must be free: so it is dropped at the very end.
        let mut done_with = (None, None, None);
        let mut state = this.shared.lock();
        let due = this.shared.shifted(state.shift) >= this.deadline;
        let shift = state.shift;
        let mut alarm = this.id.take().and_then(|id| state.alarms.remove(&id));
        let ready = due || {
            let mut inner = match alarm.take() {
                Some(Alarm { inner, waker, call: Call::None, .. }) => {
                    done_with.1 = Some(waker);
                    inner
                }
                stale => {
                    done_with.2 = stale;
                    this.shared.alarm(this.deadline, shift, this.again)
                }
            };
            let ready = inner.as_mut().poll(cx).is_ready();
            if ready {
                done_with.0 = Some(inner);
            } else {
                let (id, waker) = (state.next, cx.waker().clone());
                state.next += 1;
                state.alarms.insert(id, Alarm { deadline: this.deadline, inner, waker, call: Call::None });
                this.id = Some(id);
            }
            ready
        };
        drop(state);
        drop((alarm, done_with));
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T: Timer> Drop for JumpSleep<T> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            let alarm = self.shared.lock().alarms.remove(&id);
            drop(alarm);
        }
    }
}
