//! What a container writes, line by line, each told once the agent runs and at least once over its
//! restarts.

use std::time::Duration;

use bollard::container::LogOutput;
use edgerm_protocol::TaskId;
use edgerm_protocol::message::LogLevel;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::ContainerEvent;
use super::engine::Engine;
use super::marks::Marks;
use crate::driver::Happening;

/// How often it is written down how far the lines were told, at most.
const REMEMBER: Duration = Duration::from_secs(1);

/// Tells the lines of a container.
#[derive(Debug)]
pub(super) struct Follower<'a> {
    pub(super) engine: &'a Engine,
    pub(super) marks: &'a Marks,
    pub(super) happen: &'a mpsc::Sender<Happening>,
    pub(super) id: TaskId,
    /// The time of the last line that was told, as the engine writes it.
    pub(super) told: String,
}

impl Follower<'_> {
    /// Tells all that it writes, from after what was told already, until it has ended or the engine
    /// does not answer any more. What is told stays told where this is dropped.
    pub(super) async fn follow(&mut self) {
        let lines = match self.engine.logs(self.id, seconds(&self.told)).await {
            Ok(lines) => lines,
            Err(error) => {
                tracing::debug!(task = %self.id, %error, "what it writes is not to be had");
                return;
            }
        };
        let mut lines = Box::pin(lines);
        // When the next line, or what is not written down yet, is.
        let mut remember_at = Instant::now();
        let mut is_behind = false;
        loop {
            let output = tokio::select! {
                output = lines.next() => output,
                () = tokio::time::sleep_until(remember_at), if is_behind => {
                    self.marks.tell(self.id, &self.told).await;
                    (is_behind, remember_at) = (false, Instant::now() + REMEMBER);
                    continue;
                }
            };
            let Some(Ok(output)) = output else {
                break;
            };
            if !self.tell(&output).await {
                return;
            }
            is_behind = true;
        }
        if is_behind {
            self.marks.tell(self.id, &self.told).await;
        }
    }

    /// Tells one line; whether anybody listens.
    async fn tell(&mut self, output: &LogOutput) -> bool {
        let level = match output {
            LogOutput::StdErr { .. } => LogLevel::Error,
            LogOutput::StdOut { .. } | LogOutput::StdIn { .. } | LogOutput::Console { .. } => {
                LogLevel::Info
            }
        };
        let text = String::from_utf8_lossy(output.as_ref());
        let (time, line) = text.split_once(' ').unwrap_or(("", &text));
        // The engine counts in seconds from where it is to begin.
        if time <= self.told.as_str() {
            return true;
        }
        let line = line.trim_end_matches(['\r', '\n']).to_owned();
        let event = Happening::Container(ContainerEvent::Log(self.id, level, line));
        time.clone_into(&mut self.told);
        self.happen.send(event).await.is_ok()
    }
}

/// Whole seconds since the Unix epoch of a time as RFC 3339 has it in UTC, such as
/// `2026-11-26T19:43:03.587098860Z`; 0 where it is none.
fn seconds(time: &str) -> i32 {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let read = || {
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        // Days since the epoch, by the Gregorian calendar with years that begin in March.
        let (year, month) = match month {
            1 | 2 => (year - 1, month + 9),
            _ => (year, month - 3),
        };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day;
        Some((days - 719_469) * 86_400 + hour * 3600 + minute * 60 + second)
    };
    read()
        .and_then(|seconds| i32::try_from(seconds).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_seconds_since_the_epoch() {
        let cases = [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:00.5Z", 951_825_600),
            ("2000-03-01T00:00:00.5Z", 951_868_800),
            ("2026-11-26T19:43:03.587098860Z", 1_795_722_183),
            ("", 0),
            ("never at all, not in a hundred years", 0),
        ];
        for (time, expected) in cases {
            assert_eq!(seconds(time), expected, "{time}");
        }
    }
}
