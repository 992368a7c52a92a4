//! Where the rows of tasks are: in the order in which the tasks came.
//!
//! Ids of tasks are drawn at random. Were rows in their order, those of one commit would lie
//! scattered over the whole table, and a page be written for each; but what changes are mostly
//! the tasks that came last. So a row's key is a place, counted up, before the id.

use std::collections::HashMap;

use edgerm_protocol::TaskId;

/// Bytes of a key: the place and the id, big-endian each.
pub(super) const KEY: usize = 16;

/// The place of each task that has a row, or had one when the last batch began.
#[derive(Debug, Default)]
pub(super) struct Places {
    next: u64,
    of: HashMap<TaskId, u64>,
}

impl Places {
    /// The key of `task`, in the next place where it has none.
    pub(super) fn key(&mut self, task: TaskId) -> [u8; KEY] {
        let place = *self.of.entry(task).or_insert_with(|| {
            let place = self.next;
            self.next += 1;
            place
        });
        (u128::from(place) << 64 | u128::from(task.0)).to_be_bytes()
    }

    /// Learns of a row, and whose it is; `None` where the key has another length.
    pub(super) fn read(&mut self, key: &[u8]) -> Option<TaskId> {
        let key = u128::from_be_bytes(key.try_into().ok()?);
        let place = u64::try_from(key >> 64).ok()?;
        let task = TaskId(u64::try_from(key & u128::from(u64::MAX)).ok()?);
        self.next = self.next.max(place.saturating_add(1));
        self.of.insert(task, place);
        Some(task)
    }

    /// The row of `task` is gone.
    pub(super) fn forget(&mut self, task: TaskId) {
        self.of.remove(&task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_in_which_tasks_came_and_stay() {
        let mut places = Places::default();
        let (first, second) = (TaskId(u64::MAX), TaskId(1));
        let keys = [first, second, first].map(|task| places.key(task));
        assert!(keys[0] < keys[1]);
        assert_eq!(keys[0], keys[2]);

        let mut read = Places::default();
        let tasks = [keys[1], keys[0]].map(|key| read.read(&key));
        assert_eq!(tasks, [Some(second), Some(first)]);
        assert_eq!(read.key(first), keys[0]);
        assert!(read.key(TaskId(0)) > keys[1], "none has a place of another");

        read.forget(first);
        assert!(read.key(first) > keys[1]);
        assert_eq!(read.read(&keys[0][1..]), None);
    }
}
