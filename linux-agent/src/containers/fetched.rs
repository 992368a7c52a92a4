//! Up to when the master has fetched what a container wrote, so that an agent that has started again
//! reads the rest from the engine, which keeps it.

use std::collections::VecDeque;

use super::logs::Place;

/// Lines whose places are kept at most. Those of a task that writes more before they are fetched count
/// as not fetched, and are told again to an agent that has started again.
const MAX_LINES: usize = 4096;

/// The lines of one task that were not fetched yet.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Their numbers, and the place after each.
    places: VecDeque<(u32, Place)>,
    /// The number of the last that was sent.
    sent: u32,
}

impl Lines {
    /// The line of this number is kept, after which this is the place.
    pub(super) fn add(&mut self, number: u32, place: Place) {
        if self.places.len() == MAX_LINES {
            self.places.pop_front();
        }
        self.places.push_back((number, place));
    }

    /// `count` lines are sent from number `first` on.
    pub(super) fn send(&mut self, first: u32, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.sent = self.sent.max(first.saturating_add(count).saturating_sub(1));
    }

    /// The master has those up to number `last`. Gives the place after the last of them, where there is
    /// one that it did not have before.
    pub(super) fn fetched(&mut self, last: u32) -> Option<Place> {
        // A number that was never sent is one of an earlier agent.
        if last > self.sent {
            return None;
        }
        let mut fetched = None;
        while let Some((_, place)) = self.places.pop_front_if(|(number, _)| *number <= last) {
            fetched = Some(place);
        }
        fetched
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(second: u64) -> Place {
        Place { second, lines: 1 }
    }

    #[test]
    fn what_was_fetched_is_known_by_its_place() {
        let mut lines = Lines::default();
        for (number, time) in [(2, 10), (3, 20), (5, 30)] {
            lines.add(number, at(time));
        }
        lines.send(1, 4);
        for (last, place) in [
            (0, None),
            (1, None),
            (2, Some(at(10))),
            (2, None),
            // Of an earlier agent: it was not sent.
            (5, None),
            (4, Some(at(20))),
        ] {
            assert_eq!(lines.fetched(last), place, "{last}");
        }
        lines.send(5, 1);
        assert_eq!(lines.fetched(5), Some(at(30)));
        lines.add(6, at(40));
        lines.send(3, 1);
        assert_eq!(lines.fetched(6), None);
        lines.send(6, 1);
        assert_eq!(lines.fetched(6), Some(at(40)));
    }

    #[test]
    fn of_more_lines_than_are_kept_the_newest_count() {
        let mut lines = Lines::default();
        let all = u32::try_from(MAX_LINES).unwrap() + 2;
        for number in 1..=all {
            lines.add(number, at(u64::from(number) * 10));
        }
        lines.send(1, MAX_LINES + 2);
        assert_eq!(lines.fetched(2), None);
        assert_eq!(lines.fetched(3), Some(at(30)));
        assert_eq!(lines.fetched(all), Some(at(u64::from(all) * 10)));
    }
}
