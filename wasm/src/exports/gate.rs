//! Gates: the semaphores and throttles that JavaScript knows by number.

use std::sync::Arc;
use std::task::{Poll, Waker};

use tollgate_core::time::{Tick, Timer};
use tollgate_core::{BoundedSemaphore, Check, CostError, Rate, TryAcquireError, TryAdmitError};

use super::code::Code;
use super::settings::{count, millis};
use super::wait::Wait;
use crate::Throttle;

/// A semaphore or a throttle.
pub(crate) enum Gate {
    Semaphore(Semaphore),
    Throttle(Throttle),
}

/// A semaphore whose permits are all forgotten as soon as they are granted.
///
/// A plain one grows by what is released beyond what was taken; a bounded one refuses that.
pub(crate) struct Semaphore {
    permits: Arc<BoundedSemaphore>,
    bounded: bool,
    inside: usize,
    max_waiting: usize,
}

/// What came of asking.
pub(crate) enum Entry {
    In,
    Queued(Wait),
}

/// What a gate does.
#[repr(u32)]
pub(crate) enum Deed {
    Close = 0,
    Resize = 1,
    Pause = 2,
    Resume = 3,
    Refund = 4,
    /// Gives back a call that has not begun.
    Cancel = 5,
    /// Uses up units until so many remain.
    Tighten = 6,
}

/// What a gate tells.
#[repr(u32)]
pub(crate) enum Reading {
    Available = 0,
    Capacity = 1,
    Waiting = 2,
    InFlight = 3,
    Paused = 4,
    /// Milliseconds until a call of that cost may enter at the earliest; below 0 if it may now, infinity if
    /// never.
    Check = 5,
    /// The most that a call can cost.
    MaxCost = 6,
    /// 1 if all is as it was when new.
    Idle = 7,
}

impl Deed {
    fn of(number: u32) -> Option<Self> {
        use Deed::{Cancel, Close, Pause, Refund, Resize, Resume, Tighten};
        [Close, Resize, Pause, Resume, Refund, Cancel, Tighten].into_iter().nth(number as usize)
    }
}

impl Reading {
    fn of(number: u32) -> Option<Self> {
        use Reading::{Available, Capacity, Check, Idle, InFlight, MaxCost, Paused, Waiting};
        let all = [Available, Capacity, Waiting, InFlight, Paused, Check, MaxCost, Idle];
        all.into_iter().nth(number as usize)
    }
}

impl Gate {
    /// Enters, or answers with who is to wait.
    pub(crate) fn acquire(
        &mut self,
        number: u32,
        cost: f64,
        timeout: f64,
        waker: &Waker,
    ) -> Result<Entry, Code> {
        let mut wait = match self {
            Self::Semaphore(semaphore) => {
                match semaphore.try_acquire(cost) {
                    Err(Code::NotNow) if semaphore.permits.waiting() >= semaphore.max_waiting => {
                        return Err(Code::QueueFull);
                    }
                    Err(Code::NotNow) => {}
                    other => return other.map(|()| Entry::In),
                }
                Wait::for_permits(number, &semaphore.permits, cost as u32)
            }
            Self::Throttle(throttle) => {
                let reserve = throttle.reserve_cost_owned(cost);
                let reserve =
                    if timeout < f64::INFINITY { reserve.timeout(millis(timeout)) } else { reserve };
                Wait::for_call(number, reserve)
            }
        };
        match wait.poll(waker) {
            Poll::Pending => Ok(Entry::Queued(wait)),
            Poll::Ready(permits) => {
                self.granted(permits?);
                Ok(Entry::In)
            }
        }
    }

    /// Enters at once or not at all.
    pub(crate) fn try_acquire(&mut self, cost: f64) -> Result<(), Code> {
        match self {
            Self::Semaphore(semaphore) => semaphore.try_acquire(cost),
            Self::Throttle(throttle) => match throttle.try_acquire_cost(cost) {
                Ok(permit) => {
                    permit.forget();
                    Ok(())
                }
                Err(TryAdmitError::Closed) => Err(Code::Closed),
                Err(TryAdmitError::Cost(_)) => Err(Code::Cost),
                Err(_) => Err(Code::NotNow),
            },
        }
    }

    /// A waiter was granted so many permits of a semaphore.
    pub(crate) fn granted(&mut self, permits: u32) {
        if let Self::Semaphore(semaphore) = self {
            semaphore.inside += permits as usize;
        }
    }

    /// A call that was let in begins.
    pub(crate) fn begin(&self, cost: f64) -> Result<(), Code> {
        let Self::Throttle(throttle) = self else { return Err(Code::Unknown) };
        throttle.begin(cost).map_err(|_| Code::OverRelease)
    }

    /// The server has refused a call that was sent so many milliseconds ago.
    pub(crate) fn hold_off(&self, wait: f64, age: f64) -> Result<(), Code> {
        let Self::Throttle(throttle) = self else { return Err(Code::Unknown) };
        let now = throttle.timer().now().as_nanos();
        let age = u64::try_from(millis(age).as_nanos()).unwrap_or(u64::MAX);
        throttle.hold_off(millis(wait), Tick::from_nanos(now.saturating_sub(age)));
        Ok(())
    }

