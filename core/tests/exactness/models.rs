//! The pacings once more, written down naively: what the throttle's decisions are compared with.

use std::collections::VecDeque;

/// Decides about calls of cost 1, at times in nanoseconds that never go back.
pub(crate) trait Model {
    /// Whether a call could be let in at `now`.
    fn has_room(&mut self, now: u128) -> bool;

    /// Lets one in.
    fn admit(&mut self, now: u128);

    /// Lets one in if it can.
    fn admits(&mut self, now: u128) -> bool {
        let room = self.has_room(now);
        if room {
            self.admit(now);
        }
        room
    }
}

/// Remembers every call for a period.
pub(crate) struct Window {
    pub(crate) capacity: usize,
    pub(crate) period: u128,
    pub(crate) calls: VecDeque<u128>,
}

impl Model for Window {
    fn has_room(&mut self, now: u128) -> bool {
        while self.calls.front().is_some_and(|call| call + self.period <= now) {
            self.calls.pop_front();
        }
        self.calls.len() < self.capacity
    }

    fn admit(&mut self, now: u128) {
        self.calls.push_back(now);
    }
}

/// A bucket whose level is counted in parts: `capacity` of them come each nanosecond, and a call takes
/// `period`.
pub(crate) struct Bucket {
    pub(crate) capacity: u128,
    pub(crate) period: u128,
    pub(crate) burst: u128,
    /// At least so long between refills.
    pub(crate) interval: u128,
    pub(crate) level: u128,
    pub(crate) refilled: u128,
}

impl Bucket {
    /// One that is full at time 0.
    pub(crate) fn full(capacity: u128, period: u128, burst: u128, interval: u128) -> Self {
        Self { capacity, period, burst, interval, level: burst * period, refilled: 0 }
    }
}

impl Model for Bucket {
    fn has_room(&mut self, now: u128) -> bool {
        let since = now - self.refilled;
        if since >= self.interval {
            self.level = (self.level + since * self.capacity).min(self.burst * self.period);
            self.refilled = now;
        }
        self.level >= self.period
    }

    fn admit(&mut self, _now: u128) {
        self.level -= self.period;
    }
}

/// A place for each call, in parts as with the bucket, and a window. For callers who do not wait.
pub(crate) struct Smooth {
    pub(crate) window: Window,
    pub(crate) next: u128,
}

impl Model for Smooth {
    fn has_room(&mut self, now: u128) -> bool {
        self.next <= now * self.window.capacity as u128 && self.window.has_room(now)
    }

    fn admit(&mut self, now: u128) {
        self.next = self.next.max(now * self.window.capacity as u128) + self.window.period;
        self.window.admit(now);
    }
}
