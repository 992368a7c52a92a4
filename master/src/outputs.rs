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
    /// Log lines right before this one that its agent had no room to keep.
    pub lost: u32,
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

/// Which output of a task, as its agent counts: those that are emitted, and apart from them lines
/// of its log, from 1 in each of its boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The agent's boot.
    pub boot: BootId,
    /// Counts from 1.
    pub number: u32,
}

impl Run {
    /// How many were left out between `last` and this one; `None` where this is told again.
    fn gap_after(self, last: Option<Self>) -> Option<u32> {
        let last = last.filter(|last| last.boot == self.boot);
        let last = last.map_or(0, |last| last.number);
        self.number.checked_sub(last)?.checked_sub(1)
    }
}

#[derive(Debug, Default)]
struct TaskOutputs {
    emitted: Option<Run>,
    logged: Option<Run>,
    /// Lines since the last that is kept which were told and are not.
    unkept: u32,
    /// Counts those kept; the next has one more.
    last_index: u64,
    bytes: usize,
    ring: VecDeque<Kept>,
}

impl OutputStore {
    /// Keeps what a task emitted, unless it was told before.
    pub fn push(
        &mut self,
        limits: &Limits,
        task: TaskId,
        run: Run,
        payload: &[u8],
    ) -> Option<&Kept> {
        let outputs = self.tasks.entry(task).or_default();
        run.gap_after(outputs.emitted)?;
        outputs.emitted = Some(run);
        self.keep(limits, task, None, 0, payload)
    }

    /// Keeps a line of a task's log, unless it was told before.
    pub fn push_line(
        &mut self,
        limits: &Limits,
        task: TaskId,
        run: Run,
        level: LogLevel,
        line: &[u8],
    ) -> Option<&Kept> {
        let outputs = self.tasks.entry(task).or_default();
        let lost = run
            .gap_after(outputs.logged)?
            .saturating_add(outputs.unkept);
        outputs.logged = Some(run);
        outputs.unkept = 0;
        self.keep(limits, task, Some(level), lost, line)
    }

    /// Passes over a line, which counts as lost.
    pub fn pass_line(&mut self, task: TaskId, run: Run) {
        let outputs = self.tasks.entry(task).or_default();
        if let Some(lost) = run.gap_after(outputs.logged) {
            outputs.logged = Some(run);
            outputs.unkept = outputs.unkept.saturating_add(lost).saturating_add(1);
        }
    }

    fn keep(
        &mut self,
        limits: &Limits,
        task: TaskId,
        level: Option<LogLevel>,
        lost: u32,
        payload: &[u8],
    ) -> Option<&Kept> {
        let outputs = self.tasks.entry(task).or_default();
        outputs.last_index += 1;
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        outputs.bytes += payload.len() + OVERHEAD;
        self.bytes += payload.len() + OVERHEAD;
        outputs.ring.push_back(Kept {
            index: outputs.last_index,
            level,
            lost,
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

    /// Whether what a task emitted was kept before, or what came after it in the same run.
    pub fn is_told(&self, task: TaskId, run: Run) -> bool {
        let outputs = self.tasks.get(&task);
        outputs.is_some_and(|outputs| run.gap_after(outputs.emitted).is_none())
    }

    /// The number of the last line of the task's log that came in this boot of its agent; 0 where
    /// none did.
    pub fn last_line(&self, task: TaskId, boot: BootId) -> u32 {
        let last = self.tasks.get(&task).and_then(|outputs| outputs.logged);
        last.filter(|last| last.boot == boot)
            .map_or(0, |last| last.number)
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

    const fn run(number: u32) -> Run {
        Run { boot: BOOT, number }
    }

    fn indices(store: &OutputStore, task: TaskId) -> Vec<u64> {
        store.after(task, 0).map(|kept| kept.index).collect()
    }

    #[test]
    fn an_output_told_twice_is_kept_once() {
        let (mut store, limits) = (OutputStore::default(), Limits::default());
        let mut push = |boot, number| {
            let run = Run { boot, number };
            let told = store.is_told(TASK, run);
            let kept = store.push(&limits, TASK, run, b"x");
            assert_eq!(kept.is_none(), told);
            kept.map(|kept| kept.index)
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
    fn lines_are_counted_apart_and_those_that_gave_way_are_told() {
        let (mut store, limits) = (OutputStore::default(), Limits::default());
        let push = |store: &mut OutputStore, boot, number| {
            let run = Run { boot, number };
            let kept = store.push_line(&limits, TASK, run, LogLevel::Info, b"x");
            let kept = kept.map(|kept| (kept.index, kept.lost));
            (kept, store.last_line(TASK, boot))
        };
        assert_eq!(push(&mut store, BOOT, 1), (Some((1, 0)), 1));
        assert_eq!(push(&mut store, BOOT, 1), (None, 1));
        assert_eq!(push(&mut store, BOOT, 5), (Some((2, 3)), 5));
        assert_eq!(push(&mut store, BootId(2), 3), (Some((3, 2)), 3));
        for number in [5, 5, 6] {
            let boot = BootId(2);
            store.pass_line(TASK, Run { boot, number });
        }
        assert_eq!(push(&mut store, BootId(2), 6), (None, 6));
        assert_eq!(
            push(&mut store, BootId(2), 8),
            (Some((4, 4)), 8),
            "of 4 to 7"
        );
        let emitted = store.push(
            &limits,
            TASK,
            Run {
                boot: BOOT,
                number: 1,
            },
            b"x",
        );
        assert_eq!(emitted.map(|kept| (kept.index, kept.lost)), Some((5, 0)));
        assert_eq!(store.last_line(TASK, BOOT), 0, "of another boot");
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
            store.push(&limits, TASK, run(sequence), b"x");
        }
        assert_eq!(indices(&store, TASK), [2, 3, 4]);
        for sequence in 1..=3 {
            store.push(&limits, TaskId(2), run(sequence), b"x");
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
            store.push(&limits, task, run(sequence), b"x");
        }
        assert_eq!(indices(&store, TASK), [500]);
        assert!(store.tasks[&TASK].ring.capacity() < 50);
    }
}
