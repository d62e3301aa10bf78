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
    /// For the library one of its own: what a timer knows of the last alarm set on it must stay true.
    inner: Arc<T>,
    shared: Arc<Shared<T>>,
    /// Who sets alarms here: the library under test, or the runner of the scenario.
    tested: bool,
}

struct Shared<T: Timer> {
    /// The inner timer's reading at the beginning.
    zero: Tick,
    state: Mutex<State<T>>,
}

struct State<T: Timer> {
    /// What is added to the time since the beginning.
    shift: i128,
    /// By deadline on the shifted clock, and then as they were set.
    alarms: BTreeMap<(Tick, u64), Alarm<T>>,
    /// The number of the next alarm.
    next: u64,
}

struct Alarm<T: Timer> {
    timer: Arc<T>,
    inner: Pin<Box<T::Sleep>>,
    waker: Waker,
    call: Call,
    tested: bool,
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
        Self { inner: self.inner.clone(), shared: self.shared.clone(), tested: self.tested }
    }
}

impl<T: Timer> JumpTimer<T> {
    /// A timer that stands at `start` nanoseconds, for the runner.
    pub fn new(inner: T, start: u64) -> Self {
        let state = State { shift: i128::from(start), alarms: BTreeMap::new(), next: 0 };
        let zero = inner.now();
        let shared = Arc::new(Shared { zero, state: Mutex::new(state) });
        Self { inner: Arc::new(inner), shared, tested: false }
    }

    /// The same timer, for the library.
    pub fn under_test(&self) -> Self
    where
        T: Clone,
    {
        Self { inner: Arc::new(T::clone(&self.inner)), shared: self.shared.clone(), tested: true }
    }

    /// How many alarms the library has set.
    pub fn alarms_under_test(&self) -> usize {
        self.shared.lock().alarms.values().filter(|alarm| alarm.tested).count()
    }

    /// The inner timer's reading at the beginning.
    pub fn zero(&self) -> Tick {
        self.shared.zero
    }

    /// The time since the beginning, without start and jumps.
    pub fn unjumped(&self) -> Duration {
        self.inner.now().since(self.shared.zero)
    }

