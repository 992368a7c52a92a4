//! Bytes emitted within a day: by hours of the clock, of which the present one and the 23 before
//! count.

use edgerm_protocol::Instant;

/// Hours that count, the present one included.
const HOURS: u64 = 24;

/// Bytes by hour since the epoch, modulo [`HOURS`].
type Hours = [u64; 24];

/// Milliseconds of one.
const HOUR_MS: u64 = 3_600_000;

/// The bytes of one day. Times that go back count as the latest.
#[derive(Debug, Default)]
pub(super) struct Day {
    hours: Hours,
    /// The sum over them.
    total: u64,
    /// The latest hour, since the epoch.
    hour: u64,
    /// Whether an output was refused in this hour: what fits behind it is refused as well, so
    /// that a task's outputs end, and have no gaps.
    closed: bool,
}

impl Day {
    /// Takes `bytes`, unless there were more than `max` then.
    pub(super) fn take(&mut self, now: Instant, max: u64, bytes: u64) -> bool {
        self.advance(now);
        let total = self.total.saturating_add(bytes);
        if self.closed || total > max {
            self.closed = true;
            return false;
        }
        if let Some(hour) = slot(&mut self.hours, self.hour) {
            *hour += bytes;
        }
        self.total = total;
        true
    }

    /// Whether all of `max` is used, or something was refused in this hour.
    pub(super) fn is_over(&mut self, now: Instant, max: u64) -> bool {
        self.advance(now);
        self.closed || self.total >= max
    }

    fn advance(&mut self, now: Instant) {
        let hour = now.as_millis() / HOUR_MS;
        let passed = hour.saturating_sub(self.hour);
        if passed == 0 {
            return;
        }
        for back in 0..passed.min(HOURS) {
            if let Some(slot) = slot(&mut self.hours, hour - back) {
                self.total -= std::mem::take(slot);
            }
        }
        (self.hour, self.closed) = (hour, false);
    }
}

fn slot(hours: &mut Hours, hour: u64) -> Option<&mut u64> {
    hours.get_mut(usize::try_from(hour % HOURS).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u64, millis: u64) -> Instant {
        Instant::from_millis((1000 + hour) * HOUR_MS + millis)
    }

    #[test]
    fn an_hour_is_free_again_when_it_is_24_back() {
        let mut day = Day::default();
        assert!(day.take(at(0, HOUR_MS - 1), 100, 60));
        assert!(day.take(at(1, 0), 100, 40));
        assert!(day.is_over(at(1, 0), 100));
        assert!(day.is_over(at(23, HOUR_MS - 1), 100));
        assert!(!day.is_over(at(24, 0), 100));
        assert!(day.take(at(24, 0), 100, 60), "those of the first hour");
        assert!(!day.take(at(24, 1), 100, 1));
        assert!(day.take(at(25, 0), 100, 40), "those of the second");
        assert!(!day.is_over(at(100, 0), 100));
        assert_eq!(day.total, 0);
    }

    #[test]
    fn what_fits_behind_a_refused_output_is_refused_as_well_within_the_hour() {
        let mut day = Day::default();
        assert!(day.take(at(0, 0), 100, 99));
        assert!(!day.take(at(0, 1), 100, 2));
        assert!(!day.take(at(0, 2), 100, 1));
        assert!(day.is_over(at(0, 2), 100));
        assert!(!day.is_over(at(1, 0), 100));
        assert!(day.take(at(1, 0), 100, 1));
    }

    #[test]
    fn a_clock_that_goes_back_frees_nothing() {
        let mut day = Day::default();
        assert!(day.take(at(5, 0), 10, 10));
        assert!(day.is_over(at(0, 0), 10));
        assert!(!day.take(at(0, 0), 10, 1));
        assert!(!day.take(at(5, 0), u64::MAX, u64::MAX));
    }
}
