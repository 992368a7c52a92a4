//! Where a simulated node keeps its records: what outlives a reboot besides modules.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use edgerm_agent_core::RecordKey;
use edgerm_protocol::{Instant, TaskId};

/// How long a write or an erasure takes.
const TAKES: Duration = Duration::from_millis(10);

/// Records, and what is being done to them, in its order.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    kept: BTreeMap<RecordKey, Vec<u8>>,
    under_way: VecDeque<Job>,
}

/// Something that is being done.
#[derive(Clone, Debug)]
struct Job {
    done_at: Instant,
    key: RecordKey,
    /// `None`: it is erased.
    record: Option<Vec<u8>>,
    end_of: Option<TaskId>,
}

impl Records {
    /// Begins to put `record` under `key`, or to erase what is there. Should it be the end of a
    /// task, it says of which.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        key: RecordKey,
        record: Option<Vec<u8>>,
        end_of: Option<TaskId>,
    ) {
        self.under_way.push_back(Job {
            done_at: now + TAKES,
            key,
            record,
            end_of,
        });
    }

    /// When something is done.
    pub(super) fn next_done(&self) -> Option<Instant> {
        self.under_way.front().map(|job| job.done_at)
    }

    /// What is done at `now`: under which key, and the end of which task.
    pub(super) fn poll_done(&mut self, now: Instant) -> Option<(RecordKey, Option<TaskId>)> {
        let is_done = self.next_done().is_some_and(|at| at <= now);
        let job = is_done.then(|| self.under_way.pop_front()).flatten()?;
        let done = (job.key, job.end_of);
        self.put(job);
        Some(done)
    }

    /// The power goes. What was under way is done, or is not, but nothing by half.
    pub(super) fn cut_short(&mut self, is_done: bool) {
        for job in std::mem::take(&mut self.under_way) {
            if is_done {
                self.put(job);
            }
        }
    }

    /// What is kept, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RecordKey, &[u8])> {
        let kept = self.kept.iter();
        kept.map(|(key, record)| (*key, record.as_slice()))
    }

    fn put(&mut self, job: Job) {
        match job.record {
            Some(record) => drop(self.kept.insert(job.key, record)),
            None => drop(self.kept.remove(&job.key)),
        }
    }
}
