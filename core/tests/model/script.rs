//! Scripts for a throttle: a set-up and operations, decoded from bytes.

use std::fmt;
use std::time::Duration;

use tollgate_core::time::{Tick, Wake};

use crate::bytes::{Bytes, Menu};
use crate::limits::{ANY, Limits, Spec, UNIT, units};
use crate::run::OP;

/// Bytes that make the set-up.
pub(crate) const SETUP: usize = 11;

/// What may happen in a script.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavour {
    /// Everything but what the other one adds.
    Plain,
    /// Settings change, and units are refunded.
    Changes,
}

pub(crate) struct Script {
    pub(crate) setup: Setup,
    pub(crate) ops: Vec<Op>,
}

#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    pub(crate) wake: Wake,
    pub(crate) start: Tick,
    /// Somebody asks all the time what is available.
    pub(crate) watched: bool,
}

/// One of those there are, by number; from the first on, and round again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pick(pub(crate) u8);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Cost {
    Micros(u64),
    /// The most that can be admitted, and so many millionths more.
    Most(u64),
    /// Not a cost, or beyond every capacity.
    Wrong(f64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Come {
        cost: Cost,
        limit: Option<Duration>,
    },
    Try {
        cost: Cost,
    },
    Consume {
        cost: Cost,
        limit: Option<Duration>,
    },
    Run {
        cost: Cost,
    },
    /// To begin later.
    Reserve {
        cost: Cost,
        limit: Option<Duration>,
    },
    /// One of those let in to begin later begins.
    Begin(Pick),
    /// Whoever waits, or has been let in without having noticed, goes away.
    Cancel(Pick),
    /// One of them looks whether it was let in, with another waker than before.
    Poll(Pick),
    PollAll,
    Release(Pick),
    NotMade(Pick),
    /// The call inside panics.
    Panic(Pick),
    Pause(Duration),
    Resume,
    Close,
    Advance(Duration),
    /// On to when the model says that somebody may go, and so many nanoseconds more.
    AdvanceToDue(i8),
    /// On to the next alarm.
    AdvanceToAlarm,
    /// The clock goes on and no alarm rings.
    Leap(Duration),
    StepBack(Duration),
    Wakes(Wake),
    Check {
        cost: Cost,
    },
    Refund {
        cost: Cost,
    },
    Update(Edit),
}

/// One change of the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    Add(Spec),
    Remove(Pick),
    Replace(Pick, Spec),
    Capacity(Pick, u64),
    Counting(Pick),
    Concurrency(usize),
    Cooldown(Duration),
    MaxWaiting(Option<usize>),
    Nothing,
}

impl Script {
    pub(crate) fn decode(bytes: &[u8], flavour: Flavour) -> Self {
        let (setup, ops) = bytes.split_at(SETUP.min(bytes.len()));
        let setup = Setup::decode(&mut Bytes(setup));
        let ops = ops.chunks(OP).map(|op| Op::decode(&mut Bytes(op), flavour)).collect();
        Self { setup, ops }
    }
}

impl Setup {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let count = bytes.weighted(&[(7, 1), (4, 2), (1, 0)]);
        let rates = [Spec::decode(bytes), Spec::decode(bytes)][..count].to_vec();
        let concurrency = bytes.weighted(&[(3, 0), (1, 1), (1, 2), (1, 3)]);
        let cooldown = bytes.weighted(&[(3, 0), (1, 5), (1, 100), (1, 1_000)]);
        let cooldown = if concurrency > 0 { cooldown * 1_000_000 } else { 0 };
        let max_waiting = bytes.weighted(&[(4, None), (1, Some(0)), (1, Some(1)), (2, Some(3))]);
        let limits = Limits { rates, concurrency, cooldown, max_waiting };
        let wake = wake(bytes);
        let start = bytes.one_of(&[Tick::ZERO, Tick::from_nanos(7_777_777_777)]);
        let watched = bytes.weighted(&[(3, true), (1, false)]);
        Self { limits, wake, start, watched }
    }
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>, flavour: Flavour) -> Self {
        let mut menu: Vec<Menu<Self>> = vec![
            (14, |bytes| Self::Advance(bytes.duration())),
            (30, |bytes| Self::Come { cost: Cost::decode(bytes), limit: limit(bytes) }),
            (12, |bytes| Self::Try { cost: Cost::decode(bytes) }),
            (8, |bytes| Self::Consume { cost: Cost::decode(bytes), limit: limit(bytes) }),
            (5, |bytes| Self::Run { cost: Cost::decode(bytes) }),
            (12, |bytes| Self::Reserve { cost: Cost::decode(bytes), limit: limit(bytes) }),
            (14, |bytes| Self::Begin(Pick(bytes.byte()))),
            (10, |bytes| Self::Cancel(Pick(bytes.byte()))),
            (8, |bytes| Self::Poll(Pick(bytes.byte()))),
            (14, |_| Self::PollAll),
            (20, |bytes| Self::Release(Pick(bytes.byte()))),
            (6, |bytes| Self::NotMade(Pick(bytes.byte()))),
            (4, |bytes| Self::Panic(Pick(bytes.byte()))),
            (5, |bytes| Self::Pause(if bytes.byte() == 255 { Duration::MAX } else { bytes.duration() })),
            (4, |_| Self::Resume),
            (1, |bytes| if bytes.byte() < 64 { Self::Close } else { Self::PollAll }),
            (20, |bytes| Self::AdvanceToDue(bytes.one_of(&[0, 0, 0, 0, -1, 1]))),
            (14, |_| Self::AdvanceToAlarm),
            (6, |bytes| Self::Leap(far(bytes))),
            (2, |bytes| Self::StepBack(far(bytes))),
            (6, |bytes| Self::Wakes(wake(bytes))),
            (6, |bytes| Self::Check { cost: Cost::decode(bytes) }),
        ];
        if flavour == Flavour::Changes {
            menu.push((12, |bytes| Self::Refund { cost: Cost::decode(bytes) }));
            menu.push((16, |bytes| Self::Update(Edit::decode(bytes))));
        }
        bytes.weighted(&menu)(bytes)
    }
}

