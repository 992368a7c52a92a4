//! What the master may look at of a task: what it logged, and what it used.
//!
//! An agent keeps a task's newest log lines and tells them when it is asked, so a node whose
//! lines nobody reads sends none.

use crate::cbor::cbor_map;
use crate::id::{SessionId, TaskId};
use crate::limits::MAX_LOG;
use crate::message::LogLevel;

/// Tell what there is to know of this task. One that the agent knows nothing of is answered 4.04
/// Not Found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inspect {
    /// The agent's session.
    pub session: SessionId,
    /// The task.
    pub task: TaskId,
    /// The number of the last log line that the master has, 0 for none of this boot. Absent: no
    /// lines are wanted.
    pub after: Option<u32>,
}

cbor_map!(Inspect {
    0: session,
    1: task,
    2: after,
});

/// What an agent tells of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inspection<'a> {
    /// The number of the first line of `lines`: lines of a task count from 1 in each boot of its
    /// agent. Lines between the one asked after and this one are gone. Absent: there are no lines.
    pub first: Option<u32>,
    /// Lines, oldest first, each whole: a byte of severity, a byte that counts those of the text,
    /// and the text in UTF-8. Absent: none. [`LogLines`] reads them.
    pub lines: Option<&'a [u8]>,
    /// Whether there are more lines than these. Absent: no.
    pub more: Option<bool>,
    /// Milliseconds of a core that the task has used since it began in this boot. Absent: the
    /// agent does not measure it, as in the two that follow.
    pub cpu_ms: Option<u64>,
    /// Bytes of memory that it has.
    pub mem: Option<u64>,
    /// Bytes of memory that it had at most.
    pub mem_peak: Option<u64>,
}

cbor_map!(Inspection<'a> {
    0: first,
    1: lines,
    2: more,
    3: cpu_ms,
    4: mem,
    5: mem_peak,
});

const HEADER: usize = 2;

/// Log lines out of [`Inspection::lines`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLines<'a>(pub &'a [u8]);

impl<'a> LogLines<'a> {
    /// Bytes of a line besides its text.
    pub const HEADER: usize = HEADER;

    /// What stands before a text of `length` bytes, at most [`MAX_LOG`].
    pub const fn header(level: LogLevel, length: usize) -> [u8; HEADER] {
        const { assert!(MAX_LOG <= u8::MAX as usize, "a byte counts those of a text") };
        [level as u8, length.to_le_bytes()[0]]
    }

    /// Bytes of the first line with its header; `None` where no whole line stands there.
    pub fn first_length(&self) -> Option<usize> {
        let end = Self::HEADER + usize::from(*self.0.get(1)?);
        (end <= self.0.len()).then_some(end)
    }
}

impl<'a> Iterator for LogLines<'a> {
    type Item = (LogLevel, &'a [u8]);

    /// The next line. A severity that is not known is taken for [`LogLevel::Debug`].
    fn next(&mut self) -> Option<Self::Item> {
        let (line, rest) = self.0.split_at_checked(self.first_length()?)?;
        self.0 = rest;
        let level = LogLevel::from_number(line[0]).unwrap_or(LogLevel::Debug);
        Some((level, &line[Self::HEADER..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_and_a_torn_one_is_left_out() {
        let mut bytes = [0; 32];
        let mut length = 0;
        for (level, text) in [(LogLevel::Warning, &b"hot"[..]), (LogLevel::Debug, b"")] {
            for byte in LogLines::header(level, text.len()).iter().chain(text) {
                bytes[length] = *byte;
                length += 1;
            }
        }
        let mut lines = LogLines(&bytes[..length]);
        assert_eq!(lines.next(), Some((LogLevel::Warning, &b"hot"[..])));
        assert_eq!(lines.next(), Some((LogLevel::Debug, &b""[..])));
        assert_eq!(lines.next(), None);
        for torn in 0..5 {
            assert_eq!(LogLines(&bytes[..torn]).next(), None, "of {torn} bytes");
        }
        assert_eq!(
            LogLines(&[9, 1, b'x']).next(),
            Some((LogLevel::Debug, &b"x"[..]))
        );
    }
}
