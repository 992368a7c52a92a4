//! What tasks emitted and logged, the newest of it: a ring for each task, and a bound on all.

use std::collections::{BTreeMap, VecDeque};

use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{BootId, TaskId};

use crate::config::Limits;

/// Bytes that an output takes besides its payload, about: its place in two collections.
const OVERHEAD: usize = 96;

/// One output as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Counts the outputs kept of its task, from 1.
    pub index: u64,
    /// The severity of a log line; none for what was emitted.
    pub level: Option<LogLevel>,
    /// What it was.
    pub payload: Box<[u8]>,
    /// Counts the outputs of all tasks, so that the oldest of all is known.
    stamp: u64,
}

/// The outputs of all tasks.
#[derive(Debug, Default)]
pub struct OutputStore {
    tasks: BTreeMap<TaskId, TaskOutputs>,
    /// Every output kept, oldest first.
    by_age: BTreeMap<u64, TaskId>,
    next_stamp: u64,
    bytes: usize,
}

#[derive(Debug)]
struct TaskOutputs {
    boot: BootId,
    last_sequence: u32,
    next_index: u64,
    bytes: usize,
    ring: VecDeque<Kept>,
}

impl OutputStore {
    /// Keeps an output, unless it was told before: outputs of one run count up.
    pub fn push(
        &mut self,
        limits: &Limits,
        task: TaskId,
        (boot, sequence): (BootId, u32),
        level: Option<LogLevel>,
        payload: &[u8],
    ) -> Option<&Kept> {
        if self.is_told(task, (boot, sequence)) {
            return None;
        }
        let outputs = self.tasks.entry(task).or_insert_with(|| TaskOutputs {
            boot,
            last_sequence: 0,
            next_index: 1,
            bytes: 0,
            ring: VecDeque::new(),
        });
        outputs.boot = boot;
        outputs.last_sequence = sequence;
        let index = outputs.next_index;
        outputs.next_index += 1;
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        outputs.bytes += payload.len() + OVERHEAD;
        self.bytes += payload.len() + OVERHEAD;
        outputs.ring.push_back(Kept {
            index,
            level,
            payload: payload.into(),
            stamp,
        });
        self.by_age.insert(stamp, task);
        while self.is_over(limits, task) {
            self.drop_oldest_of(task);
        }
        while self.bytes > limits.output_bytes {
            let Some((_, oldest)) = self.by_age.first_key_value() else {
                break;
            };
            self.drop_oldest_of(*oldest);
        }
        self.tasks.get(&task)?.ring.back()
    }

    /// Whether an output of `task` was kept before, or one after it of the same run.
    pub fn is_told(&self, task: TaskId, (boot, sequence): (BootId, u32)) -> bool {
        let outputs = self.tasks.get(&task);
        outputs.is_some_and(|it| it.boot == boot && sequence <= it.last_sequence)
    }

    /// Outputs of `task` after `index`, oldest first.
    pub fn after(&self, task: TaskId, index: u64) -> impl Iterator<Item = &Kept> {
        self.tasks.get(&task).into_iter().flat_map(move |outputs| {
            let start = outputs.ring.partition_point(|kept| kept.index <= index);
            outputs.ring.range(start..)
        })
    }

    /// Forgets the outputs of `task`.
    pub fn forget(&mut self, task: TaskId) {
        if let Some(outputs) = self.tasks.remove(&task) {
            self.bytes -= outputs.bytes;
            for kept in outputs.ring {
                self.by_age.remove(&kept.stamp);
            }
        }
    }

    /// Bytes kept, of all tasks.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_over(&self, limits: &Limits, task: TaskId) -> bool {
        self.tasks.get(&task).is_some_and(|outputs| {
            outputs.ring.len() > limits.task_outputs.max(1)
                || (outputs.bytes > limits.task_output_bytes && outputs.ring.len() > 1)
        })
    }

    fn drop_oldest_of(&mut self, task: TaskId) {
        let Some(outputs) = self.tasks.get_mut(&task) else {
            return;
        };
        if let Some(kept) = outputs.ring.pop_front() {
            let bytes = kept.payload.len() + OVERHEAD;
            outputs.bytes -= bytes;
            self.bytes -= bytes;
            self.by_age.remove(&kept.stamp);
            // Tasks that said much once and gave way since hold no empty places.
            if outputs.ring.len() < outputs.ring.capacity() / 4 {
                outputs.ring.shrink_to(outputs.ring.len() * 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: TaskId = TaskId(1);
    const BOOT: BootId = BootId(1);

    fn indices(store: &OutputStore, task: TaskId) -> Vec<u64> {
        store.after(task, 0).map(|kept| kept.index).collect()
    }

    #[test]
    fn an_output_told_twice_is_kept_once() {
        let (mut store, limits) = (OutputStore::default(), Limits::default());
        let mut push = |boot, sequence| {
            store
                .push(&limits, TASK, (boot, sequence), None, b"x")
                .map(|kept| kept.index)
        };
        assert_eq!(push(BOOT, 1), Some(1));
        assert_eq!(push(BOOT, 1), None);
        assert_eq!(push(BOOT, 3), Some(2), "one was dropped on the way");
        assert_eq!(
            push(BootId(2), 1),
            Some(3),
            "the agent rebooted and began anew"
        );
    }

    #[test]
    fn the_oldest_give_way() {
        let limits = Limits {
            task_outputs: 3,
            output_bytes: 5 * (1 + OVERHEAD),
            ..Limits::default()
        };
        let mut store = OutputStore::default();
        for sequence in 1..=4 {
            store.push(&limits, TASK, (BOOT, sequence), None, b"x");
        }
        assert_eq!(indices(&store, TASK), [2, 3, 4]);
        for sequence in 1..=3 {
            store.push(&limits, TaskId(2), (BOOT, sequence), None, b"x");
        }
        assert_eq!(indices(&store, TASK), [3, 4], "the oldest of all went");
        assert_eq!(indices(&store, TaskId(2)), [1, 2, 3]);
        store.forget(TASK);
        store.forget(TaskId(2));
        assert_eq!(store.bytes(), 0);
    }

    #[test]
    fn a_task_whose_outputs_gave_way_holds_no_places_for_them() {
        let limits = Limits {
            output_bytes: 500 * (1 + OVERHEAD),
            ..Limits::default()
        };
        let mut store = OutputStore::default();
        for (task, sequence) in (1..=500)
            .map(|it| (TASK, it))
            .chain((1..=499).map(|it| (TaskId(2), it)))
        {
            store.push(&limits, task, (BOOT, sequence), None, b"x");
        }
        assert_eq!(indices(&store, TASK), [500]);
        assert!(store.tasks[&TASK].ring.capacity() < 50);
    }
}
