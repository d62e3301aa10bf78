//! Bytes to choices: what a script of operations is decoded from.
//!
//! Everything the tests do is told by bytes, so that whoever makes them (proptest, a coverage-guided
//! fuzzer, a seeded generator) makes scripts. Every sequence of bytes is a script; where there are too few,
//! the rest reads as zeros, and a zero is always the plainest choice.

use std::time::Duration;

/// What one can choose from, each with its weight and with how it is read on.
pub(crate) type Menu<T> = (u32, fn(&mut Bytes<'_>) -> T);

/// Reads choices, one byte after the other.
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&first, rest)) => {
                self.0 = rest;
                first
            }
            None => 0,
        }
    }

    /// One of these.
    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// The choice under whose weight the byte falls; choices are listed with their weights.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(u32, T)]) -> T {
        let sum: u32 = all.iter().map(|(weight, _)| weight).sum();
        let mut point = u32::from(self.byte()) * sum / 256;
        for &(weight, choice) in all {
            if point < weight {
                return choice;
            }
            point -= weight;
        }
        unreachable!("the weights sum up to more than the point")
    }

    /// A length of time: mostly multiples of 5 ms below 1.2 s, so that things fall on the same moment.
    pub(crate) fn duration(&mut self) -> Duration {
        match self.byte() {
            byte @ ..=239 => Duration::from_millis(5 * u64::from(byte)),
            byte @ 240..=247 => Duration::from_nanos(u64::from(byte) - 239),
            byte => Duration::from_millis(700 * u64::from(byte - 246)),
        }
    }
}
