//! Both semaphores and a model of them, taken through the same script.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tollgate_core::TryAcquireError;
use tollgate_core::semaphore::{Acquire, Permit};

use crate::bell::Bell;
use crate::semaphore_script::{Kind, Op, Script};

/// All there is to know: how many there are to be, who holds how many, who waits for how many.
#[derive(Default)]
struct Model {
    permits: usize,
    /// Taken out by hand, of a bounded one.
    outstanding: usize,
    held: Vec<usize>,
    /// In order; those who were granted or turned away and have not noticed are still here.
    line: Vec<(usize, State)>,
    closed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting,
    Granted,
    Closed,
}

impl Model {
    /// What is free, of so many as there are to be; less than nothing after a shrink.
    fn free(&self) -> i64 {
        let granted = self.line.iter().filter(|(_, state)| *state == State::Granted).map(|(n, _)| n);
        let out: usize = self.held.iter().chain(granted).sum::<usize>() + self.outstanding;
        self.permits as i64 - out as i64
    }

    fn waiting(&self) -> usize {
        self.line.iter().filter(|(_, state)| *state == State::Waiting).count()
    }

    fn available(&self) -> usize {
        if self.waiting() > 0 { 0 } else { self.free().max(0) as usize }
    }

    /// Whoever asks for nothing never waits; others do while somebody waits or too few are free.
    fn grants_at_once(&self, n: usize) -> bool {
        !self.closed && (n == 0 || self.available() >= n)
    }

    /// Grants to the first in line, as long as there are enough for it.
    fn settle(&mut self) {
        while let Some(front) = self.line.iter().position(|(_, state)| *state == State::Waiting) {
            if self.free() < self.line[front].0 as i64 {
                break;
            }
            self.line[front].1 = State::Granted;
        }
    }
}

struct World<'s, S: Kind> {
    semaphore: &'s S,
    model: Model,
    /// Side by side with the model's line, and with what it says is held.
    line: Vec<(Acquire<&'s S>, Bell)>,
    held: Vec<Permit<&'s S>>,
}

pub(crate) fn play<S: Kind>(script: &Script, say: impl Fn(usize)) {
    let semaphore = S::make(script.permits);
    let model = Model { permits: script.permits, ..Model::default() };
    let mut world = World { semaphore: &semaphore, model, line: Vec::new(), held: Vec::new() };
    for (index, &op) in script.ops.iter().enumerate() {
        say(index);
        world.take(op);
        world.compare();
    }
    say(script.ops.len());
    world.wind_up();
}

impl<'s, S: Kind> World<'s, S> {
    fn take(&mut self, op: Op) {
        match op {
            Op::Acquire(n) => self.acquire(n),
            Op::Try(n) => match self.semaphore.try_acquire_many(n) {
                Ok(permit) => {
                    assert!(self.model.grants_at_once(n as usize), "took {n}");
                    self.hold(permit);
                }
                Err(TryAcquireError::Closed) => assert!(self.model.closed),
                Err(TryAcquireError::NoPermits) => {
                    assert!(!self.model.closed && !self.model.grants_at_once(n as usize), "did not take {n}");
                }
            },
            Op::Cancel(pick) if !self.line.is_empty() => {
                let index = usize::from(pick) % self.line.len();
                self.model.line.remove(index);
                self.model.settle();
                drop(self.line.remove(index));
            }
            Op::Poll(pick) if !self.line.is_empty() => self.poll(usize::from(pick) % self.line.len()),
            Op::PollAll => (0..self.line.len()).rev().for_each(|index| self.poll(index)),
            Op::Drop(pick) => drop(self.let_go(pick)),
            Op::Panic(pick) => {
                let permit = self.let_go(pick);
                let call = move || {
                    let _permit = permit;
                    resume_unwind(Box::new("as planned"));
                };
                assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
            }
            Op::Forget(pick) if !self.held.is_empty() => {
                let index = usize::from(pick) % self.held.len();
                let n = self.model.held.remove(index);
                if S::BOUNDED {
                    self.model.outstanding += n;
                } else {
                    self.model.permits = self.model.permits.saturating_sub(n);
                }
                self.model.settle();
                self.held.remove(index).forget();
            }
            Op::Split(pick, n) if !self.held.is_empty() => {
                let index = usize::from(pick) % self.held.len();
                let part = self.held[index].split(n);
                assert_eq!(part.is_some(), n <= self.model.held[index]);
                if let Some(part) = part {
                    self.model.held[index] -= n;
                    self.hold(part);
                }
            }
            Op::Merge(one, other) if self.held.len() > 1 => {
                let part = self.held.remove(usize::from(other) % self.held.len());
                let n = self.model.held.remove(usize::from(other) % self.model.held.len());
                let index = usize::from(one) % self.held.len();
                self.held[index].merge(part);
                self.model.held[index] += n;
            }
            Op::Release(n) => {
                let accepted = self.semaphore.release(n);
                assert_eq!(accepted, !S::BOUNDED || n <= self.model.outstanding, "release of {n}");
                match (accepted, S::BOUNDED) {
                    (true, true) => self.model.outstanding -= n,
                    (true, false) => self.model.permits += n,
                    _ => {}
                }
                self.model.settle();
            }
            Op::ForgetPermits(n) => {
                if let Some(forgotten) = self.semaphore.forget_permits(n) {
                    assert_eq!(forgotten, n.min(self.model.available()), "forgotten");
                    self.model.permits -= forgotten;
                }
            }
            Op::Resize(permits) => {
                self.semaphore.resize(permits);
                self.model.permits = permits;
                self.model.settle();
            }
            Op::Close => {
                self.semaphore.close();
                self.model.closed = true;
                let waiting = self.model.line.iter_mut().filter(|(_, state)| *state == State::Waiting);
                waiting.for_each(|(_, state)| *state = State::Closed);
            }
            Op::Cancel(_) | Op::Poll(_) | Op::Forget(_) | Op::Split(..) | Op::Merge(..) => {}
        }
    }

