//! A throttle for each key, and one for all of them together.

mod acquire;
mod book;
mod builder;
mod permit;

use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::time::Duration;

pub use acquire::Acquire;
pub use builder::Builder;
pub use permit::Permit;

use crate::engine::Engine;
use crate::events::Reason;
use crate::sync::Arc;
use crate::throttle::{AdmitError, TryAdmitError};
use crate::time::{Tick, Timer, nanos};
use crate::units::{MAX_UNITS, to_micros};
use book::{Hosts, Request};

/// What can be a key: hosts, tenants, endpoints.
///
/// Implemented for every type that has what it takes. Hashing, comparing, cloning and dropping keys
/// happens within the instance, so these must neither panic nor use it.
pub trait Key: Hash + Eq + Clone + Send + Unpin + 'static {}

impl<K: Hash + Eq + Clone + Send + Unpin + 'static> Key for K {}

/// Limits for each key, and limits for all of them together.
///
/// A call is let in when its key and the total allow it, both taken together or not at all. A key that
/// is full, paused or out of quota never blocks another one.
///
/// ```
/// use tollgate_core::{Keyed, Rate, Settings, time::ManualTimer};
///
/// # futures::executor::block_on(async {
/// let hosts = Keyed::builder_on(ManualTimer::new())
///     .total(Settings::new().concurrency(30))
///     .per_key(Settings::new().concurrency(2).rate(Rate::per_second(10.0)))
///     .build()?;
/// let first = hosts.acquire("a.example").await?;
/// let second = hosts.acquire("a.example").await?;
/// assert!(hosts.try_acquire("a.example").is_err());
/// let other = hosts.acquire("b.example").await?;     // not held up by a.example
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
///
/// Clones share one instance.
///
/// # Fairness
/// First come, first served over all keys: who came first goes first, unless its own key holds it up.
/// Where the total is what is missing, nobody overtakes, whatever the costs. Within a key the order is
/// that of a [`Throttle`](crate::Throttle).
///
/// # Keys
/// A key's limits are made on its first use and dropped when it is idle: nobody inside or waiting, no
/// pause, and every rate as full as a new one. A few dozen idle ones may stay until more keys come. Memory
/// is bounded by the keys in use and those whose rates still remember something.
///
/// # Cancel safety
/// Dropping a waiting future gives up its place. If it had been let in but not been polled again, slots
/// and units are given back as if it had never been.
pub struct Keyed<K: Key, T: Timer> {
    engine: Arc<Engine<Hosts<K>, T>>,
}

impl<K: Key, T: Timer> Keyed<K, T> {
    /// Builds on the timer of this platform.
    pub fn builder() -> Builder<K, T>
    where
        T: Default,
    {
        Builder::new(T::default())
    }

    /// Builds on a timer of your own.
    pub fn builder_on(timer: T) -> Builder<K, T> {
        Builder::new(timer)
    }

