//! What a node takes for the time: since its boot, and too fast or too slow.

use edgerm_protocol::Instant;

/// A node's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// Millionths by which it is too fast.
    pub drift: i32,
    booted: u64,
}

impl Clock {
    /// One that is so many millionths too fast; within 100,000 of a million.
    pub const fn new(drift: i32) -> Self {
        Self { drift, booted: 0 }
    }

    /// It begins anew at `now`.
    pub const fn boot(&mut self, now: Instant) {
        self.booted = now.as_millis();
    }

    /// What it shows at `now`.
    pub fn shows(self, now: Instant) -> Instant {
        Instant::from_millis(self.scale(now.as_millis().saturating_sub(self.booted)))
    }

    /// When it will show at least `shown`.
    pub fn when(self, shown: Instant) -> Instant {
        let shown = shown.as_millis();
        let mut passed = u64::try_from(
            i128::from(shown) * 1_000_000 / i128::from(1_000_000 + i64::from(self.drift)),
        )
        .unwrap_or(u64::MAX);
        while self.scale(passed) < shown {
            passed += 1;
        }
        Instant::from_millis(self.booted + passed)
    }

    fn scale(self, passed: u64) -> u64 {
        let drift = i128::from(passed) * i128::from(self.drift) / 1_000_000;
        u64::try_from(i128::from(passed) + drift).unwrap_or(passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_has_come_when_the_clock_says_so() {
        for drift in [-100_000, -37, 0, 1, 50_000] {
            let mut clock = Clock::new(drift);
            clock.boot(Instant::from_millis(1_234));
            for shown in [0, 1, 999, 20_000, 86_400_000] {
                let at = clock.when(Instant::from_millis(shown));
                assert!(clock.shows(at).as_millis() >= shown, "{drift} {shown}");
                let before = Instant::from_millis(at.as_millis().saturating_sub(2));
                assert!(
                    shown < 2 || clock.shows(before).as_millis() < shown,
                    "{drift} {shown}"
                );
            }
        }
    }
}
