//! What is retried, how often, and when no more.

use std::time::Duration;

use super::backoff::Backoff;

/// When a request is sent again: [`Retries`](super::Retries).
///
/// The default: up to two more attempts of requests that may be repeated (GET, HEAD, OPTIONS, TRACE, PUT, DELETE, and
/// whatever has an `Idempotency-Key`), after a 429 or a 503, or when the connection failed; no wait longer than two
/// minutes; and retries no more than a fifth of all requests of ten seconds, plus ten.
#[derive(Clone, Debug)]
#[must_use = "settings do nothing by themselves"]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    pub(crate) max_retry_after: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) unhinted: Option<Backoff>,
    pub(crate) jitter: bool,
    pub(crate) statuses: Vec<u16>,
    /// The idempotent ones, if there are none.
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) forbidden: bool,
    pub(crate) heed_quota: bool,
    pub(crate) reserve: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 2,
            max_retry_after: Duration::from_secs(120),
            backoff: Backoff::default(),
            unhinted: None,
            jitter: true,
            statuses: Vec::new(),
            methods: None,
            forbidden: false,
            heed_quota: false,
            reserve: 10,
        }
    }
}

impl RetryPolicy {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most so many attempts after the first.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Who is told to wait longer than this gets the answer instead. The throttle holds off so long at most.
    pub fn max_retry_after(mut self, longest: Duration) -> Self {
        self.max_retry_after = longest;
        self
    }

    /// How long to wait before a retry if the server does not say.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// The same for a 429 or a 503 that does not say how long to wait. As [`backoff`](Self::backoff) by default.
    pub fn backoff_when_refused(mut self, backoff: Backoff) -> Self {
        self.unhinted = Some(backoff);
        self
    }

    /// Whether to wait up to a tenth longer than the server says, and at most 5 seconds, so that clients that were told
    /// the same do not come back together. On by default.
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.jitter = jitter;
        self
    }

    /// Retries answers of these statuses as well, besides 429 and 503. They do not make others wait.
    pub fn retry_on(mut self, statuses: impl Into<Vec<u16>>) -> Self {
        self.statuses = statuses.into();
        self
    }

    /// The methods that may be repeated, instead of the idempotent ones: for an API whose POSTs are safe to repeat.
    pub fn methods<S: Into<String>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.methods = Some(methods.into_iter().map(Into::into).collect());
        self
    }

    /// Takes a 403 that says "nothing remains", or when to come again, for a 429, as GitHub means it.
    pub fn forbidden_may_mean_later(mut self, later: bool) -> Self {
        self.forbidden = later;
        self
    }

    /// Heeds `RateLimit` fields of answers that are no refusals: no more is sent than they say remains. They tighten
    /// what is configured, and never loosen it.
    pub fn heed_rate_limit_fields(mut self, heed: bool) -> Self {
        self.heed_quota = heed;
        self
    }

    /// How many retries there may be within ten seconds besides a fifth of the requests.
    pub fn reserve(mut self, retries: u32) -> Self {
        self.reserve = retries;
        self
    }
}