impl Edit {
    /// The settings with this change made; as they were, where there is nothing to change.
    pub(crate) fn made_in(self, limits: &Limits) -> Limits {
        let mut new = limits.clone();
        let count = new.rates.len();
        let chosen = |pick: Pick| usize::from(pick.0) % count;
        match self {
            Self::Add(spec) if count < 3 => new.rates.push(spec),
            Self::Remove(pick) if count > 0 => drop(new.rates.remove(chosen(pick))),
            Self::Replace(pick, spec) if count > 0 => new.rates[chosen(pick)] = spec,
            Self::Capacity(pick, capacity) if count > 0 => new.rates[chosen(pick)].capacity = capacity,
            Self::Counting(pick) if count > 0 => new.rates[chosen(pick)].until_answered ^= true,
            Self::Concurrency(concurrency) => new.concurrency = concurrency,
            Self::Cooldown(cooldown) => new.cooldown = cooldown.as_nanos() as u64,
            Self::MaxWaiting(count) => new.max_waiting = count,
            _ => {}
        }
        new
    }

    fn decode(bytes: &mut Bytes<'_>) -> Self {
        // The byte that chooses the kind serves as the first of a rate, too.
        let kind = bytes.byte();
        let pick = Pick(kind / 16);
        let mut spec = || Spec::decode(&mut Bytes(&[kind.wrapping_mul(37), bytes.byte()]));
        match kind % 16 {
            0 => Self::Nothing,
            1 | 2 => Self::Add(spec()),
            3 => Self::Remove(pick),
            4..=6 => Self::Replace(pick, spec()),
            7..=9 => Self::Capacity(pick, spec().capacity),
            10 | 11 => Self::Counting(pick),
            12 | 13 => Self::Concurrency(usize::from(bytes.byte() % 4)),
            14 => Self::Cooldown(Duration::from_millis(50 * u64::from(bytes.byte() % 4))),
            _ => Self::MaxWaiting(bytes.one_of(&[None, Some(0), Some(2), Some(5)])),
        }
    }
}

impl Cost {
    pub(crate) fn decode(bytes: &mut Bytes<'_>) -> Self {
        match bytes.byte() {
            byte @ ..=29 => Self::Micros(u64::from(byte + 1) * UNIT / 10),
            30..=150 => Self::Micros(UNIT),
            byte @ 151..=200 => Self::Micros(u64::from(byte % 6) * UNIT / 2),
            201..=214 => Self::Micros(0),
            215..=230 => Self::Most(0),
            231..=234 => Self::Most(1),
            235..=240 => Self::Micros(1),
            byte @ 241..=249 => Self::Micros(u64::from(byte) * 12_347),
            250 => Self::Wrong(f64::NAN),
            251 => Self::Wrong(-1.0),
            252 => Self::Wrong(f64::INFINITY),
            253 => Self::Wrong(2e12),
            _ => Self::Micros(2 * UNIT),
        }
    }

    /// What core is told, and the same in millionths if it is a cost at all; `most` can be admitted.
    pub(crate) fn told(self, most: u64) -> (f64, Option<u64>) {
        let micros = match self {
            Self::Micros(micros) => micros,
            Self::Most(_) if most == ANY => UNIT,
            Self::Most(more) => most + more,
            Self::Wrong(number) if number > 0.0 && number.is_finite() => 2 * ANY,
            Self::Wrong(number) => return (number, None),
        };
        (units(micros), Some(micros))
    }
}

fn limit(bytes: &mut Bytes<'_>) -> Option<Duration> {
    match bytes.byte() {
        0..=150 => None,
        151..=170 => Some(Duration::ZERO),
        byte => Some(Duration::from_millis(25 * u64::from(byte - 170))),
    }
}

/// A time by which the clock leaps.
fn far(bytes: &mut Bytes<'_>) -> Duration {
    match bytes.byte() {
        255 => Duration::from_secs(3_600),
        byte => Duration::from_millis(10 * u64::from(byte)),
    }
}

pub(crate) fn wake(bytes: &mut Bytes<'_>) -> Wake {
    match bytes.byte() {
        byte @ ..=119 if byte % 2 == 0 => Wake::OnTime,
        byte @ ..=169 => Wake::Late(Duration::from_millis(2 * u64::from(byte))),
        byte @ 170..=229 => Wake::Early(Duration::from_millis(3 * u64::from(byte - 169))),
        230..=235 => Wake::Late(Duration::from_secs(60)),
        _ => Wake::Frozen,
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_script(f, &self.setup, &self.ops)
    }
}

/// The set-up, and a line for each operation with its number.
pub(crate) fn write_script(
    f: &mut fmt::Formatter<'_>,
    setup: &dyn fmt::Debug,
    ops: &[impl fmt::Debug],
) -> fmt::Result {
    writeln!(f, "{setup:?}")?;
    ops.iter().enumerate().try_for_each(|(index, op)| writeln!(f, "{index:4}: {op:?}"))
}
