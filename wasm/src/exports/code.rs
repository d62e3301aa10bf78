//! What can come of a call, as a number.

/// How a call ended. Above 0 it is the number of a waiter, plus 1; or how many waiters are to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Code {
    Done = 0,
    Closed = -1,
    QueueFull = -2,
    TimedOut = -3,
    /// The cost can never be admitted.
    Cost = -4,
    NotNow = -5,
    OverRelease = -6,
    /// There is no such gate, or it cannot do this.
    Unknown = -7,
    /// The settings make no sense.
    Invalid = -8,
    /// Called from within another call.
    Busy = -9,
}

impl From<Code> for i32 {
    fn from(code: Code) -> Self {
        code as Self
    }
}
