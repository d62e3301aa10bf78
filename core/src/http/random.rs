//! Chance that can be repeated.

/// SplitMix64: small, seedable, and good enough to spread calls.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From 0 up to, but not, 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed >> 32) as f64 / (1_u64 << 32) as f64
    }
}
