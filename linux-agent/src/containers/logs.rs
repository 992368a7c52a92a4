//! What a container writes, line by line, each told once while the agent runs, and over its restarts
//! until the master has fetched it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bollard::container::LogOutput;
use edgerm_protocol::TaskId;
use edgerm_protocol::message::LogLevel;
use futures_util::StreamExt;
use tokio::sync::{mpsc, watch};

use super::engine::Engine;
use super::marks::Marks;
use super::watch::RETRY;
use super::{ContainerEvent, Line};
use crate::driver::Happening;

/// How long the next of the last lines of a container that has ended is waited for: the engine ends
/// their stream itself, unless something that it runs holds the other end.
const LAST_LINES: Duration = Duration::from_secs(5);

/// How long until a stream that gave nothing is opened again, at most.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// Seconds by which lines of one moment may be out of order. A line that is older by more was written
/// after the clock was set back.
const DISORDER: u64 = 10;

/// How far what a container wrote was told. An engine gives lines from a second on, in the order in
/// which it took them: of two streams, and by a clock that somebody sets, that is not always the
/// order of their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The latest second since the Unix epoch in which a line was written.
    pub second: u64,
    /// How many lines of that second were told.
    pub lines: u32,
}

impl Place {
    /// The place after one more line, which was written in `second`.
    const fn after(self, second: u64) -> Self {
        let is_next = second > self.second || second + DISORDER < self.second;
        match (is_next, second == self.second) {
            (true, _) => Self { second, lines: 1 },
            (false, true) => Self {
                second,
                lines: self.lines.saturating_add(1),
            },
            (false, false) => self,
        }
    }
}

/// Tells the lines of a container.
#[derive(Debug)]
pub(super) struct Follower<'a> {
    pub(super) engine: &'a Engine,
    pub(super) marks: &'a Marks,
    pub(super) happen: &'a mpsc::Sender<Happening>,
    pub(super) id: TaskId,
    /// How far it was told.
    pub(super) told: Place,
    /// How far the master has it.
    pub(super) fetched: watch::Receiver<Place>,
}

impl Follower<'_> {
    /// Waits for `ended` and tells what the container writes meanwhile, from after what was told
    /// already, and then its last lines; and remembers what of it was fetched. Where it comes to
    /// nothing, the container is let go of, lines and all. What is told stays told where this is
    /// dropped.
    pub(super) async fn follow<T>(&mut self, ended: impl Future<Output = Option<T>>) -> Option<T> {
        tokio::pin!(ended);
        let (mut over, mut pause) = (None, RETRY);
        loop {
            let count = AtomicU64::new(0);
            let lines = self.read(&count);
            tokio::pin!(lines);
            if over.is_none() {
                tokio::select! {
                    biased;
                    end = &mut ended => over = Some(end?),
                    () = &mut lines => {
                        // It has ended, or the engine cannot tell more of it now.
                        pause = match count.load(Ordering::Relaxed) {
                            0 => MAX_PAUSE.min(pause * 2),
                            _ => RETRY,
                        };
                        tokio::select! {
                            end = &mut ended => over = Some(end?),
                            () = tokio::time::sleep(pause) => {}
                        }
                        continue;
                    }
                }
            }
            let mut before = u64::MAX;
            while count.load(Ordering::Relaxed) != before {
                before = count.load(Ordering::Relaxed);
                if tokio::time::timeout(LAST_LINES, &mut lines).await.is_ok() {
                    break;
                }
            }
            return over;
        }
    }

    /// Tells lines, and counts them, until the engine has no more or does not answer any more.
    async fn read(&mut self, count: &AtomicU64) {
        let from = self.told;
        let since = i32::try_from(from.second).unwrap_or(0);
        let lines = match self.engine.logs(self.id, since).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::debug!(task = %self.id, %error, "what it writes is not to be had");
                return;
            }
        };
        let mut lines = Box::pin(lines);
        // The engine begins with the first line of the second, and those were told.
        let mut again = from.lines;
        loop {
            tokio::select! {
                output = lines.next() => {
                    let output = match output {
                        Some(Ok(output)) => output,
                        Some(Err(error)) => {
                            tracing::debug!(task = %self.id, %error, "lines are not to be had");
                            return;
                        }
                        None => return,
                    };
                    let Some((line, second)) = read_line(&output) else {
                        // What the engine itself has to say.
                        let said = String::from_utf8_lossy(output.as_ref());
                        tracing::warn!(task = %self.id, %said, "lines are not to be had");
                        continue;
                    };
                    if again > 0 && second == Some(from.second) {
                        again -= 1;
                        continue;
                    }
                    if !self.tell(line, second).await {
                        return;
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(()) = self.fetched.changed() => {
                    let fetched = *self.fetched.borrow_and_update();
                    self.marks.remember(self.id, fetched).await;
                }
            }
        }
    }

    /// Tells one line, which was written in this second; whether anybody listens.
    async fn tell(&mut self, (level, text): (LogLevel, String), second: Option<u64>) -> bool {
        // What comes of it is not in between: a line is told, or read again.
        let Ok(permit) = self.happen.reserve().await else {
            return false;
        };
        self.told = second.map_or(self.told, |second| self.told.after(second));
        let line = Line {
            level,
            text,
            written: Some(self.told),
        };
        permit.send(Happening::Container(ContainerEvent::Log(self.id, line)));
        true
    }
}

