//! What must hold in every home of JavaScript.
//!
//! Most of it on a clock and alarms that are moved by hand: [`platform`]. On real time only what asks whether the
//! platform is as the timer thinks it is, with wide margins.

mod alarms;
mod calls;
mod exports;
mod keyed;
mod late;
mod platform;
mod semaphore;
mod share;
mod stream;
mod tasks;
mod throttle;
mod timer;
