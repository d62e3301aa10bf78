//! Chance that can be repeated.

use std::sync::atomic::{AtomicU64, Ordering};

/// SplitMix64: small, seedable, and good enough to spread calls. What it goes by is a count, so that nobody has to wait.
#[derive(Debug)]
pub(crate) struct Random(AtomicU64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// Anything from 0 up to, but not, `most`.
    #[inline(never)]
    pub(crate) fn below(&self, most: u64) -> u64 {
        ((u128::from(most) * u128::from(self.next())) >> 64) as u64
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