/// A line as an engine gives it, and the second in which it was written, where the engine tells.
/// `None`: it is of neither stream, and so none of the container's.
fn read_line(output: &LogOutput) -> Option<((LogLevel, String), Option<u64>)> {
    let level = match output {
        LogOutput::StdErr { .. } => LogLevel::Error,
        LogOutput::StdOut { .. } => LogLevel::Info,
        // No container here has a terminal.
        LogOutput::StdIn { .. } | LogOutput::Console { .. } => return None,
    };
    let text = String::from_utf8_lossy(output.as_ref());
    let (time, line) = text.split_once(' ').unwrap_or(("", &text));
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    Some(((level, line), seconds(time)))
}

/// Whole seconds since the Unix epoch of a time as RFC 3339 has it, such as
/// `2026-11-26T19:43:03.587098860Z`; `None` where it is none, or before that.
fn seconds(time: &str) -> Option<u64> {
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
    let fraction = |c: char| c == '.' || c.is_ascii_digit();
    let zone = time.get(19..)?.trim_start_matches(fraction);
    let ahead = match zone {
        "Z" => 0,
        _ => {
            let number = |from: usize, to: usize| zone.get(from..to)?.parse::<i64>().ok();
            let ahead = number(1, 3)? * 3600 + number(4, 6)? * 60;
            match zone.as_bytes().first()? {
                b'+' => ahead,
                b'-' => -ahead,
                _ => return None,
            }
        }
    };
    u64::try_from(seconds - ahead).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_the_lines_of_the_latest_second() {
        let mut place = Place::default();
        let mut places = Vec::new();
        // Out of order by a second, and after the clock was set back.
        for second in [50, 50, 51, 50, 51, 20, 20, 21] {
            place = place.after(second);
            places.push((place.second, place.lines));
        }
        let expected = [
            (50, 1),
            (50, 2),
            (51, 1),
            (51, 1),
            (51, 2),
            (20, 1),
            (20, 2),
            (21, 1),
        ];
        assert_eq!(places, expected);
    }

    #[test]
    fn a_line_is_of_one_of_the_two_streams() {
        let message = "1970-01-01T00:00:07Z a line\r\n".into();
        let line = read_line(&LogOutput::StdErr { message });
        assert_eq!(
            line,
            Some(((LogLevel::Error, "a line".to_owned()), Some(7)))
        );
        let message = "Error grabbing logs: invalid character".into();
        assert_eq!(read_line(&LogOutput::Console { message }), None);
    }

    #[test]
    fn a_time_is_in_seconds_since_the_epoch() {
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00.5Z", Some(951_825_600)),
            ("2000-03-01T00:00:00.05Z", Some(951_868_800)),
            ("2026-11-26T19:43:03.587098860Z", Some(1_795_722_183)),
            ("2026-11-26T20:43:03.587098860+01:00", Some(1_795_722_183)),
            ("2026-11-26T14:13:03-05:30", Some(1_795_722_183)),
            ("1969-12-31T23:59:59Z", None),
            ("2000-02-29T12:00:00.5", None),
            ("2000-02-29T12:00:00 01:00", None),
            ("", None),
            ("never at all, not in a hundred years", None),
        ];
        for (time, expected) in cases {
            assert_eq!(seconds(time), expected, "{time}");
        }
    }
}
