//! Where a simulated node keeps its records: what outlives a reboot besides modules.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use edgerm_agent_core::{RecordKey, StorageError};
use edgerm_protocol::{Instant, TaskId, TaskState};

/// A task that has ended, and how.
pub(super) type End = (TaskId, TaskState);

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
    end_of: Option<End>,
    fails: Option<StorageError>,
}

/// What came of something that was asked.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) key: RecordKey,
    /// The end of a task that is written now.
    pub(super) end_of: Option<End>,
    pub(super) failed: Option<StorageError>,
}

impl Records {
    /// Begins to put `record` under `key`, or to erase what is there, which `takes` so long after
    /// what was asked before and may fail. Should it be the end of a task, it says of which.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        (key, record): (RecordKey, Option<Vec<u8>>),
        end_of: Option<End>,
        (takes, fails): (Duration, Option<StorageError>),
    ) {
        let begins = self.under_way.back().map_or(now, |job| job.done_at);
        self.under_way.push_back(Job {
            done_at: begins.max(now) + takes,
            key,
            record,
            end_of,
            fails,
        });
    }

    /// When something is done.
    pub(super) fn next_done(&self) -> Option<Instant> {
        self.under_way.front().map(|job| job.done_at)
    }

    /// What is done at `now`.
    pub(super) fn poll_done(&mut self, now: Instant) -> Option<Done> {
        let is_done = self.next_done().is_some_and(|at| at <= now);
        let job = is_done.then(|| self.under_way.pop_front()).flatten()?;
        let done = Done {
            key: job.key,
            end_of: job.end_of.filter(|_| job.fails.is_none()),
            failed: job.fails,
        };
        self.put(job);
        Some(done)
    }

    /// The power goes. Of what was under way the first so many are done, the others are not, and
    /// nothing is by half: every store of records sees to that. Gives the ends that were written.
    pub(super) fn cut_short(&mut self, done: usize) -> Vec<End> {
        let mut ends = Vec::new();
        for job in std::mem::take(&mut self.under_way).into_iter().take(done) {
            ends.extend(job.end_of.filter(|_| job.fails.is_none()));
            self.put(job);
        }
        ends
    }

    /// How much is under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// What is kept, by key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RecordKey, &[u8])> {
        let kept = self.kept.iter();
        kept.map(|(key, record)| (*key, record.as_slice()))
    }

    fn put(&mut self, job: Job) {
        match job.record {
            _ if job.fails.is_some() => {}
            Some(record) => drop(self.kept.insert(job.key, record)),
            None => drop(self.kept.remove(&job.key)),
        }
    }
}