    fn acquire(&mut self, n: u32) {
        let mut future = self.semaphore.acquire_many(n);
        let bell = Bell::default();
        let waker = bell.waker();
        let granted = self.model.grants_at_once(n as usize);
        match Pin::new(&mut future).poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(Ok(permit)) => {
                assert!(granted, "granted {n}");
                self.hold(permit);
            }
            Poll::Ready(Err(_)) => assert!(self.model.closed),
            Poll::Pending => {
                assert!(!granted && !self.model.closed, "{n} were not granted");
                self.model.line.push((n as usize, State::Waiting));
                self.line.push((future, bell));
            }
        }
    }

    fn poll(&mut self, index: usize) {
        let (future, bell) = &mut self.line[index];
        let state = self.model.line[index].1;
        match Pin::new(future).poll(&mut Context::from_waker(&bell.waker())) {
            Poll::Pending => {
                assert_eq!(state, State::Waiting, "waiter {index}");
                return;
            }
            Poll::Ready(Ok(permit)) => {
                assert!(state == State::Granted && !self.model.closed, "waiter {index}");
                assert_eq!(permit.num_permits(), self.model.line[index].0);
                self.model.line.remove(index);
                self.hold(permit);
            }
            Poll::Ready(Err(_)) => {
                // Closed also for those who were granted and had not noticed: their permits come back.
                assert!(self.model.closed && state != State::Waiting, "waiter {index}");
                self.model.line.remove(index);
            }
        }
        drop(self.line.remove(index));
    }

    fn hold(&mut self, permit: Permit<&'s S>) {
        self.model.held.push(permit.num_permits());
        self.held.push(permit);
    }

    /// The chosen permit, which is to be dropped.
    fn let_go(&mut self, pick: u8) -> Option<Permit<&'s S>> {
        if self.held.is_empty() {
            return None;
        }
        let index = usize::from(pick) % self.held.len();
        self.model.held.remove(index);
        self.model.settle();
        Some(self.held.remove(index))
    }

    fn compare(&self) {
        let model = &self.model;
        let (available, waiting) = (model.available(), model.waiting());
        let expected = (available, model.permits, waiting, model.closed, available == 0);
        assert_eq!(self.semaphore.tell(), expected, "free, in all, waiting, closed, locked");
        for ((_, bell), (n, state)) in self.line.iter().zip(&model.line) {
            assert_eq!(bell.rang(), usize::from(*state != State::Waiting), "who waited for {n} was woken");
        }
    }

    /// What is held comes back, and whoever can be served is; then everything is free.
    fn wind_up(&mut self) {
        while !self.held.is_empty() {
            self.take(Op::Drop(0));
            self.compare();
        }
        self.take(Op::Release(self.model.outstanding));
        self.take(Op::Resize(20));
        while !self.line.is_empty() {
            self.take(Op::PollAll);
            while !self.held.is_empty() {
                self.take(Op::Drop(0));
                self.compare();
            }
        }
        assert_eq!(self.semaphore.tell().0, 20, "permits have leaked");
    }
}
