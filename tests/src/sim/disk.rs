//! The master's disk: what outlives the master, and what is on its way there.
//!
//! A batch is a transaction of the store: after a loss of power all of it is there or nothing.
//! (That the shipped store keeps this on a disk that tears writes is tested apart.)

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use edgerm_master::ledger::RowKey;
use edgerm_master::master::Batch;
use edgerm_master::modules::{ModuleStore, StoreError};
use edgerm_protocol::planted::{Bug, is_planted};
use edgerm_protocol::{Instant, ModuleId};

use super::chance::Chance;

/// How long the disk keeps in its memory what it said was done, where that bug is planted.
const CACHED: Duration = Duration::from_secs(5);

/// Rows of a batch.
type Rows = Vec<(RowKey, Option<Vec<u8>>)>;

/// A disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// What is there for good.
    pub(super) rows: BTreeMap<RowKey, Vec<u8>>,
    pub(super) modules: Modules,
    writing: Option<Writing>,
    /// Longest time that a batch takes.
    slowest: Duration,
    fails_until: Instant,
    /// What a disk that lies has in its memory alone.
    cached: VecDeque<(Instant, Rows)>,
    chance: Chance,
}

/// A batch that is being written.
#[derive(Debug)]
struct Writing {
    batch: Batch,
    done_at: Instant,
}

/// What came of a batch.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) number: u64,
    pub(super) failed: bool,
}

impl Disk {
    /// An empty one that takes up to `slowest` for a batch.
    pub(super) fn new(slowest: Duration, seed: u64) -> Self {
        Self {
            rows: BTreeMap::new(),
            modules: Modules::default(),
            writing: None,
            slowest,
            fails_until: Instant::default(),
            cached: VecDeque::new(),
            chance: Chance::new(seed, 4),
        }
    }

    /// Whatever is written until then fails; though it may be there all the same.
    pub(super) fn fail(&mut self, until: Instant) {
        self.fails_until = until;
    }

    /// Begins to write.
    pub(super) fn begin(&mut self, now: Instant, batch: Batch) {
        let takes = Duration::from_millis(1) + self.chance.up_to(self.slowest);
        let done_at = now + takes;
        self.writing = Some(Writing { batch, done_at });
    }

    /// When a batch is done.
    pub(super) fn done_at(&self) -> Option<Instant> {
        self.writing.as_ref().map(|writing| writing.done_at)
    }

    /// What is done at `now`.
    pub(super) fn poll_done(&mut self, now: Instant) -> Option<Written> {
        let writing = self.writing.take_if(|writing| writing.done_at <= now)?;
        let failed = now < self.fails_until;
        let number = writing.batch.number;
        if !failed || self.chance.percent(50) {
            self.put(now, writing.batch.rows);
        }
        Some(Written { number, failed })
    }

    /// The power goes. What was being written is there, or is not.
    pub(super) fn lose_power(&mut self, now: Instant) {
        if let Some(writing) = self.writing.take()
            && self.chance.percent(50)
        {
            self.put(now, writing.batch.rows);
        }
        self.cached.clear();
    }

    fn put(&mut self, now: Instant, rows: Rows) {
        self.cached.push_back((now, rows));
        let keeps = match is_planted(Bug::SkipFsync) {
            true => CACHED,
            false => Duration::ZERO,
        };
        while let Some((_, rows)) = self.cached.pop_front_if(|(at, _)| *at + keeps <= now) {
            for (key, row) in rows {
                match row {
                    Some(row) => drop(self.rows.insert(key, row)),
                    None => drop(self.rows.remove(&key)),
                }
            }
        }
    }
}

/// The bytes of modules, which outlive a master.
#[derive(Clone, Default)]
pub(super) struct Modules(Arc<Mutex<BTreeMap<String, Arc<[u8]>>>>);

impl fmt::Debug for Modules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Modules")
    }
}

impl ModuleStore for Modules {
    fn recall(&mut self, _: ModuleId, _: u32) {}

    fn put(&mut self, id: ModuleId, bytes: Arc<[u8]>) -> Result<(), StoreError> {
        let mut modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = id.key();
        modules.insert(key.as_str().to_owned(), bytes);
        Ok(())
    }

    fn by_key(&self, key: &str) -> Option<Arc<[u8]>> {
        let modules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        modules.get(key).map(Arc::clone)
    }
}