    pub(crate) fn release(&mut self, cost: f64) -> Result<(), Code> {
        match self {
            Self::Semaphore(semaphore) => semaphore.release(cost as usize),
            Self::Throttle(throttle) => throttle.release(cost).map_err(|_| Code::OverRelease),
        }
    }

    pub(crate) fn act(&mut self, deed: u32, value: f64) -> Result<(), Code> {
        match (self, Deed::of(deed)) {
            (Self::Semaphore(semaphore), Some(Deed::Close)) => semaphore.permits.close(),
            (Self::Semaphore(semaphore), Some(Deed::Resize)) => {
                return semaphore.permits.resize(value as usize).map_err(|_| Code::Invalid);
            }
            (Self::Throttle(throttle), Some(Deed::Close)) => throttle.close(),
            (Self::Throttle(throttle), Some(Deed::Pause)) => throttle.pause(millis(value)),
            (Self::Throttle(throttle), Some(Deed::Resume)) => throttle.resume(),
            (Self::Throttle(throttle), Some(Deed::Tighten)) => throttle.tighten(value),
            (Self::Throttle(throttle), Some(Deed::Refund)) => {
                return throttle.refund(value).map_err(|_| Code::Cost);
            }
            (Self::Throttle(throttle), Some(Deed::Cancel)) => {
                return throttle.cancel(value).map_err(|_| Code::OverRelease);
            }
            _ => return Err(Code::Unknown),
        }
        Ok(())
    }

    pub(crate) fn read(&self, reading: u32, value: f64) -> Option<f64> {
        let reading = Reading::of(reading)?;
        Some(match self {
            Self::Semaphore(semaphore) => match reading {
                Reading::Available => semaphore.permits.available_permits() as f64,
                Reading::Capacity => semaphore.permits.capacity() as f64,
                Reading::Waiting => semaphore.permits.waiting() as f64,
                Reading::InFlight => semaphore.inside as f64,
                Reading::Paused | Reading::Check | Reading::MaxCost | Reading::Idle => return None,
            },
            Self::Throttle(throttle) => match reading {
                Reading::Available => throttle.available(),
                Reading::Waiting => throttle.waiting() as f64,
                Reading::InFlight => throttle.in_flight() as f64,
                Reading::Paused => f64::from(u8::from(throttle.is_paused())),
                Reading::Check => wait_of(throttle.check(value)),
                Reading::Idle => f64::from(u8::from(throttle.is_idle())),
                Reading::MaxCost => match throttle.check(f64::MAX) {
                    Check::Never(CostError::TooHigh { max, .. }) => max,
                    _ => f64::INFINITY,
                },
                Reading::Capacity => return None,
            },
        })
    }

    /// Changes the settings of a throttle; what is NaN stays, and the rates stay unless there are new ones.
    pub(crate) fn update(
        &mut self,
        rates: Option<Vec<Rate>>,
        concurrency: f64,
        cooldown: f64,
        max_waiting: f64,
    ) -> Result<(), Code> {
        let Self::Throttle(throttle) = self else { return Err(Code::Unknown) };
        let mut settings = throttle.settings();
        if let Some(rates) = rates {
            settings = settings.set_rates(rates);
        }
        if !concurrency.is_nan() {
            settings = settings.concurrency(concurrency as usize);
        }
        if !cooldown.is_nan() {
            settings = settings.cooldown(millis(cooldown));
        }
        if !max_waiting.is_nan() {
            settings = settings.max_waiting(count(max_waiting).unwrap_or(usize::MAX));
        }
        throttle.update(settings).map_err(|_| Code::Invalid)
    }
}

impl Semaphore {
    pub(crate) fn new(permits: u32, bounded: bool, max_waiting: Option<usize>) -> Option<Self> {
        let permits = permits as usize;
        let max_waiting = max_waiting.unwrap_or(usize::MAX);
        (permits <= BoundedSemaphore::MAX_PERMITS).then(|| Self {
            permits: Arc::new(BoundedSemaphore::new(permits)),
            bounded,
            inside: 0,
            max_waiting,
        })
    }

    fn try_acquire(&mut self, permits: f64) -> Result<(), Code> {
        match self.permits.try_acquire_many(permits as u32) {
            Ok(permit) => {
                self.inside += permit.num_permits();
                permit.forget();
                Ok(())
            }
            Err(TryAcquireError::Closed) => Err(Code::Closed),
            Err(TryAcquireError::NoPermits) => Err(Code::NotNow),
        }
    }

    fn release(&mut self, permits: usize) -> Result<(), Code> {
        let back = permits.min(self.inside);
        if back < permits {
            if self.bounded {
                return Err(Code::OverRelease);
            }
            let more = self.permits.capacity().saturating_add(permits - back);
            self.permits.resize(more).map_err(|_| Code::OverRelease)?;
        }
        self.inside -= back;
        self.permits.release(back).map_err(|_| Code::OverRelease)
    }
}

fn wait_of(check: Check) -> f64 {
    match check {
        Check::Ready => -1.0,
        Check::Wait { at_least, .. } => at_least.as_nanos() as f64 / 1e6,
        Check::Never(_) | Check::Closed => f64::INFINITY,
    }
}
