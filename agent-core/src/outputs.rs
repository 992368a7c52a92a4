//! What tasks emit and log, in order, until the master has it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use edgerm_protocol::TaskId;
use edgerm_protocol::limits::{MAX_LOG, MAX_PAYLOAD};
use edgerm_protocol::message::LogLevel;

use crate::io::InputError;

/// One output that waits.
#[derive(Debug)]
pub(crate) struct QueuedOutput {
    pub(crate) task: TaskId,
    pub(crate) sequence: u32,
    pub(crate) level: Option<LogLevel>,
    pub(crate) payload: Vec<u8>,
}

/// The outputs of all tasks, oldest first; their number and lengths are bounded.
#[derive(Debug)]
pub(crate) struct Outputs {
    queue: VecDeque<QueuedOutput>,
    capacity: usize,
}

impl Outputs {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            queue: VecDeque::new(),
            capacity,
        }
    }

    /// Appends an output; a log line is cut to [`MAX_LOG`] bytes.
    pub(crate) fn push(
        &mut self,
        task: TaskId,
        sequence: u32,
        level: Option<LogLevel>,
        payload: &[u8],
    ) -> Result<(), InputError> {
        if level.is_none() && payload.len() > MAX_PAYLOAD {
            return Err(InputError::OutputTooLong {
                length: payload.len(),
            });
        }
        if self.queue.len() >= self.capacity {
            return Err(InputError::OutputQueueFull {
                capacity: self.capacity,
            });
        }
        let payload = if level.is_some() {
            cut(payload)
        } else {
            payload
        };
        self.queue.push_back(QueuedOutput {
            task,
            sequence,
            level,
            payload: payload.to_vec(),
        });
        Ok(())
    }

    /// The oldest one.
    pub(crate) fn front(&self) -> Option<&QueuedOutput> {
        self.queue.front()
    }

    /// Removes the oldest one, where it is this task's, and tells whether it was.
    pub(crate) fn pop(&mut self, task: TaskId, sequence: u32) -> bool {
        let front = self.front();
        let found = front.is_some_and(|front| front.task == task && front.sequence == sequence);
        if found {
            self.queue.pop_front();
        }
        found
    }

    /// Whether something of this task waits.
    pub(crate) fn has(&self, task: TaskId) -> bool {
        self.queue.iter().any(|output| output.task == task)
    }

    /// Drops what this task said, since nobody wants it.
    pub(crate) fn forget(&mut self, task: TaskId) {
        self.queue.retain(|output| output.task != task);
    }
}

/// At most [`MAX_LOG`] bytes, cut where a character of UTF-8 begins.
fn cut(line: &[u8]) -> &[u8] {
    let is_start = |at: &usize| line.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
    let end = (0..=line.len().min(MAX_LOG))
        .rev()
        .find(is_start)
        .unwrap_or(0);
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_is_cut_between_characters() {
        assert_eq!(cut(b"short"), b"short");
        let long = "ä".repeat(MAX_LOG);
        assert_eq!(cut(long.as_bytes()).len(), MAX_LOG);
        let odd = alloc::format!("x{long}");
        assert_eq!(cut(odd.as_bytes()).len(), MAX_LOG - 1);
    }

    #[test]
    fn a_full_queue_says_so_and_keeps_what_it_has() {
        let mut outputs = Outputs::new(1);
        outputs.push(TaskId(1), 1, None, b"a").unwrap();
        let full = outputs.push(TaskId(1), 2, None, b"b");
        assert_eq!(full, Err(InputError::OutputQueueFull { capacity: 1 }));
        assert!(!outputs.pop(TaskId(1), 2));
        assert!(outputs.pop(TaskId(1), 1));
        assert!(!outputs.has(TaskId(1)));
    }
}