    /// Waits to be let in under `key`, at a cost of 1.
    ///
    /// # Errors
    /// [`AdmitError::Closed`]; [`AdmitError::QueueFull`] if as many wait as may; [`AdmitError::Cost`]
    /// if a rate can never admit as much as 1.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire(&self, key: K) -> Acquire<K, T> {
        self.acquire_cost(key, 1.0)
    }

    /// Waits to be let in under `key`, at a cost of so many units of every rate.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in line.
    pub fn acquire_cost(&self, key: K, cost: f64) -> Acquire<K, T> {
        Acquire::new(self.clone(), Request::new(key, cost))
    }

    /// Enters under `key` at once, at a cost of 1, or not at all. Overtakes nobody who could go.
    ///
    /// # Errors
    /// [`TryAdmitError::NotNow`] if the call would have to wait; otherwise as [`acquire`](Self::acquire).
    pub fn try_acquire(&self, key: K) -> Result<Permit<K, T>, TryAdmitError> {
        self.try_acquire_cost(key, 1.0)
    }

    /// Enters under `key` at once, or not at all. Overtakes nobody who could go.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_cost(&self, key: K, cost: f64) -> Result<Permit<K, T>, TryAdmitError> {
        let mut request = Request::new(key, cost);
        let admitted = self.engine.try_admit(&mut request)?;
        Ok(Permit::new(self.clone(), request.place(), cost, &admitted))
    }

    /// Waits to be let in under `key`, then runs `future` to its end, inside.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); the future has not been polled then.
    pub async fn run<F: Future>(&self, key: K, future: F) -> Result<F::Output, AdmitError> {
        self.run_cost(key, 1.0, future).await
    }

    /// Like [`run`](Self::run), at a cost.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire); the future has not been polled then.
    pub async fn run_cost<F: Future>(&self, key: K, cost: f64, future: F) -> Result<F::Output, AdmitError> {
        let _permit = self.acquire_cost(key, cost).await?;
        Ok(future.await)
    }

    /// Holds everybody until so long from now; those inside go on. Only ever extends.
    pub fn pause(&self, duration: Duration) {
        let nanos = nanos(duration);
        let holds =
            self.engine.change(|state, now| state.book.total.pause(now, Tick(now.0.saturating_add(nanos))));
        self.engine.voice().paused(holds, duration, Reason::Pause);
    }

    /// Ends a pause of everybody; keys that are paused by themselves stay so.
    pub fn resume(&self) {
        let was_paused = self.engine.change(|state, now| state.book.total.resume(now));
        self.engine.voice().resumed(was_paused);
    }

    /// Holds those of one key until so long from now; those inside go on. Only ever extends.
    pub fn pause_key(&self, key: &K, duration: Duration) {
        let nanos = nanos(duration);
        let holds = self
            .engine
            .change(|state, now| state.book.pause_key(key, Tick(now.0.saturating_add(nanos)), now));
        self.engine.voice().paused(holds, duration, Reason::Pause);
    }

    /// Holds those of one key off, because the server has refused a call of that key: as
    /// [`Throttle::hold_off`](crate::Throttle::hold_off).
    pub fn hold_off_key(&self, key: &K, duration: Duration, sent: Tick) {
        let nanos = nanos(duration);
        let holds = self.engine.change(|state, now| {
            let (until, sent) = (Tick(now.0.saturating_add(nanos)), state.steady_at(sent));
            state.book.hold_off_key(key, until, now, sent)
        });
        self.engine.voice().paused(holds, duration, Reason::Server);
    }

    /// Uses up units of one key, because the server says that so many remain: as
    /// [`Throttle::tighten`](crate::Throttle::tighten).
    pub fn tighten_key(&self, key: &K, remaining: f64) {
        if remaining >= 0.0 {
            let remaining = to_micros(remaining.min(MAX_UNITS));
            self.engine.change(|state, now| state.book.tighten_key(key, now, remaining));
        }
    }

    /// The timer.
    #[must_use]
    pub fn timer(&self) -> &T {
        self.engine.timer()
    }

    /// Ends the pause of one key.
    pub fn resume_key(&self, key: &K) {
        let was_paused = self.engine.change(|state, now| state.book.resume_key(key, now));
        self.engine.voice().resumed(was_paused);
    }

    /// Closes for all keys: everybody who waits, or will ask, gets an error. Calls inside go on.
    pub fn close(&self) {
        self.engine.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.engine.peek(|state| state.closed)
    }

    /// How many keys are remembered at the moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine.look(|state, now| state.book.sweep(now))
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many calls wait, over all keys.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.engine.peek(|state| state.waiting())
    }

    /// How many calls are inside, over all keys.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.engine.peek(|state| state.book.total.slots().taken())
    }

    fn engine(&self) -> &Arc<Engine<Hosts<K>, T>> {
        &self.engine
    }
}

impl<K: Key, T: Timer> Clone for Keyed<K, T> {
    fn clone(&self) -> Self {
        Self { engine: self.engine.clone() }
    }
}

impl<K: Key, T: Timer> fmt::Debug for Keyed<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("keys", &self.len())
            .field("waiting", &self.waiting())
            .field("in_flight", &self.in_flight())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
