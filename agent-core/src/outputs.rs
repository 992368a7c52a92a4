//! What tasks emit, in order, until the master has it.

use alloc::vec::Vec;

use edgerm_protocol::TaskId;
use edgerm_protocol::limits::MAX_PAYLOAD;

use crate::io::InputError;

/// One output that waits.
#[derive(Debug)]
pub(crate) struct QueuedOutput {
    pub(crate) task: TaskId,
    pub(crate) sequence: u32,
    pub(crate) payload: Vec<u8>,
}

/// The outputs of all tasks, oldest first; their number and lengths are bounded.
#[derive(Debug)]
pub(crate) struct Outputs {
    /// A short one, so that the first may be removed as any other.
    queue: Vec<QueuedOutput>,
    capacity: usize,
}

impl Outputs {
    pub(crate) const fn new(capacity: usize) -> Self {
        Self {
            queue: Vec::new(),
            capacity,
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
            payload: payload.to_vec(),
        });
        Ok(())
    }

    /// The oldest one.
    pub(crate) fn front(&self) -> Option<&QueuedOutput> {
        self.queue.first()
    }

    /// Removes the oldest one of this task, with this number where one is given. Tells whether there
    /// was one.
    #[inline(never)]
    pub(crate) fn remove(&mut self, task: TaskId, sequence: Option<u32>) -> bool {
        let is_it = |output: &QueuedOutput| {
            output.task == task && sequence.is_none_or(|sequence| output.sequence == sequence)
        };
        let at = self.queue.iter().position(is_it);
        at.map(|at| self.queue.remove(at)).is_some()
    }

    /// Whether nobody has room to emit.
    pub(crate) fn is_full(&self) -> bool {
        self.queue.len() >= self.capacity
    }

    /// Whether something of this task waits.
    pub(crate) fn has(&self, task: TaskId) -> bool {
        self.queue.iter().any(|output| output.task == task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_says_so_and_keeps_what_it_has() {
        let mut outputs = Outputs::new(1);
        outputs.push(TaskId(1), 1, b"a").unwrap();
        let full = outputs.push(TaskId(1), 2, b"b");
        assert_eq!(full, Err(InputError::OutputQueueFull { capacity: 1 }));
        assert!(!outputs.remove(TaskId(1), Some(2)));
        assert!(!outputs.remove(TaskId(2), None));
        assert!(outputs.remove(TaskId(1), Some(1)));
        assert!(!outputs.has(TaskId(1)));
    }
}
