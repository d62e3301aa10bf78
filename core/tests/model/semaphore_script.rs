//! Scripts for semaphores, and the two kinds there are.

use std::fmt;

use tollgate_core::semaphore::{Acquire, Permit, Pool};
use tollgate_core::{BoundedSemaphore, Semaphore, TryAcquireError};

use crate::bytes::{Bytes, Menu};
use crate::run::OP;
use crate::script::write_script;

pub(crate) const SETUP: usize = 1;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Acquire(u32),
    Try(u32),
    Cancel(u8),
    Poll(u8),
    PollAll,
    Drop(u8),
    Panic(u8),
    Forget(u8),
    Split(u8, usize),
    Merge(u8, u8),
    Release(usize),
    ForgetPermits(usize),
    Resize(usize),
    Close,
}

pub(crate) struct Script {
    pub(crate) permits: usize,
    pub(crate) ops: Vec<Op>,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_script(f, &format_args!("{} permits", self.permits), &self.ops)
    }
}

impl Script {
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let (setup, ops) = bytes.split_at(SETUP.min(bytes.len()));
        let permits = usize::from(Bytes(setup).byte() % 6);
        Self { permits, ops: ops.chunks(OP).map(|op| Op::decode(&mut Bytes(op))).collect() }
    }
}

impl Op {
    fn decode(bytes: &mut Bytes<'_>) -> Self {
        let menu: &[Menu<Self>] = &[
            (8, |_| Self::PollAll),
            (30, |bytes| Self::Acquire(u32::from(bytes.byte() % 5))),
            (12, |bytes| Self::Try(u32::from(bytes.byte() % 5))),
            (12, |bytes| Self::Cancel(bytes.byte())),
            (12, |bytes| Self::Poll(bytes.byte())),
            (24, |bytes| Self::Drop(bytes.byte())),
            (4, |bytes| Self::Panic(bytes.byte())),
            (8, |bytes| Self::Forget(bytes.byte())),
            (8, |bytes| Self::Split(bytes.byte(), usize::from(bytes.byte() % 5))),
            (8, |bytes| Self::Merge(bytes.byte(), bytes.byte())),
            (12, |bytes| Self::Release(usize::from(bytes.byte() % 4))),
            (6, |bytes| Self::ForgetPermits(usize::from(bytes.byte() % 4))),
            (12, |bytes| Self::Resize(usize::from(bytes.byte() % 8))),
            (1, |bytes| if bytes.byte() < 64 { Self::Close } else { Self::PollAll }),
        ];
        bytes.weighted(menu)(bytes)
    }
}

/// What the two have in common, and where they differ.
pub(crate) trait Kind: Pool + Sized {
    /// Permits that are forgotten are to be released by hand, and nothing else can be.
    const BOUNDED: bool;
    fn make(permits: usize) -> Self;
    fn acquire_many(&self, n: u32) -> Acquire<&Self>;
    fn try_acquire_many(&self, n: u32) -> Result<Permit<&Self>, TryAcquireError>;
    /// Whether it was accepted.
    fn release(&self, n: usize) -> bool;
    /// How many it were; none if there is no such thing.
    fn forget_permits(&self, n: usize) -> Option<usize>;
    fn resize(&self, permits: usize);
    fn close(&self);
    /// Free, in all, waiting, closed, locked.
    fn tell(&self) -> (usize, usize, usize, bool, bool);
}

impl Kind for Semaphore {
    const BOUNDED: bool = false;

    fn make(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire_many(&self, n: u32) -> Acquire<&Self> {
        self.acquire_many(n)
    }

    fn try_acquire_many(&self, n: u32) -> Result<Permit<&Self>, TryAcquireError> {
        self.try_acquire_many(n)
    }

    fn release(&self, n: usize) -> bool {
        self.add_permits(n);
        true
    }

    fn forget_permits(&self, n: usize) -> Option<usize> {
        Some(self.forget_permits(n))
    }

    fn resize(&self, permits: usize) {
        self.resize(permits).expect("not too many");
    }

    fn close(&self) {
        self.close();
    }

    fn tell(&self) -> (usize, usize, usize, bool, bool) {
        let (free, all) = (self.available_permits(), self.capacity());
        (free, all, self.waiting(), self.is_closed(), self.is_locked())
    }
}

impl Kind for BoundedSemaphore {
    const BOUNDED: bool = true;

    fn make(permits: usize) -> Self {
        Self::new(permits)
    }

    fn acquire_many(&self, n: u32) -> Acquire<&Self> {
        self.acquire_many(n)
    }

    fn try_acquire_many(&self, n: u32) -> Result<Permit<&Self>, TryAcquireError> {
        self.try_acquire_many(n)
    }

    fn release(&self, n: usize) -> bool {
        self.release(n).is_ok()
    }

    fn forget_permits(&self, _: usize) -> Option<usize> {
        None
    }

    fn resize(&self, permits: usize) {
        self.resize(permits).expect("not too many");
    }

    fn close(&self) {
        self.close();
    }

    fn tell(&self) -> (usize, usize, usize, bool, bool) {
        let (free, all) = (self.available_permits(), self.capacity());
        (free, all, self.waiting(), self.is_closed(), self.is_locked())
    }
}
