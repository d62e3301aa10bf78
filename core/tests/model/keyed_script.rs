//! Scripts for keyed limits.

use std::fmt;
use std::time::Duration;

use tollgate_core::time::Wake;

use crate::bytes::{Bytes, Menu};
use crate::limits::{Limits, Pace, Spec};
use crate::run::OP;
use crate::script::{Cost, wake, write_script};

pub(crate) const SETUP: usize = 11;
pub(crate) const KEYS: usize = 3;

pub(crate) struct Script {
    pub(crate) total: Limits,
    /// Of each key; the last one has its own.
    pub(crate) keys: [Limits; KEYS],
    pub(crate) wake: Wake,
    pub(crate) ops: Vec<Op>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Come {
        key: usize,
        cost: Cost,
        limit: Option<Duration>,
        /// Begins some time after it has been let in.
        later: bool,
    },
    Begin(u8),
    Try {
        key: usize,
        cost: Cost,
    },
    Cancel(u8),
    PollAll,
    Release(u8),
    NotMade(u8),
    /// Of one key, or of all.
    Pause {
        key: Option<usize>,
        time: Duration,
    },
    Resume {
        key: Option<usize>,
    },
    Close,
    Advance(Duration),
    AdvanceToDue(i8),
    Leap(Duration),
    Wakes(Wake),
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_script(f, &(&self.total, &self.keys, self.wake), &self.ops)
    }
}

impl Script {
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let (setup, ops) = bytes.split_at(SETUP.min(bytes.len()));
        let setup = &mut Bytes(setup);
        let total = limits(setup);
        let (each, own) = (limits(setup), limits(setup));
        let max_waiting = setup.weighted(&[(3, None), (1, Some(2))]);
        let keys = [each.clone(), each, own];
        let wake = wake(setup);
        let ops = ops.chunks(OP).map(|op| Op::decode(&mut Bytes(op))).collect();
        Self { total: Limits { max_waiting, ..total }, keys, wake, ops }
    }
}

/// From three bytes. Rates that remember more than what was charged are for the throttle's own scripts.
fn limits(bytes: &mut Bytes<'_>) -> Limits {
    let byte = bytes.byte();
    let mut spec = Spec::decode(bytes);
    let burst = spec.most();
    spec.pace = match spec.pace {
        Pace::Window | Pace::Smooth => Pace::Window,
        Pace::Bucket { .. } | Pace::Stepped { .. } => Pace::Bucket { burst },
    };
    let rates = if byte % 3 == 2 { Vec::new() } else { vec![spec] };
    let concurrency = usize::from(byte / 3 % 4);
    let cooldown = if concurrency > 0 { u64::from(byte / 64) * 50_000_000 } else { 0 };
    Limits { rates, concurrency, cooldown, max_waiting: None }
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let menu: &[Menu<Self>] = &[
            (14, |bytes| Self::Advance(bytes.duration())),
            (40, |bytes| {
                let byte = bytes.byte();
                let limit = (byte > 200).then(|| Duration::from_millis(25 * u64::from(byte - 201)));
                let key = usize::from(byte) % KEYS;
                Self::Come { key, cost: Cost::decode(bytes), limit, later: bytes.byte() < 64 }
            }),
            (8, |bytes| Self::Begin(bytes.byte())),
            (14, |bytes| Self::Try { key: usize::from(bytes.byte()) % KEYS, cost: Cost::decode(bytes) }),
            (12, |bytes| Self::Cancel(bytes.byte())),
            (16, |_| Self::PollAll),
            (24, |bytes| Self::Release(bytes.byte())),
            (6, |bytes| Self::NotMade(bytes.byte())),
            (8, |bytes| Self::Pause { key: one_or_all(bytes), time: bytes.duration() }),
            (6, |bytes| Self::Resume { key: one_or_all(bytes) }),
            (1, |bytes| if bytes.byte() < 64 { Self::Close } else { Self::PollAll }),
            (24, |bytes| Self::AdvanceToDue(bytes.one_of(&[0, 0, 0, -1, 1]))),
            (6, |bytes| Self::Leap(10 * bytes.duration())),
            (5, |bytes| Self::Wakes(wake(bytes))),
        ];
        bytes.weighted(menu)(bytes)
    }
}

fn one_or_all(bytes: &mut Bytes<'_>) -> Option<usize> {
    bytes.one_of(&[None, Some(0), Some(1), Some(2)])
}
