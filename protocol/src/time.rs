//! A point in time as the sans-IO machines see it: a number the driver passes in; and a wait.

use core::ops::Add;
use core::time::Duration;

/// Milliseconds since an epoch that the driver chose and that never moves back.
///
/// The machines compare instants and add durations to them; they never ask what time it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The instant `millis` milliseconds after the driver's epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the driver's epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, zero where `earlier` is the later one.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time, 584 million years after the epoch.
    #[inline(never)]
    fn add(self, duration: Duration) -> Self {
        let seconds = duration.as_secs().saturating_mul(1000);
        let millis = seconds.saturating_add(duration.subsec_millis().into());
        Self(self.0.saturating_add(millis))
    }
}

impl Add<Millis> for Instant {
    type Output = Self;

    /// Saturates at the end of time.
    fn add(self, Millis(millis): Millis) -> Self {
        Self(self.0.saturating_add(millis.into()))
    }
}

/// A wait that is computed: milliseconds, 49 days at most.
///
/// To divide a `Duration` is to divide numbers of 64 bits, which costs a microcontroller more
/// code than all that is computed with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u32);

impl Millis {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// The longest wait.
    pub const MAX: Self = Self(u32::MAX);

    /// So many times this wait, or the longest.
    #[must_use]
    pub const fn saturating_mul(self, factor: u32) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// Both one after the other, or the longest.
    #[must_use]
    pub const fn saturating_add(self, more: Self) -> Self {
        Self(self.0.saturating_add(more.0))
    }
}

impl From<Duration> for Millis {
    /// What a wait cannot be as long as becomes the longest.
    #[inline(never)]
    fn from(duration: Duration) -> Self {
        let seconds = u32::try_from(duration.as_secs()).unwrap_or(u32::MAX);
        let millis = seconds.saturating_mul(1000);
        Self(millis.saturating_add(duration.subsec_millis()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_saturate() {
        for (duration, millis) in [
            (Duration::ZERO, 0),
            (Duration::from_micros(1_999), 1),
            (Duration::from_millis(4_294_967_295), u32::MAX),
            (Duration::from_millis(4_294_967_296), u32::MAX),
            (Duration::MAX, u32::MAX),
        ] {
            assert_eq!(Millis::from(duration), Millis(millis), "{duration:?}");
        }
        assert_eq!(Millis(3).saturating_mul(u32::MAX), Millis::MAX);
        assert_eq!(Millis(3).saturating_add(Millis::MAX), Millis::MAX);
    }

    #[test]
    fn both_kinds_of_time_add_up_the_same() {
        let now = Instant::from_millis(1_000);
        for duration in [Duration::ZERO, Duration::from_micros(2_500_900)] {
            assert_eq!(now + duration, now + Millis::from(duration));
        }
        let last = Instant::from_millis(u64::MAX);
        assert_eq!(now + Duration::MAX, last);
        assert_eq!(last + Millis(1), last);
    }
}
