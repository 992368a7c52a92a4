//! All tasks of an agent, those that ended and are not acknowledged included.

use edgerm_protocol::TaskId;

use crate::task::Task;

/// Ids of tasks that are over and acknowledged, kept so that a late duplicate of their launch
/// starts nothing. A master sends one request at a time and endpoints answer duplicates of the
/// last few, so what is older than this many tasks has died in the network (RFC 7252 section
/// 4.8.2: a datagram lives 100 s at most).
const REMEMBERED: usize = 16;

/// Ids of tasks that were killed and never launched here, kept so that a launch which the kill
/// overtook starts nothing.
const KILLED_UNSEEN: usize = 4;

/// The tasks, at most `TASKS`.
#[derive(Debug)]
pub(crate) struct Table<const TASKS: usize> {
    tasks: heapless::Vec<Task, TASKS>,
    over: heapless::HistoryBuf<TaskId, REMEMBERED>,
    killed_unseen: heapless::HistoryBuf<TaskId, KILLED_UNSEEN>,
}

impl<const TASKS: usize> Table<TASKS> {
    pub(crate) const fn new() -> Self {
        Self {
            tasks: heapless::Vec::new(),
            over: heapless::HistoryBuf::new(),
            killed_unseen: heapless::HistoryBuf::new(),
        }
    }

    /// The tasks, the ids of those that are over, and of those that were killed unseen.
    #[cfg(feature = "inspect")]
    pub(crate) fn parts(&self) -> (&[Task], [&[TaskId]; 2]) {
        let Self {
            tasks,
            over,
            killed_unseen,
        } = self;
        (tasks, [over.as_slice(), killed_unseen.as_slice()])
    }

    pub(crate) fn as_slice(&self) -> &[Task] {
        &self.tasks
    }

    pub(crate) fn iter(&self) -> core::slice::Iter<'_, Task> {
        self.tasks.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> core::slice::IterMut<'_, Task> {
        self.tasks.iter_mut()
    }

    pub(crate) fn find(&self, id: TaskId) -> Option<&Task> {
        self.iter().find(|task| task.id == id)
    }

    pub(crate) fn find_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.iter_mut().find(|task| task.id == id)
    }

    /// Whether the task is here, or was here not long ago.
    pub(crate) fn has_seen(&self, id: TaskId) -> bool {
        self.find(id).is_some() || self.over.contains(&id)
    }

    /// A task that was never here is killed: should its launch come late, it is not to start.
    pub(crate) fn on_killed_unseen(&mut self, id: TaskId) {
        if !self.was_killed_unseen(id) {
            self.killed_unseen.write(id);
        }
    }

    /// Whether the task was killed before its launch came.
    pub(crate) fn was_killed_unseen(&self, id: TaskId) -> bool {
        self.killed_unseen.contains(&id)
    }

    /// Tasks that hold a slot.
    pub(crate) fn active(&self) -> usize {
        self.iter().filter(|task| !task.has_ended()).count()
    }

    /// The lowest place that no task has and for which `is_free` holds.
    pub(crate) fn free_place(&self, is_free: impl Fn(u8) -> bool) -> Option<u8> {
        let mut places = 0..u8::try_from(TASKS).unwrap_or(u8::MAX);
        places.find(|place| self.at(*place).is_none() && is_free(*place))
    }

    /// The task in this place.
    pub(crate) fn at(&self, place: u8) -> Option<&Task> {
        self.iter().find(|task| task.place == place)
    }

    /// The task in this place.
    pub(crate) fn at_mut(&mut self, place: u8) -> Option<&mut Task> {
        self.iter_mut().find(|task| task.place == place)
    }

    /// Puts a task in this place, which is free.
    pub(crate) fn insert(&mut self, place: u8, mut task: Task) {
        task.place = place;
        let inserted = self.tasks.push(task);
        debug_assert!(inserted.is_ok(), "the caller has asked for a place");
    }

    /// Forgets the tasks that `is_over` names, but for their ids.
    pub(crate) fn remove_where(&mut self, is_over: &dyn Fn(&mut Task) -> bool) {
        let over = &mut self.over;
        self.tasks.retain_mut(|task| {
            let remove = is_over(task);
            if remove {
                over.write(task.id);
            }
            !remove
        });
    }
}
