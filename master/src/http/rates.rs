//! Rates: who asks how often, in a table that does not grow without bound.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::rate::Rate;

/// The generic cell rate algorithm (ITU-T I.371), which needs one time for each key: when what
/// was asked so far would have been due, had it come evenly.
///
/// Two generations of keys: once the younger is full it becomes the elder, and the elder is
/// forgotten, so at most `max` are held, and the ones forgotten are those not heard for longest.
#[derive(Debug)]
pub(super) struct Rates<K> {
    period: Duration,
    tolerance: Duration,
    max: usize,
    young: HashMap<K, Instant>,
    old: HashMap<K, Instant>,
}

impl<K: Eq + Hash> Rates<K> {
    /// `rate` for each key, of which `max` are remembered, two at the least.
    pub(super) fn new(rate: Rate, max: usize) -> Self {
        let period = Duration::from_secs(1) / rate.per_second.max(1);
        Self {
            period,
            tolerance: period * rate.burst.max(1),
            max: max.max(2),
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    /// Takes one from what `key` may.
    ///
    /// # Errors
    ///
    /// The time after which to ask again; nothing is taken.
    pub(super) fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        let due = self.young.get(&key).copied();
        let due = due.or_else(|| self.old.remove(&key));
        let next = due.map_or(now, |due| due.max(now)) + self.period;
        let early = next.duration_since(now).saturating_sub(self.tolerance);
        let kept = if early.is_zero() { Some(next) } else { due };
        if let Some(kept) = kept {
            if !self.young.contains_key(&key) && self.young.len() >= self.max / 2 {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(key, kept);
        }
        match early.is_zero() {
            true => Ok(()),
            false => Err(early),
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(per_second: u32, burst: u32, max: usize) -> Rates<u32> {
        Rates::new(Rate { per_second, burst }, max)
    }

    #[test]
    fn a_burst_is_taken_and_then_the_rate() {
        let mut rates = rates(10, 3, 100);
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..3 {
            assert_eq!(rates.take(1, at(0)), Ok(()));
        }
        assert_eq!(rates.take(1, at(0)), Err(Duration::from_millis(100)));
        assert_eq!(rates.take(2, at(0)), Ok(()), "others are not held up");
        assert_eq!(rates.take(1, at(60)), Err(Duration::from_millis(40)));
        assert_eq!(rates.take(1, at(100)), Ok(()));
        assert_eq!(rates.take(1, at(100)), Err(Duration::from_millis(100)));
        let taken = (0..5).filter(|_| rates.take(1, at(60_000)).is_ok());
        assert_eq!(taken.count(), 3, "a rest gives no more than the burst");
    }

    #[test]
    fn the_table_is_bounded_and_forgets_who_was_not_heard_for_longest() {
        let mut rates = rates(1, 1, 10);
        let now = Instant::now();
        assert!(rates.take(0, now).is_ok());
        for key in 1..1000 {
            assert!(rates.take(key, now).is_ok());
            assert!(rates.take(0, now).is_err(), "it is heard all the time");
            assert!(rates.len() <= 10);
        }
        assert!(rates.take(1, now).is_ok(), "it was forgotten");
    }
}
