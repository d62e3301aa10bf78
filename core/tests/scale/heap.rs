//! Watches what is taken from the heap.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// There is one heap; so one test at a time watches it.
static TURN: Mutex<()> = Mutex::new(());

/// Counts from its making on. What was there before does not matter, nor when that is given back.
pub(crate) struct Heap {
    _profiler: dhat::Profiler,
    _turn: MutexGuard<'static, ()>,
}

impl Heap {
    pub(crate) fn watch() -> Self {
        Self::watch_beside(|| ()).0
    }

    /// Makes something first that is not counted.
    pub(crate) fn watch_beside<T>(make: impl FnOnce() -> T) -> (Self, T) {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let made = make();
        (Self { _profiler: dhat::Profiler::builder().testing().build(), _turn: turn }, made)
    }

    /// Bytes in use now.
    pub(crate) fn live(&self) -> usize {
        dhat::HeapStats::get().curr_bytes
    }

    /// The most bytes that were in use at any time.
    pub(crate) fn peak(&self) -> usize {
        dhat::HeapStats::get().max_bytes
    }

    /// How often memory was asked for.
    pub(crate) fn allocations(&self) -> u64 {
        dhat::HeapStats::get().total_blocks
    }
}
