//! What tasks emit and log, in order, until the master has it.

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
    /// A short one, so that the first may be removed as any other.
    queue: Vec<QueuedOutput>,
    capacity: usize,
    logs_per_task: usize,
}

impl Outputs {
    pub(crate) const fn new(capacity: usize, logs_per_task: usize) -> Self {
        Self {
            queue: Vec::new(),
            capacity,
            logs_per_task,
        }
    }

    /// Appends something emitted.
    pub(crate) fn push(
        &mut self,
        task: TaskId,
        sequence: u32,
        payload: &[u8],
    ) -> Result<(), InputError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(InputError::OutputTooLong {
                length: payload.len(),
            });
        }
        if self.is_full() {
            return Err(InputError::OutputQueueFull {
                capacity: self.capacity,
            });
        }
        self.queue.push(QueuedOutput {
            task,
            sequence,
            level: None,
            payload: payload.to_vec(),
        });
        Ok(())
    }

    /// Appends a log line, cut to [`MAX_LOG`] bytes. Logs have half of the queue, and each task
    /// as many as the driver chose: beyond that a line is dropped, and the gap in the sequence
    /// tells.
    pub(crate) fn push_log(&mut self, task: TaskId, sequence: u32, level: LogLevel, line: &[u8]) {
        let is_own = |output: &&QueuedOutput| output.task == task && output.level.is_some();
        let own = self.queue.iter().filter(is_own).count();
        if own < self.logs_per_task && self.queue.len() < self.capacity / 2 {
            self.queue.push(QueuedOutput {
                task,
                sequence,
                level: Some(level),
                payload: cut(line).to_vec(),
            });
        }
    }

    /// The oldest one.
    pub(crate) fn front(&self) -> Option<&QueuedOutput> {
        self.queue.first()
    }

    /// Removes the oldest one, where it is this one.
    pub(crate) fn pop(&mut self, task: TaskId, sequence: u32) -> Option<QueuedOutput> {
        let front = self.front()?;
        (front.task == task && front.sequence == sequence).then(|| self.queue.remove(0))
    }

    /// Whether nobody has room to emit.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= self.capacity
    }

    /// Whether something of this task waits.
    pub(crate) fn has(&self, task: TaskId) -> bool {
        self.queue.iter().any(|output| output.task == task)
    }

    /// Drops what this task said, since nobody wants it. Gives how many emitted ones that were.
    pub(crate) fn forget(&mut self, task: TaskId) -> usize {
        let mut forgotten = 0;
        while let Some(at) = self.queue.iter().position(|output| output.task == task) {
            let output = self.queue.remove(at);
            forgotten += usize::from(output.level.is_none());
        }
        forgotten
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

    const LOGS_PER_TASK: usize = 4;

    #[test]
    fn a_log_line_is_cut_between_characters() {
        assert_eq!(cut(b"short"), b"short");
        let long = "ä".repeat(MAX_LOG);
        assert_eq!(cut(long.as_bytes()).len(), MAX_LOG);
        let odd = alloc::format!("x{long}");
        assert_eq!(cut(odd.as_bytes()).len(), MAX_LOG - 1);
    }

    #[test]
    fn logs_leave_half_of_the_queue_to_what_is_emitted() {
        let mut outputs = Outputs::new(4, 4);
        for sequence in 1..=4 {
            outputs.push_log(TaskId(1), sequence, LogLevel::Info, b"line");
        }
        assert_eq!(outputs.queue.len(), 2);
        assert_eq!(outputs.push(TaskId(1), 5, b"a"), Ok(()));
        assert_eq!(outputs.push(TaskId(1), 6, b"b"), Ok(()));
    }

    #[test]
    fn a_chatty_task_leaves_room_to_the_lines_of_others() {
        let (chatty, quiet) = (TaskId(1), TaskId(2));
        // Who logs how many lines, and how many of its own wait then.
        let cases = [
            (chatty, 3, 3),
            (chatty, 9, LOGS_PER_TASK),
            (quiet, 1, 1),
            (quiet, 9, LOGS_PER_TASK),
        ];
        let mut outputs = Outputs::new(4 * LOGS_PER_TASK, LOGS_PER_TASK);
        let mut sequence = 0;
        for (task, lines, waiting) in cases {
            for _ in 0..lines {
                sequence += 1;
                outputs.push_log(task, sequence, LogLevel::Info, b"line");
            }
            let own = outputs.queue.iter().filter(|output| output.task == task);
            assert_eq!(own.count(), waiting, "{task} after {lines} lines");
        }
        // The oldest line has gone: the next one has its place.
        assert!(outputs.pop(chatty, 1).is_some());
        outputs.push_log(chatty, 100, LogLevel::Info, b"line");
        assert!(outputs.queue.iter().any(|output| output.sequence == 100));
    }

    #[test]
    fn a_full_queue_says_so_and_keeps_what_it_has() {
        let mut outputs = Outputs::new(1, 1);
        outputs.push(TaskId(1), 1, b"a").unwrap();
        let full = outputs.push(TaskId(1), 2, b"b");
        assert_eq!(full, Err(InputError::OutputQueueFull { capacity: 1 }));
        assert!(outputs.pop(TaskId(1), 2).is_none());
        assert!(outputs.pop(TaskId(1), 1).is_some());
        assert!(!outputs.has(TaskId(1)));
    }
}
