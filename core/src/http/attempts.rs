//! The decision, attempt by attempt.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::backoff::Backoff;
use super::budget::Budget;
use super::fields::Fields;
use super::policy::RetryPolicy;
use super::random::Random;
use crate::time::{NANOS_PER_SECOND, Tick, nanos};

/// As much longer than the server says, at most: one of so many parts, and this long.
const JITTER_PART: u64 = 10;
const MOST_JITTER: u64 = 5 * NANOS_PER_SECOND;

/// Methods that do no more when repeated than when sent once (RFC 9110 §9.2.2).
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/// Decides what becomes of answers and errors, for all requests of a client.
///
/// Cheap to ask, and shared by reference: what it remembers is the [budget](RetryPolicy::reserve) for retries.
#[derive(Debug)]
pub struct Retries {
    policy: RetryPolicy,
    budget: Mutex<Budget>,
    random: Random,
}

/// What matters of a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// As it is sent: methods are told apart by case.
    pub method: &'a str,
    /// Whether it has an `Idempotency-Key`, so that the server makes sure that repeating does no harm.
    pub idempotency_key: bool,
    /// Whether its body can be sent once more.
    pub repeatable_body: bool,
    /// When its caller will not wait any more.
    pub deadline: Option<Tick>,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// What it says about when to come again.
    pub fields: Fields<'a>,
    /// When it came.
    pub now: Tick,
    /// The same by the local wall clock, as the time since 1970.
    pub wall: Duration,
}

/// One request, and how often it has been sent.
#[derive(Debug)]
pub struct Attempts {
    retries: u32,
    may_be_repeated: bool,
    deadline: Option<Tick>,
    own_backoff: Option<Duration>,
}

