//! What a polite client does with an answer.

mod common;

#[path = "http/courier.rs"]
mod courier;
#[path = "http/decisions.rs"]
mod decisions;
#[path = "http/fields.rs"]
mod fields;
#[path = "http/table.rs"]
mod table;
#[path = "http/throttle.rs"]
mod throttle;
