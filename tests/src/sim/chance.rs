//! Draws of a seeded generator, without floats: the same on every machine.

use std::time::Duration;

use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg32;

/// A generator.
#[derive(Clone, Debug)]
pub(super) struct Chance(Pcg32);

impl Chance {
    /// One of this seed, for one purpose.
    pub(super) fn new(seed: u64, purpose: u64) -> Self {
        Self(Pcg32::seed_from_u64(mix(seed ^ mix(purpose))))
    }

    /// A number under `under`; 0 where that is 0.
    pub(super) fn under(&mut self, under: usize) -> usize {
        let drawn = usize::try_from(self.0.next_u32()).unwrap_or(0);
        drawn.checked_rem(under).unwrap_or(0)
    }

    /// Whether something happens that does so many times in a hundred.
    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.under(100) < percent
    }

    /// A time of zero to twice the mean.
    pub(super) fn about(&mut self, mean: Duration) -> Duration {
        mean * 2 * (self.0.next_u32() >> 16) / (1 << 16)
    }

    /// A time under `longest`: each power of two of it is as likely as the next, down to a
    /// thousandth.
    pub(super) fn up_to(&mut self, longest: Duration) -> Duration {
        let longest = longest / (1 << self.under(11));
        longest * (self.0.next_u32() >> 16) / (1 << 16)
    }

    /// A share of thousandths: none half of the time, else small rather than large.
    pub(super) fn share(&mut self, most: u32) -> u32 {
        match self.percent(50) {
            true => 0,
            false => most / (1 << self.under(5)),
        }
    }
}

/// Spreads the bits of a number over all of it (splitmix64).
pub(super) const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
