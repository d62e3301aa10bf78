//! All gates and waiters of JavaScript's, by number.

use std::cell::RefCell;
use std::mem;
use std::task::{Poll, Waker};
use std::time::Duration;

use slab::Slab;
use tollgate_core::Rate;
use tollgate_core::http::{Retries, Verdict};

use super::bell::Bell;
use super::code::Code;
use super::gate::{Entry, Gate, Semaphore};
use super::retries::{Told, judge, rules};
use super::settings::settings;
use super::wait::Wait;
use crate::{JsTimer, Throttle};

thread_local! {
    static DESK: RefCell<Desk> = const { RefCell::new(Desk::new()) };
}

/// Bits of [`next`](Desk::next)'s answer that say how a wait ended.
const CODE_BITS: u32 = 3;

/// As many waiters as have a number that fits the answer.
const MAX_WAITERS: usize = (i32::MAX as usize) >> CODE_BITS;

pub(crate) struct Desk {
    gates: Slab<Gate>,
    waits: Slab<Wait>,
    /// By number of waiter; kept for the next with that number.
    wakers: Vec<Waker>,
    /// Rates for the next throttle or update.
    rates: Vec<Rate>,
    retries: Slab<Retries>,
    /// For what is called next.
    put: Vec<u16>,
    /// What was said last.
    verdict: Verdict,
}

/// The desk is in use: JavaScript called from within a call.
#[derive(Debug)]
pub(crate) struct Busy;

impl Desk {
    const fn new() -> Self {
        Self {
            gates: Slab::new(),
            waits: Slab::new(),
            wakers: Vec::new(),
            rates: Vec::new(),
            retries: Slab::new(),
            put: Vec::new(),
            verdict: Verdict::NONE,
        }
    }

    /// Uses the desk of this thread. Those who are to be looked at then, JavaScript is told of.
    pub(crate) fn with<R>(work: impl FnOnce(&mut Self) -> R) -> Result<R, Busy> {
        let result = Self::quietly(work);
        Bell::ring();
        result
    }

    /// Uses the desk for a call of JavaScript's, the answer to which tells how many are to be looked at. An error does
    /// not, nor that somebody has entered or waits.
    pub(crate) fn call(work: impl FnOnce(&mut Self) -> Result<i32, Code>) -> i32 {
        let answer = Self::quietly(work).unwrap_or(Err(Code::Busy));
        answer.unwrap_or_else(|code| {
            Bell::ring();
            code.into()
        })
    }

    /// The same for an answer that tells something else.
    pub(crate) fn ask(work: impl FnOnce(&mut Self) -> Result<i32, Code>) -> i32 {
        Self::with(work).unwrap_or(Err(Code::Busy)).unwrap_or_else(i32::from)
    }

    /// The next whose wait is over. Who asks goes on asking until there is none.
    pub(crate) fn next_of_all() -> i32 {
        Self::quietly(Self::next).unwrap_or(Err(Code::Busy)).unwrap_or_else(i32::from)
    }

    fn quietly<R>(work: impl FnOnce(&mut Self) -> R) -> Result<R, Busy> {
        DESK.with(|desk| {
            desk.try_borrow_mut().map_err(|_| Busy).map(|mut desk| Bell::during(|| work(&mut desk)))
        })
    }

    pub(crate) fn share(&mut self, throttle: Throttle) -> u32 {
        self.gates.insert(Gate::Throttle(throttle)) as u32
    }

    pub(crate) fn semaphore(
        &mut self,
        permits: u32,
        bounded: bool,
        max_waiting: Option<usize>,
    ) -> Result<i32, Code> {
        let semaphore = Semaphore::new(permits, bounded, max_waiting).ok_or(Code::Invalid)?;
        Ok(self.gates.insert(Gate::Semaphore(semaphore)) as i32)
    }

    pub(crate) fn add_rate(&mut self, rate: Rate) {
        self.rates.push(rate);
    }

    pub(crate) fn throttle(
        &mut self,
        concurrency: f64,
        cooldown: f64,
        max_waiting: f64,
    ) -> Result<i32, Code> {
        let settings = settings(mem::take(&mut self.rates), concurrency, cooldown, max_waiting);
        let built = Throttle::builder_on(JsTimer::new()).settings(settings).build();
        Ok(self.share(built.map_err(|_| Code::Invalid)?) as i32)
    }

    pub(crate) fn update(
        &mut self,
        gate: u32,
        rates: bool,
        concurrency: f64,
        cooldown: f64,
        max_waiting: f64,
    ) -> Result<i32, Code> {
        let rates = Some(mem::take(&mut self.rates)).filter(|_| rates);
        self.gate(gate)?.update(rates, concurrency, cooldown, max_waiting)?;
        Ok(to_be_looked_at())
    }