    /// Moves the clock by so many nanoseconds. Alarms that are due then ring at the next [`ring`](Self::ring).
    pub fn jump(&self, by: i128) {
        let mut done_with = Vec::new();
        let mut state = self.shared.lock();
        state.shift += by;
        let shift = state.shift;
        let now = self.shared.shifted(&*self.inner, shift);
        for (&(deadline, _), alarm) in state.alarms.iter_mut().filter(|(_, alarm)| alarm.call != Call::Rung) {
            alarm.call = Call::Due;
            if deadline > now {
                let inner = self.shared.alarm(&*alarm.timer, deadline, shift, false);
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
        let mut due: Vec<Waker> = Vec::new();
        let mut state = self.shared.lock();
        for alarm in state.alarms.values_mut().filter(|alarm| alarm.call == Call::Due) {
            alarm.call = Call::Rung;
            due.push(alarm.waker.clone());
        }
        drop(state);
        let rung = due.len();
        due.into_iter().for_each(Waker::wake);
        rung
    }

    /// The inner timer's reading at which the next alarm is due.
    pub fn next_alarm(&self) -> Option<Tick> {
        let state = self.shared.lock();
        let mut waiting = state.alarms.iter().filter(|(_, alarm)| alarm.call != Call::Rung);
        let (&(deadline, _), _) = waiting.next()?;
        Some(self.shared.unshifted(deadline, state.shift))
    }
}

impl<T: Timer> JumpTimer<T> {
    fn sleep(&self, deadline: Tick, again: bool) -> JumpSleep<T> {
        JumpSleep { timer: self.clone(), deadline, again, id: None }
    }
}

impl<T: Timer> Timer for JumpTimer<T> {
    type Sleep = JumpSleep<T>;

    fn now(&self) -> Tick {
        let shift = self.shared.lock().shift;
        self.shared.shifted(&*self.inner, shift)
    }

    fn sleep_until(&self, deadline: Tick) -> JumpSleep<T> {
        self.sleep(deadline, false)
    }

    fn sleep_again(&self, deadline: Tick) -> JumpSleep<T> {
        self.sleep(deadline, true)
    }
}

impl<T: Timer> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shifted(&self, timer: &T, shift: i128) -> Tick {
        let since = i128::from(timer.now().as_nanos()) - i128::from(self.zero.as_nanos());
        clamped(since + shift)
    }

    fn unshifted(&self, at: Tick, shift: i128) -> Tick {
        clamped(i128::from(at.as_nanos()) - shift + i128::from(self.zero.as_nanos()))
    }

    fn alarm(&self, timer: &T, deadline: Tick, shift: i128, again: bool) -> Pin<Box<T::Sleep>> {
        let at = self.unshifted(deadline, shift);
        Box::pin(if again { timer.sleep_again(at) } else { timer.sleep_until(at) })
    }
}

fn clamped(nanos: i128) -> Tick {
    Tick::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

/// The alarm of a [`JumpTimer`].
#[must_use = "futures do nothing unless polled"]
pub struct JumpSleep<T: Timer> {
    timer: JumpTimer<T>,
    deadline: Tick,
    /// The one before it rang early.
    again: bool,
    /// Its number, once set.
    id: Option<(Tick, u64)>,
}

impl<T: Timer> Future for JumpSleep<T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let JumpTimer { inner: timer, shared, tested } = this.timer.clone();
        // What is replaced may hold the last handle on whoever set the alarm, who then takes it back,
        // for which the lock must be free: so it is dropped at the very end.
        let mut done_with = (None, None, None);
        let mut state = shared.lock();
        let due = shared.shifted(&*timer, state.shift) >= this.deadline;
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
                    shared.alarm(&*timer, this.deadline, shift, this.again)
                }
            };
            let ready = inner.as_mut().poll(cx).is_ready();
            if ready {
                done_with.0 = Some(inner);
            } else {
                let id = (this.deadline, state.next);
                let waker = cx.waker().clone();
                state.next += 1;
                state.alarms.insert(id, Alarm { timer, inner, waker, call: Call::None, tested });
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
            let alarm = self.timer.shared.lock().alarms.remove(&id);
            drop(alarm);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use tollgate_core::time::ManualTimer;

    use super::*;

    #[derive(Default)]
    struct Rings(AtomicUsize);

    impl Wake for Rings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_jump_rings_what_it_makes_due_and_sets_the_rest_anew() {
        let manual = ManualTimer::new();
        let timer = JumpTimer::new(manual.clone(), 1_000);
        let rings = Arc::new(Rings::default());
        let waker = Waker::from(rings.clone());
        let poll = |sleep: &mut JumpSleep<ManualTimer>| {
            Pin::new(sleep).poll(&mut Context::from_waker(&waker)).is_ready()
        };
        let (mut soon, mut late) =
            (timer.sleep_until(Tick::from_nanos(1_010)), timer.sleep_until(Tick::from_nanos(1_030)));
        assert!(!poll(&mut soon) && !poll(&mut late));
        timer.jump(20);
        let rung = || rings.0.load(Ordering::Relaxed);
        assert_eq!((rung(), timer.ring(), rung(), timer.ring()), (0, 1, 1, 0));
        assert!(poll(&mut soon) && !poll(&mut late));
        assert_eq!(
            (timer.next_alarm(), manual.next_alarm()),
            (Some(Tick::from_nanos(10)), Some(Tick::from_nanos(10)))
        );
        timer.jump(-40);
        assert_eq!(manual.next_alarm(), Some(Tick::from_nanos(50)));
        manual.advance_to(Tick::from_nanos(50));
        assert!(poll(&mut late));
        assert_eq!((timer.next_alarm(), timer.unjumped()), (None, Duration::from_nanos(50)));
    }
}
