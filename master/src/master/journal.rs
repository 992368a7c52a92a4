//! What is to last, and what must not be told before it does.
//!
//! A change is true in memory at once, so that the next decision sees it, and is on the disk a
//! little later: rows that changed are written together, as one batch, while the next ones
//! gather. Whatever tells of a change is held back until the batch with it is down: the answer to
//! the agent or the caller who made it, the request to an agent that it brings about, every
//! event. So a master that is killed at any instant has told nobody of what it then forgets.
//!
//! ```text
//! Writable -- a batch fails --> Failing -- the same rows, tried again, are down --> Writable
//! ```
//!
//! A batch that fails may be on the disk all the same, so nothing is taken back: its rows are
//! written again, as they are by then, once a second. Meanwhile what is held stays held,
//! but for datagrams, which are dropped, for their senders repeat them; and nothing new is begun.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use edgerm_protocol::Instant;
use edgerm_protocol::planted::{Bug, is_planted};

use super::{Master, Output};
use crate::ledger::RowKey;

/// How long until rows that could not be written are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Rows to be written together, all or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Which batch: [`Master::handle_committed`] takes it.
    pub number: u64,
    /// Each row by its key, once; `None`: it is removed.
    pub rows: Vec<(RowKey, Option<Vec<u8>>)>,
}

/// Why nothing can be written, since when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFault {
    /// What the disk said.
    pub reason: String,
    /// Since when.
    pub since: Instant,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Whether anything lasts. Where nothing does, nothing is held back.
    pub(super) lasts: bool,
    /// Counts changes.
    changed: u64,
    /// The last change that is on the disk.
    durable: u64,
    dirty: BTreeSet<RowKey>,
    writing: Option<Writing>,
    batches: u64,
    fault: Option<StoreFault>,
    retry_at: Option<Instant>,
    /// What waits, by the change that it waits for.
    held: BTreeMap<u64, Vec<Output>>,
}

/// A batch that is being written.
#[derive(Debug)]
struct Writing {
    number: u64,
    /// The last change in it.
    changed: u64,
    rows: Vec<RowKey>,
}

impl Journal {
    /// A row has changed.
    pub(super) fn mark(&mut self, row: RowKey) {
        self.changed += 1;
        if self.lasts {
            self.dirty.insert(row);
        } else {
            self.durable = self.changed;
        }
    }

    /// The last change made.
    pub(super) const fn changed(&self) -> u64 {
        self.changed
    }

    /// Whether rows cannot be written.
    pub(super) const fn is_failing(&self) -> bool {
        self.fault.is_some()
    }

    /// Keeps an output until `change` is on the disk; gives back one that need not wait.
    fn hold(&mut self, change: u64, output: Output) -> Option<Output> {
        if change <= self.durable || is_planted(Bug::TellUncommitted) {
            return Some(output);
        }
        if !(self.is_failing() && matches!(output, Output::Transmit { .. })) {
            self.held.entry(change).or_default().push(output);
        }
        None
    }

    fn begin(&mut self, now: Instant) -> Option<Vec<RowKey>> {
        let is_early = self.retry_at.is_some_and(|at| at > now);
        if self.writing.is_some() || self.dirty.is_empty() || is_early {
            return None;
        }
        self.batches += 1;
        let rows: Vec<_> = std::mem::take(&mut self.dirty).into_iter().collect();
        self.writing = Some(Writing {
            number: self.batches,
            changed: self.changed,
            rows: rows.clone(),
        });
        Some(rows)
    }
}

impl Master {
    /// What is to be written next, unless a batch is being written, or failed just now. Call after
    /// every call that takes `now`, and when the last batch is down.
    pub fn poll_batch(&mut self, now: Instant) -> Option<Batch> {
        let keys = self.journal.begin(now)?;
        let ledger = &self.ledger;
        let rows = keys.into_iter().map(|key| (key, ledger.row(key))).collect();
        Some(Batch {
            number: self.journal.batches,
            rows,
        })
    }

    /// A batch is on the disk, to outlive a loss of power. What waited for it is to be told.
    pub fn handle_committed(&mut self, now: Instant, number: u64) {
        let is_it = |writing: &mut Writing| writing.number == number;
        let Some(writing) = self.journal.writing.take_if(is_it) else {
            return;
        };
        self.count("commits");
        *self.counters.entry("rowsWritten").or_default() += writing.rows.len() as u64;
        let journal = &mut self.journal;
        journal.durable = writing.changed;
        journal.retry_at = None;
        let recovered = journal.fault.take();
        let later = journal.held.split_off(&(writing.changed + 1));
        let told = std::mem::replace(&mut journal.held, later);
        self.emitted.extend(told.into_values().flatten());
        if recovered.is_some() {
            tracing::info!("the master's file can be written again");
            self.allocate(now);
        }
    }

    /// A batch could not be written, or nobody knows whether it was. It is tried again.
    pub fn handle_commit_failed(&mut self, now: Instant, number: u64, reason: &str) {
        self.count("commitFailed");
        let journal = &mut self.journal;
        let Some(writing) = journal.writing.take_if(|it| it.number == number) else {
            return;
        };
        journal.dirty.extend(writing.rows);
        journal.retry_at = Some(now + RETRY);
        if journal.fault.is_none() {
            tracing::error!(
                reason,
                "the master's file cannot be written: nothing new is begun"
            );
        }
        let since = journal.fault.take().map_or(now, |fault| fault.since);
        let reason = reason.to_owned();
        journal.fault = Some(StoreFault { reason, since });
        for held in journal.held.values_mut() {
            held.retain(|output| !matches!(output, Output::Transmit { .. }));
        }
    }

    /// Why nothing can be written, where nothing can.
    pub fn store_fault(&self) -> Option<&StoreFault> {
        self.journal.fault.as_ref()
    }

    /// The number of the last change. Who made it is answered once [`Self::durable`] is as high.
    pub fn changed(&self) -> u64 {
        self.journal.changed
    }

    /// The last change that is on the disk.
    pub fn durable(&self) -> u64 {
        self.journal.durable
    }

    /// Whether there is something to write, and nothing is being written.
    pub fn has_unwritten(&self) -> bool {
        self.journal.writing.is_none() && !self.journal.dirty.is_empty()
    }

    /// When rows that could not be written are to be tried again.
    pub fn retry_at(&self) -> Option<Instant> {
        self.journal
            .retry_at
            .filter(|_| self.journal.writing.is_none())
    }

    /// Tells something once `change` is on the disk.
    pub(super) fn emit_after(&mut self, change: u64, output: Output) {
        let ready = self.journal.hold(change, output);
        self.emitted.extend(ready);
    }

    /// Tells something that all that has happened so far may show in.
    pub(super) fn emit(&mut self, output: Output) {
        self.emit_after(self.journal.changed, output);
    }
}