impl Attempts {
    /// How often it has been sent again.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// How long to wait before the next retry if the server does not say, in place of what the policy says.
    pub fn set_backoff(&mut self, wait: Duration) {
        self.own_backoff = Some(wait);
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Verdict {
    /// Everybody who shares the throttle waits for so long: [`Throttle::hold_off`](crate::Throttle::hold_off).
    pub hold_off: Option<Duration>,
    /// No more than so many units remain: [`Throttle::tighten`](crate::Throttle::tighten).
    pub remaining: Option<f64>,
    /// The request is sent again: so long from now it queues like anybody else, and holds nothing until then.
    /// None: the caller gets the answer, or the error.
    pub retry: Option<Duration>,
}

impl Verdict {
    /// The answer, or the error, is the caller's, and nobody waits.
    pub const NONE: Self = Self { hold_off: None, remaining: None, retry: None };
}

impl<'a> Request<'a> {
    /// A request of this method, whose body can be repeated, and whose caller waits for as long as it takes.
    pub fn new(method: &'a str) -> Self {
        Self { method, idempotency_key: false, repeatable_body: true, deadline: None }
    }
}

impl<'a> Answer<'a> {
    /// An answer that came at this time.
    pub fn new(status: u16, fields: Fields<'a>, now: Tick, wall: Duration) -> Self {
        Self { status, fields, now, wall }
    }
}

impl Retries {
    /// A judge by these rules; equal seeds make equal choices.
    #[must_use]
    pub fn new(policy: RetryPolicy, seed: u64) -> Self {
        let budget = Mutex::new(Budget::new(policy.reserve));
        Self { policy, budget, random: Random::new(seed) }
    }

    /// A request is about to be sent for the first time.
    pub fn begin(&self, now: Tick, request: &Request<'_>) -> Attempts {
        self.budget().note_request(now);
        self.after(0, request)
    }

    /// A request that has begun, and has been sent again so often since: for bindings that keep only the number.
    #[must_use]
    pub fn after(&self, retries: u32, request: &Request<'_>) -> Attempts {
        let known = || match &self.policy.methods {
            Some(methods) => methods.iter().any(|method| method == request.method),
            None => IDEMPOTENT.contains(&request.method),
        };
        Attempts {
            retries,
            may_be_repeated: request.repeatable_body && (request.idempotency_key || known()),
            deadline: request.deadline,
            own_backoff: None,
        }
    }

    /// An answer has come.
    pub fn answered(&self, attempts: &mut Attempts, answer: &Answer<'_>) -> Verdict {
        let Answer { status, fields, now, wall } = *answer;
        let hint = fields.wait(wall.as_secs()).map(saturating_nanos);
        let is_refusal = self.is_refusal(status, &fields, hint);
        if !is_refusal && !self.policy.statuses.contains(&status) {
            return self.heeded(&fields);
        }
        let unhinted = self.policy.unhinted.as_ref().filter(|_| is_refusal);
        let wait = self.wait(hint, unhinted, attempts);
        let retry = self.repeated(&wait, attempts, now);
        if is_refusal {
            let hold_off = Some(Duration::from_nanos(wait.chosen.min(self.longest())));
            // It is the throttle that makes it wait, with everybody else.
            return Verdict { hold_off, retry: retry.map(|_| Duration::ZERO), remaining: None };
        }
        Verdict { retry, ..self.heeded(&fields) }
    }

    /// No answer has come: the connection failed, or was never made.
    pub fn failed(&self, attempts: &mut Attempts, now: Tick) -> Verdict {
        let wait = self.wait(None, None, attempts);
        Verdict { retry: self.repeated(&wait, attempts, now), ..Verdict::default() }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        // Nothing in here is left half done by a panic.
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server says that it is too much.
    fn is_refusal(&self, status: u16, fields: &Fields<'_>, hint: Option<u64>) -> bool {
        let later = || hint.is_some() || fields.nothing_remains();
        matches!(status, 429 | 503) || (self.policy.forbidden && status == 403 && later())
    }

    /// What an answer that is no refusal says about the next ones.
    fn heeded(&self, fields: &Fields<'_>) -> Verdict {
        let Some(quota) = fields.quota().filter(|_| self.policy.heed_quota) else {
            return Verdict::default();
        };
        let hold_off = |wait| Duration::from_nanos(saturating_nanos(wait).min(self.longest()));
        Verdict { hold_off: quota.reset.map(hold_off), remaining: Some(quota.remaining as f64), retry: None }
    }

    /// How long to wait: as the server hints, or else as is said for that.
    fn wait(&self, hint: Option<u64>, unhinted: Option<&Backoff>, attempts: &mut Attempts) -> Wait {
        let own = attempts.own_backoff.take();
        let Some(told) = hint else {
            let backoff = || unhinted.unwrap_or(&self.policy.backoff).after(attempts.retries, &self.random);
            let wait = own.map_or_else(backoff, nanos);
            return Wait { told: wait, chosen: wait };
        };
        // Only ever later than told.
        let most = if self.policy.jitter { (told / JITTER_PART).min(MOST_JITTER) } else { 0 };
        Wait { told, chosen: told.saturating_add(self.random.below(most)) }
    }

    /// The longest wait, in nanoseconds.
    fn longest(&self) -> u64 {
        nanos(self.policy.max_retry_after)
    }

    /// Whether it is sent once more, and after how long.
    fn repeated(&self, wait: &Wait, attempts: &mut Attempts, now: Tick) -> Option<Duration> {
        let in_time = attempts.deadline.is_none_or(|deadline| wait.chosen < deadline.0.saturating_sub(now.0));
        let repeated = attempts.may_be_repeated
            && attempts.retries < self.policy.retries
            && wait.told <= self.longest()
            && in_time
            && self.budget().take_retry(now);
        attempts.retries += u32::from(repeated);
        repeated.then(|| Duration::from_nanos(wait.chosen))
    }
}

/// How many nanoseconds to wait: as told, and with what chance adds.
struct Wait {
    told: u64,
    chosen: u64,
}

/// Of so many seconds.
fn saturating_nanos(seconds: u64) -> u64 {
    nanos(Duration::from_secs(seconds))
}
