//! What a polite client does with an answer: rules without I/O.
//!
//! [`Retries`] decides, whoever sends carries it out: per answer or error, whether the caller gets it or the
//! request is sent again, after how long, and for how long everybody who shares the throttle is to hold off.
//! Nothing here sends, sleeps or reads a clock: times are handed in.
//!
//! Sources: RFC 9110 (§9.2.2 on methods, §10.2.3 on Retry-After, §5.6.7 on dates), RFC 6585 §4 (429), RFC 9651
//! (structured fields), draft-ietf-httpapi-ratelimit-headers.
//!
//! ```
//! use std::time::Duration;
//! use tollgate_core::http::{Answer, Fields, Request, Retries, RetryPolicy};
//! use tollgate_core::time::Tick;
//!
//! let retries = Retries::new(RetryPolicy::new().jitter(false), 7);
//! let mut attempts = retries.begin(Tick::ZERO, &Request::new("GET"));
//! let fields = Fields::read(|name| (name == "retry-after").then_some(&b"2"[..]));
//! let verdict = retries.answered(&mut attempts, &Answer::new(429, fields, Tick::ZERO, Duration::ZERO));
//! assert_eq!(verdict.hold_off, Some(Duration::from_secs(2)));  // everybody waits,
//! assert_eq!(verdict.retry, Some(Duration::ZERO));             // and this one queues again at once
//! ```

mod attempts;
mod backoff;
mod budget;
mod courier;
mod date;
mod fields;
mod policy;
mod quota;
mod random;
mod structured;

pub use attempts::{Answer, Attempts, Request, Retries, Verdict};
pub use backoff::Backoff;
pub use courier::{Courier, Errand, Gate, OfKey, Reply};
pub use fields::Fields;
pub use policy::RetryPolicy;
pub use quota::QuotaPolicy;
