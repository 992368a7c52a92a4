//! How often something may happen for each source, in memory that does not grow with them.

use std::net::IpAddr;
use std::time::Duration;

use edgerm_protocol::Instant;

/// Buckets: sources beyond them share one with others.
const BUCKETS: usize = 4096;

/// A token bucket for each source, and one for all of them. Sources are told apart by a hash
/// with a seed of this process, so nobody chooses with whom he shares.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    rate: Rate,
    total: Rate,
    buckets: Box<[Bucket]>,
    all: Bucket,
    seed: u64,
}

/// How often something may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Times a second, in the long run.
    pub per_second: u32,
    /// Times at once, after a pause.
    pub burst: u32,
}

/// What is left of a burst, in thousandths.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: u64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, now: Instant, rate: Rate) -> bool {
        const ONCE: u64 = 1000;
        let since: Duration = now.saturating_duration_since(self.at);
        let since = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        let filled = since.saturating_mul(rate.per_second.into());
        let most = u64::from(rate.burst) * ONCE;
        self.left = self.left.saturating_add(filled).min(most);
        self.at = self.at.max(now);
        let Some(left) = self.left.checked_sub(ONCE) else {
            return false;
        };
        self.left = left;
        true
    }
}

impl RateLimiter {
    /// So often for each source, and so often for all together.
    pub(crate) fn new(rate: Rate, total: Rate, seed: u64) -> Self {
        let full = |rate: Rate| Bucket {
            left: u64::from(rate.burst) * 1000,
            at: Instant::default(),
        };
        Self {
            rate,
            total,
            buckets: vec![full(rate); BUCKETS].into(),
            all: full(total),
            seed,
        }
    }

    /// Whether it may happen for this source now.
    pub(crate) fn allows(&mut self, now: Instant, source: IpAddr) -> bool {
        let index = hash(self.seed, source) % BUCKETS as u64;
        let bucket = usize::try_from(index).ok();
        let bucket = bucket.and_then(|index| self.buckets.get_mut(index));
        bucket.is_some_and(|bucket| bucket.take(now, self.rate)) && self.all.take(now, self.total)
    }
}

/// One host, or one network of IPv6 of which a host may have all addresses, as a number.
fn hash(seed: u64, source: IpAddr) -> u64 {
    let number = match source.to_canonical() {
        IpAddr::V4(ip) => u64::from(ip.to_bits()),
        // The first 64 bits, never those of an IPv4 address.
        IpAddr::V6(ip) => u64::try_from(ip.to_bits() >> 64).unwrap_or(0) | 1 << 63,
    };
    // The finalizer of SplitMix64, before and after the seed.
    mix(mix(number ^ seed).wrapping_add(seed.rotate_left(32)))
}

const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 10,
        burst: 3,
    };
    const PLENTY: Rate = Rate {
        per_second: 1000,
        burst: 1000,
    };

    fn at(millis: u64) -> Instant {
        Instant::from_millis(1_000_000 + millis)
    }

    fn source(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_source_has_its_burst_and_then_its_rate() {
        let mut limiter = RateLimiter::new(RATE, PLENTY, 7);
        let mut allowed = |millis| limiter.allows(at(millis), source(1));
        assert_eq!([0, 0, 0, 0].map(&mut allowed), [true, true, true, false]);
        assert_eq!([99, 100, 100].map(&mut allowed), [false, true, false]);
        assert_eq!([10_000; 4].map(&mut allowed), [true, true, true, false]);
        assert!(!allowed(5_000), "a clock that goes back gives nothing");
    }

    #[test]
    fn one_source_does_not_take_anothers() {
        let mut limiter = RateLimiter::new(RATE, PLENTY, 7);
        while limiter.allows(at(0), source(1)) {}
        assert!(limiter.allows(at(0), source(2)));
    }

    #[test]
    fn all_together_have_a_rate_too() {
        let mut limiter = RateLimiter::new(PLENTY, RATE, 7);
        let allowed = (0..=255).filter(|last| limiter.allows(at(0), source(*last)));
        assert_eq!(allowed.count(), 3);
    }

    #[test]
    fn the_addresses_of_one_network_are_one_source() {
        let mut limiter = RateLimiter::new(RATE, PLENTY, 7);
        let source = |host: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, host]);
        let allowed = (0..100).filter(|host| limiter.allows(at(0), source(*host)));
        assert_eq!(allowed.count(), 3);
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(hash(1, mapped), hash(1, IpAddr::from([192, 0, 2, 1])));
    }
}
