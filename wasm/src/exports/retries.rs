//! Rules for what is sent again, as JavaScript asks for them.

use std::time::Duration;

use tollgate_core::http::{Answer, Fields, Request, Retries, RetryPolicy, Verdict};
use tollgate_core::time::Timer;

use super::settings::millis;
use crate::JsTimer;

/// What is told of a request and of what came back, besides a text.
pub(crate) struct Told {
    /// Whether it may be repeated: by its method, or because it has an idempotency key.
    pub(crate) may_repeat: bool,
    /// How often it has been sent again.
    pub(crate) again: u32,
    /// The status; 0 if no answer came.
    pub(crate) status: u16,
    /// Milliseconds of the wall clock since 1970.
    pub(crate) wall: f64,
    /// How long to wait if the server does not say, in milliseconds; below 0 if that is for the rules to say.
    pub(crate) backoff: f64,
}

/// Bits of what is on.
const JITTER: u32 = 1;
const FORBIDDEN_MAY_MEAN_LATER: u32 = 2;
const HEED_RATE_LIMIT_FIELDS: u32 = 4;

/// Rules. `max_retry_after` is in milliseconds; `seed` is a number below 1.
pub(crate) fn rules(
    retries: u32,
    max_retry_after: f64,
    flags: u32,
    seed: f64,
    statuses: Vec<u16>,
) -> Retries {
    let has = |flag: u32| flags & flag != 0;
    let policy = RetryPolicy::new()
        .retries(retries)
        .max_retry_after(millis(max_retry_after))
        .retry_on(statuses)
        .jitter(has(JITTER))
        .forbidden_may_mean_later(has(FORBIDDEN_MAY_MEAN_LATER))
        .heed_rate_limit_fields(has(HEED_RATE_LIMIT_FIELDS));
    Retries::new(policy, (seed * u64::MAX as f64) as u64)
}

/// What becomes of a request. Each line of the text is a field, in the order of [`Fields::NAMES`]; an empty one is absent.
pub(crate) fn judge(retries: &Retries, told: &Told, text: &[u8]) -> Verdict {
    let mut request = Request::new("");
    request.idempotency_key = told.may_repeat;
    let now = JsTimer::new().now();
    let mut attempts =
        if told.again == 0 { retries.begin(now, &request) } else { retries.after(told.again, &request) };
    if told.backoff >= 0.0 {
        attempts.set_backoff(millis(told.backoff));
    }
    if told.status == 0 {
        return retries.failed(&mut attempts, now);
    }
    let mut lines = text.split(|&byte| byte == b'\n');
    let fields = Fields::read(|_| lines.next().filter(|line| !line.is_empty()));
    let wall = Duration::from_millis(told.wall as u64);
    retries.answered(&mut attempts, &Answer::new(told.status, fields, now, wall))
}
