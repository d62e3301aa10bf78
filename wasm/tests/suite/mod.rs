//! What must hold in every home of JavaScript.
//!
//! Most tests run on a clock and alarms that they move by hand; on real time only what asks whether the platform is
//! as the timer takes it to be, with wide margins. Each begins with a [`Platform`](platform::Platform), which also
//! clears away what a test that failed before it has left behind.

mod alarms;
mod calls;
mod exports;
mod keyed;
mod late;
mod platform;
mod reqwest;
mod semaphore;
mod share;
mod stream;
mod tasks;
mod throttle;
mod timer;
