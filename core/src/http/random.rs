//! Chance that can be repeated.

/// SplitMix64: small, seedable, and good enough to spread calls.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Anything from 0 up to, but not, `most`.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        ((u128::from(most) * u128::from(self.next())) >> 64) as u64
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
