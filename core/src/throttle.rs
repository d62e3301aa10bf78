//! The throttle: concurrency, rates, cost and pause, decided together.

mod acquire;
mod builder;
mod check;
mod error;
mod lines;
mod permit;
mod reservation;
mod server;
mod settings;
mod tally;

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use acquire::{Acquire, Consume};
pub use builder::Builder;
pub use check::{Check, Hold};
pub use error::{AdmitError, CostError, NotInsideError, TryAdmitError};
pub(crate) use lines::checked_cost;
pub use permit::Permit;
pub use reservation::{Reservation, Reserve};
pub use settings::Settings;

use crate::config::ConfigError;
use crate::engine::Engine;
use crate::events::{Reason, Voice};
use crate::rate::Verdict;
use crate::sync::Arc;
use crate::time::{Tick, Timer, nanos};
use crate::units::{MAX_UNITS, Micros, to_micros};
use lines::{Lines, Request};

/// A permit of a [`Throttle`], held by reference.
pub type ThrottlePermit<'a, T> = Permit<&'a Throttle<T>, T>;

/// A permit of a [`Throttle`] that can move into a task.
pub type OwnedThrottlePermit<T> = Permit<Throttle<T>, T>;

/// Lets calls in when a slot is free, every rate allows their cost, and nobody said pause.
///
/// All of it is taken together or nothing is. A call that waits for a rate holds no slot meanwhile.
///
/// ```
/// use std::time::Duration;
/// use tollgate_core::{Rate, Throttle, time::ManualTimer};
///
/// # futures::executor::block_on(async {
/// let throttle = Throttle::builder_on(ManualTimer::new())
///     .rate(Rate::per_second(100.0))                 // exact sliding window
///     .rate(Rate::per_minute(2_000.0))
///     .concurrency(3)
///     .build()?;
/// let permit = throttle.acquire().await?;            // cost 1
/// drop(permit);                                      // the slot is free again
/// let answer = throttle.run(async { 42 }).await?;
/// throttle.acquire_cost(2.5).await?;
/// throttle.pause(Duration::from_secs(30));           // nobody enters; those inside go on
/// # assert_eq!(answer, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// Clones share one throttle. It needs no runtime to be made, and permits may be dropped anywhere.
///
/// # What it promises
/// - **Never over**: within its limits there is no window in which more is let in than was configured.
/// - **Never idle**: who may go, goes; nothing is held back for longer than the timer is late.
///
/// # Fairness
/// First come, first served, whatever the costs: a heavy call at the front is not overtaken, and
/// newcomers do not slip past those who wait. [`consume`](Self::consume) says how it fits in.
///
/// # Cancel safety
/// Dropping a waiting future gives up its place. If it had been let in but not been polled again, its
/// slot and units are given back as if it had never been.
///
/// # Cost
/// A throttle has one alarm, set for the front of the line only while somebody waits on time, and no
/// background task. One wake-up lets in all that is due, whether or not the tasks get polled.
///
/// Being let in at once spends nothing of a runtime's cooperative budget, so a loop that only acquires, and never
/// has to wait, does not yield.
///
/// # Costs
/// Any finite number from 0 up to what can ever be admitted at once; anything else is an error at once,
/// and takes nothing. Costs are counted in millionths. A cost of 0 takes its turn and a slot, and
/// nothing from the rates.
pub struct Throttle<T: Timer> {
    engine: Arc<Engine<Lines, T>>,
}

impl<T: Timer> Throttle<T> {
    /// Builds a throttle on the timer of this platform.
    pub fn builder() -> Builder<T>
    where
        T: Default,
    {
        Builder::new(T::default())
    }

    /// Builds a throttle on a timer of your own.
    pub fn builder_on(timer: T) -> Builder<T> {
        Builder::new(timer)
    }

    fn new_on(timer: T, settings: Settings) -> Result<Self, ConfigError> {
        let limits = settings.limits(Tick::ZERO)?;
        Ok(Self { engine: Engine::new(timer, Lines::new(limits), settings.most_waiting(), Voice::new()) })
    }

    /// One that lets nobody in, ever, and of which nobody is told.
    #[cfg(feature = "http")]
    pub(crate) fn asleep(timer: T) -> Self {
        let mut limits = Settings::new().limits(Tick::ZERO).expect("nothing is set that could make no sense");
        limits.pause(Tick::ZERO, Tick::MAX);
        Self { engine: Engine::new(timer, Lines::new(limits), usize::MAX, Voice::silent()) }
    }