    pub(crate) fn acquire(&mut self, gate: u32, cost: f64, timeout: f64) -> Result<i32, Code> {
        let number = self.waits.vacant_key();
        if number >= MAX_WAITERS {
            return Err(Code::QueueFull);
        }
        if number == self.wakers.len() {
            self.wakers.push(Bell::waker(number as u32));
        }
        let waker = self.wakers.get(number).ok_or(Code::Unknown)?;
        let gate_at = self.gates.get_mut(gate as usize).ok_or(Code::Unknown)?;
        match gate_at.acquire(gate, cost, timeout, waker)? {
            Entry::In => Ok(Code::Done.into()),
            Entry::Queued(wait) => Ok(self.waits.insert(wait) as i32 + 1),
        }
    }

    pub(crate) fn try_acquire(&mut self, gate: u32, cost: f64) -> Result<i32, Code> {
        self.gate(gate)?.try_acquire(cost)?;
        Ok(to_be_looked_at())
    }

    pub(crate) fn cancel(&mut self, waiter: u32) -> Result<i32, Code> {
        drop(self.waits.try_remove(waiter as usize).ok_or(Code::Unknown)?);
        Ok(to_be_looked_at())
    }

    pub(crate) fn release(&mut self, gate: u32, cost: f64) -> Result<i32, Code> {
        self.gate(gate)?.release(cost)?;
        Ok(to_be_looked_at())
    }

    fn next(&mut self) -> Result<i32, Code> {
        while let Some(number) = Bell::next() {
            let number = number as usize;
            // One who has left, or another one by now, may find its number here.
            let (Some(wait), Some(waker)) = (self.waits.get_mut(number), self.wakers.get(number)) else {
                continue;
            };
            let Poll::Ready(outcome) = wait.poll(waker) else { continue };
            let wait = self.waits.remove(number);
            let code = match outcome {
                Ok(permits) => {
                    if let Some(gate) = self.gates.get_mut(wait.gate as usize) {
                        gate.granted(permits);
                    }
                    Code::Done
                }
                Err(code) => code,
            };
            return Ok((number << CODE_BITS) as i32 - i32::from(code));
        }
        Err(Code::NotNow)
    }

    pub(crate) fn act(&mut self, gate: u32, deed: u32, value: f64) -> Result<i32, Code> {
        self.gate(gate)?.act(deed, value)?;
        Ok(to_be_looked_at())
    }

    pub(crate) fn hold_off(&mut self, gate: u32, wait: f64, age: f64) -> Result<i32, Code> {
        self.gate(gate)?.hold_off(wait, age)?;
        Ok(to_be_looked_at())
    }

    pub(crate) fn put(&mut self, number: u16) {
        self.put.push(number);
    }

    pub(crate) fn add_retries(&mut self, retries: u32, max_retry_after: f64, flags: u32, seed: f64) -> i32 {
        let statuses = mem::take(&mut self.put);
        self.retries.insert(rules(retries, max_retry_after, flags, seed, statuses)) as i32
    }

    /// Milliseconds until a request is sent again; below 0 if it is not.
    pub(crate) fn judge(&mut self, retries: u32, told: &Told) -> f64 {
        let text: Vec<u8> = mem::take(&mut self.put).into_iter().map(|unit| unit as u8).collect();
        let retries = self.retries.get(retries as usize);
        self.verdict = retries.map(|retries| judge(retries, told, &text)).unwrap_or_default();
        in_millis(self.verdict.retry)
    }

    pub(crate) fn judged(&self, what: u32) -> f64 {
        if what == 0 { in_millis(self.verdict.hold_off) } else { self.verdict.remaining.unwrap_or(-1.0) }
    }

    pub(crate) fn drop_retries(&mut self, retries: u32) {
        drop(self.retries.try_remove(retries as usize));
    }

    pub(crate) fn begin(&mut self, gate: u32, cost: f64) -> Result<i32, Code> {
        self.gate(gate)?.begin(cost)?;
        Ok(to_be_looked_at())
    }

    pub(crate) fn read(&self, gate: u32, reading: u32, value: f64) -> f64 {
        let gate = self.gates.get(gate as usize);
        gate.and_then(|gate| gate.read(reading, value)).unwrap_or(f64::NAN)
    }

    pub(crate) fn drop_gate(&mut self, gate: u32) {
        drop(self.gates.try_remove(gate as usize));
    }

    fn gate(&mut self, number: u32) -> Result<&mut Gate, Code> {
        self.gates.get_mut(number as usize).ok_or(Code::Unknown)
    }
}

fn to_be_looked_at() -> i32 {
    Bell::count().min(i32::MAX as usize) as i32
}

fn in_millis(wait: Option<Duration>) -> f64 {
    wait.map_or(-1.0, |wait| wait.as_secs() as f64 * 1e3 + f64::from(wait.subsec_nanos()) / 1e6)
}
