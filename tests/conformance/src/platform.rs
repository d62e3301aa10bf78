//! Where a scenario is played: a timer, and something that runs tasks.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use tollgate_core::time::{Tick, Timer};

/// More polls than any scenario needs.
const MOST_POLLS: u64 = 2_000_000;

/// A timer, and something that runs tasks in the order in which they are woken.
pub trait Platform {
    /// The timer that is tested.
    type Timer: Timer + Clone;

    /// The timer that is tested.
    fn timer(&self) -> Self::Timer;

    /// How many seconds of the timer are one of the scenario.
    fn stretch(&self) -> u32;

    /// By how many of its seconds the timer may be late.
    fn granularity(&self) -> f64;

    /// Runs a task, later.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// Runs tasks until none can go on without time going on.
    fn settle(&self, activity: &Activity) -> impl Future<Output = Result<(), Stopped>>;

    /// Lets time go on until the timer shows `tick`, with all that happens on the way.
    fn pass_until(&self, tick: Tick, activity: &Activity) -> impl Future<Output = Result<(), Stopped>>;
}

/// Why a scenario was not played to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// It cannot be played here.
    NotApplicable(String),
    /// It makes no sense, or something broke.
    Broken(String),
}

/// What the tasks of a scenario are up to.
#[derive(Debug, Default)]
pub struct Activity {
    polls: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl Activity {
    /// Notes that a task is being polled.
    pub fn polled(&self) {
        self.polls.fetch_add(1, Ordering::Relaxed);
    }

    /// How many polls there were.
    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    /// Notes that something broke; the first is what counts.
    pub fn broke(&self, message: String) {
        let mut trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        trouble.get_or_insert(message);
    }

    /// Whether all is well.
    ///
    /// # Errors
    /// If something broke, or the tasks are polled without end.
    pub fn check(&self) -> Result<(), Stopped> {
        let trouble = self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match &*trouble {
            Some(message) => Err(Stopped::Broken(message.clone())),
            None if self.polls() > MOST_POLLS => {
                Err(Stopped::Broken(format!("hangs: tasks were polled more than {MOST_POLLS} times")))
            }
            None => Ok(()),
        }
    }
}

/// What a panic said.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| payload.downcast_ref::<String>().cloned());
    format!("panicked: {}", text.unwrap_or_else(|| "no message".into()))
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplicable(reason) | Self::Broken(reason) => f.write_str(reason),
        }
    }
}