    /// Waits to be let in, at a cost of 1.
    ///
    /// # Errors
    /// [`AdmitError::Closed`]; [`AdmitError::QueueFull`] if as many wait as may; [`AdmitError::Cost`]
    /// if a rate can never admit as much as 1.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire(&self) -> Acquire<&Self, T> {
        self.acquire_cost(1.0)
    }

    /// Waits to be let in, at a cost of so many units of every rate.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire_cost(&self, cost: f64) -> Acquire<&Self, T> {
        Acquire::new(self, cost)
    }

    /// Like [`acquire`](Self::acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(&self) -> Acquire<Self, T> {
        self.acquire_cost_owned(1.0)
    }

    /// Like [`acquire_cost`](Self::acquire_cost), with a permit that can move into a task.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_cost_owned(&self, cost: f64) -> Acquire<Self, T> {
        Acquire::new(self.clone(), cost)
    }

    /// Enters at once, at a cost of 1, or not at all. Overtakes nobody.
    ///
    /// # Errors
    /// [`TryAdmitError::NotNow`] if the call would have to wait; otherwise as [`acquire`](Self::acquire).
    pub fn try_acquire(&self) -> Result<ThrottlePermit<'_, T>, TryAdmitError> {
        self.try_acquire_cost(1.0)
    }

    /// Enters at once, or not at all. Overtakes nobody.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_cost(&self, cost: f64) -> Result<ThrottlePermit<'_, T>, TryAdmitError> {
        let admitted = self.engine.try_admit(&mut Request::caller(cost))?;
        Ok(Permit::new(self, cost, &admitted))
    }

    /// Like [`try_acquire`](Self::try_acquire), with a permit that can move into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_owned(&self) -> Result<OwnedThrottlePermit<T>, TryAdmitError> {
        self.try_acquire_cost_owned(1.0)
    }

    /// Like [`try_acquire_cost`](Self::try_acquire_cost), with a permit that can move into a task.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_cost_owned(&self, cost: f64) -> Result<OwnedThrottlePermit<T>, TryAdmitError> {
        let admitted = self.engine.try_admit(&mut Request::caller(cost))?;
        Ok(Permit::new(self.clone(), cost, &admitted))
    }

    /// Waits to be let in, then runs `future` to its end, inside.
    ///
    /// The call counts from when the future is polled first; room is [kept](Self::reserve) for it until then.
    ///
    /// The permit is given back when the future is ready, panics, or is dropped. The result is that of the
    /// wait, around whatever the future returns: for a future that can fail itself, `run(..).await??`. To
    /// limit the wait and not the call, [`acquire`](Self::acquire) with a [timeout](Acquire::timeout) and keep
    /// the permit.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); the future has not been polled then.
    pub async fn run<F: Future>(&self, future: F) -> Result<F::Output, AdmitError> {
        self.run_cost(1.0, future).await
    }

    /// Like [`run`](Self::run), at a cost.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); the future has not been polled then.
    pub async fn run_cost<F: Future>(&self, cost: f64, future: F) -> Result<F::Output, AdmitError> {
        let _permit = self.reserve_cost(cost).await?.begin();
        Ok(future.await)
    }

    /// Waits for units of every rate, without a slot and whether paused or not.
    ///
    /// For what is found out afterwards to have cost more. Those who only consume may pass callers held
    /// up by a slot or a pause; where units are what both wait for, who came first goes first. Rates
    /// that count until answered count it as answered at once.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place; units already granted are given back.
    pub fn consume(&self, cost: f64) -> Consume<'_, T> {
        Consume::new(self, cost)
    }

    /// Gives units back to every rate, as if so much had not been used.
    ///
    /// For calls that turned out to cost less. At most what still counts comes back. Which calls these
    /// units are of is not known, so they are taken from those that would soonest stop counting by
    /// themselves; calls inside come last. For a call that was not made at all there is
    /// [`Permit::refund`], which does know. Not both for one call: a bucket would give back twice.
    ///
    /// # Errors
    /// If `cost` is NaN, infinite or negative; nothing is given back then.
    pub fn refund(&self, cost: f64) -> Result<(), CostError> {
        if !(cost >= 0.0 && cost.is_finite()) {
            return Err(CostError::Invalid { cost });
        }
        let cost = to_micros(cost.min(MAX_UNITS));
        self.engine.change(|state, now| state.book.limits.refund(now, cost));
        Ok(())
    }

    /// Ends a call of this cost whose permit was [forgotten](Permit::forget), as dropping the permit would have.
    ///
    /// # Errors
    /// If no such call is inside, or the calls whose permits were forgotten cost less in all; nothing has
    /// changed then.
    ///
    /// ```
    /// use tollgate_core::{Throttle, time::ManualTimer};
    ///
    /// let throttle = Throttle::builder_on(ManualTimer::new()).concurrency(1).build()?;
    /// throttle.try_acquire()?.forget();
    /// assert!(throttle.try_acquire().is_err());
    /// throttle.release(1.0)?;
    /// assert!(throttle.try_acquire().is_ok());
    /// assert!(throttle.release(1.0).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn release(&self, cost: f64) -> Result<(), NotInsideError> {
        let micros = micros_of(cost);
        let known = self.engine.go_on(
            |lines| lines.limits.release_needs_time(),
            |state, now| {
                let known = state.book.forgotten.take(micros);
                if known {
                    state.book.limits.release(now, micros);
                }
                known
            },
        );
        if known { Ok(()) } else { Err(NotInsideError { cost }) }
    }

    /// Holds everybody until so long from now; those inside go on.
    ///
    /// A pause only ever extends one that is on. [`Duration::MAX`] holds until [`resume`](Self::resume).
    pub fn pause(&self, duration: Duration) {
        let nanos = nanos(duration);
        let holds =
            self.engine.change(|state, now| state.book.limits.pause(now, Tick(now.0.saturating_add(nanos))));
        self.engine.voice().paused(holds, duration, Reason::Pause);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        let was_paused = self.engine.change(|state, now| state.book.limits.resume(now));
        self.engine.voice().resumed(was_paused);
    }

    /// Whether a pause is on.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.engine.look(|state, now| state.book.limits.paused(now) != Verdict::Now)
    }

    /// The settings at work.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.engine.peek(|state| Settings::of(&state.book.limits, state.max_waiting))
    }

    /// Changes the settings while calls wait and are inside.
    ///
    /// A rate that stays as it is goes on; the others are matched with those before by their order, and
    /// what was used under the old one stays used, so that a change hands out no fresh quota. Calls inside go
    /// on; those who wait keep their places, also where they are more than a new queue bound. Whoever waits with
    /// a cost that can no longer be admitted is turned away with [`AdmitError::Cost`].
    ///
    /// Units of calls that were let in before, or at that very moment, do not come back to the rates set here
    /// when such a call is refunded or dropped unpolled; they come back with time.
    ///
    /// # Errors
    /// If a parameter makes no sense; nothing has changed then.
    ///
    /// ```
    /// use tollgate_core::{Rate, Throttle, time::ManualTimer};
    ///
    /// let throttle = Throttle::builder_on(ManualTimer::new()).rate(Rate::per_second(2.0)).build()?;
    /// let _inside = throttle.try_acquire_cost(2.0)?;
    /// throttle.update(throttle.settings().set_rates([Rate::per_second(3.0)]))?;
    /// assert_eq!(throttle.available(), 1.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update(&self, settings: Settings) -> Result<(), ConfigError> {
        self.engine.update(|state, now| {
            settings.apply(&mut state.book.limits, now)?;
            state.max_waiting = settings.most_waiting();
            Ok(())
        })
    }

    /// Closes the throttle: everybody who waits, or will ask, gets an error. Calls inside go on.
    pub fn close(&self) {
        self.engine.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine.peek(|state| state.closed)
    }

    /// Whether a call of cost 1 would have to wait, or could not be admitted at all.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        !self.check(1.0).is_ready()
    }

    /// Units that the rates would admit at once; infinity if there is no rate.
    #[must_use]
    pub fn available(&self) -> f64 {
        self.engine.look(|state, now| state.book.limits.available(now))
    }

    /// Whether all is as it was when new: nobody waits or is inside, no pause is on, no rate counts anything.
    ///
    /// Another throttle with the same settings would decide the same from now on, so this one can be dropped.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.engine.look(|state, now| state.waiting() == 0 && state.book.limits.is_fresh(now))
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.engine.peek(|state| state.waiting())
    }

    /// How many calls are inside.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.engine.peek(|state| state.book.limits.slots().taken())
    }

    /// The timer.
    #[must_use]
    pub fn timer(&self) -> &T {
        self.engine.timer()
    }

    fn engine(&self) -> &Arc<Engine<Lines, T>> {
        &self.engine
    }

    #[inline]
    fn end(&self, cost: Micros) {
        self.engine.go_on(
            |lines| lines.limits.release_needs_time(),
            |state, now| state.book.limits.release(now, cost),
        );
    }
}

/// A cost that may make no sense, in which case no call has it.
fn micros_of(cost: f64) -> Micros {
    if (0.0..=MAX_UNITS).contains(&cost) { to_micros(cost) } else { Micros::MAX }
}

impl<T: Timer> Clone for Throttle<T> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone() }
    }
}

impl<T: Timer> fmt::Debug for Throttle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle")
            .field("settings", &self.settings())
            .field("waiting", &self.waiting())
            .field("in_flight", &self.in_flight())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
