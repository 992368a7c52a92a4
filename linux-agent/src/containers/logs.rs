//! What a container writes, line by line, each told once while the agent runs, and over its restarts
//! until the master has fetched it.

use bollard::container::LogOutput;
use edgerm_protocol::TaskId;
use edgerm_protocol::message::LogLevel;
use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};

use super::engine::Engine;
use super::marks::Marks;
use super::{ContainerEvent, Line};
use crate::driver::Happening;

/// Nanoseconds in a second.
const NANOS: u64 = 1_000_000_000;

/// A line's place among what a container wrote. Engines tell when that was, and some tell seconds, in
/// which there are many lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Nanoseconds since the Unix epoch.
    pub time: u64,
    /// Which of the lines with this time, from 1; with 0, it is before them.
    pub nth: u32,
}

impl Place {
    /// That of a line with this time which comes next.
    const fn next(self, time: u64) -> Self {
        let nth = match self.time == time {
            true => self.nth.saturating_add(1),
            false => 1,
        };
        Self { time, nth }
    }
}

/// Tells the lines of a container.
#[derive(Debug)]
pub(super) struct Follower<'a> {
    pub(super) engine: &'a Engine,
    pub(super) marks: &'a Marks,
    pub(super) happen: &'a mpsc::Sender<Happening>,
    pub(super) id: TaskId,
    /// The last line that was told.
    pub(super) told: Place,
    /// The last that the master has.
    pub(super) fetched: watch::Receiver<Place>,
}

impl Follower<'_> {
    /// Tells all that it writes, from after what was told already, until it has ended or the engine
    /// does not answer any more; and remembers what of it was fetched. What is told stays told where
    /// this is dropped.
    pub(super) async fn follow(&mut self) {
        let since = i32::try_from(self.told.time / NANOS).unwrap_or(0);
        let lines = match self.engine.logs(self.id, since).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::debug!(task = %self.id, %error, "what it writes is not to be had");
                return;
            }
        };
        let mut lines = Box::pin(lines);
        let mut place = Place::default();
        loop {
            tokio::select! {
                output = lines.next() => {
                    let Some(Ok(output)) = output else {
                        return;
                    };
                    if !self.tell(&output, &mut place).await {
                        return;
                    }
                }
                Ok(()) = self.fetched.changed() => {
                    let fetched = *self.fetched.borrow_and_update();
                    self.marks.remember(self.id, fetched).await;
                }
            }
        }
    }

    /// Tells one line, which stands after `place` of those that the engine gives; whether anybody
    /// listens.
    async fn tell(&mut self, output: &LogOutput, place: &mut Place) -> bool {
        let level = match output {
            LogOutput::StdErr { .. } => LogLevel::Error,
            LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
                LogLevel::Info
            }
        };
        let text = String::from_utf8_lossy(output.as_ref());
        let (time, line) = text.split_once(' ').unwrap_or(("", &text));
        let written = nanos(time).map(|time| place.next(time));
        if let Some(written) = written {
            *place = written;
            // The engine counts in seconds from where it is to begin.
            if written <= self.told {
                return true;
            }
            self.told = written;
        }
        let line = Line {
            level,
            text: line.trim_end_matches(['\r', '\n']).to_owned(),
            written,
        };
        let event = Happening::Container(ContainerEvent::Log(self.id, line));
        self.happen.send(event).await.is_ok()
    }
}

/// Nanoseconds since the Unix epoch of a time as RFC 3339 has it in UTC, such as
/// `2026-11-26T19:43:03.587098860Z`; `None` where it is none, or one that 64 bits do not hold.
fn nanos(time: &str) -> Option<u64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Days since the epoch, by the Gregorian calendar with years that begin in March.
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
    let seconds = (days - 719_469) * 86_400 + hour * 3600 + minute * 60 + second;
    let fraction = match time.get(19..)?.strip_suffix('Z')? {
        "" => 0,
        fraction => format!("{:0<9.9}", fraction.strip_prefix('.')?)
            .parse()
            .ok()?,
    };
    u64::try_from(seconds)
        .ok()?
        .checked_mul(NANOS)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_time_have_places_in_their_order() {
        let mut place = Place::default();
        let mut places = Vec::new();
        for time in [5, 5, 7, 7, 7, 9] {
            place = place.next(time);
            places.push((place.time, place.nth));
        }
        assert_eq!(places, [(5, 1), (5, 2), (7, 1), (7, 2), (7, 3), (9, 1)]);
        assert!(places.is_sorted());
    }

    #[test]
    fn a_time_is_in_nanoseconds_since_the_epoch() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600_500_000_000)),
            ("2000-03-01T00:00:00.05Z", Some(951_868_800_050_000_000)),
            (
                "2026-11-26T19:43:03.587098860Z",
                Some(1_795_722_183_587_098_860),
            ),
            ("1969-12-31T23:59:59Z", None),
            ("9999-12-31T23:59:59Z", None),
            ("2000-02-29T12:00:00.5", None),
            ("2000-02-29T12:00:00.Z", Some(951_825_600_000_000_000)),
            ("", None),
            ("never at all, not in a hundred years", None),
        ];
        for (time, expected) in cases {
            assert_eq!(nanos(time), expected, "{time}");
        }
    }
}
