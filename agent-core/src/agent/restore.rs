//! What is taken up after a reboot, and what is written for the next one.

use alloc::vec::Vec;

use edgerm_protocol::limits::MAX_DETAIL;
use edgerm_protocol::message::{ReceivedLaunch, StatusUpdate};
use edgerm_protocol::{TaskState, decode, encode};

use super::{Agent, Effect};
use crate::io::{InputError, StorageError};
use crate::records::{Record, RecordError, RecordKey};
use crate::task::{Ending, Phase, Recorded, Task};

/// Bytes of a status update at most: its map, four keys, a task's id, a state, an exit code and
/// the head of a text, beside the detail.
const MAX_UPDATE: usize = 1 + 4 + 9 + 1 + 5 + 2 + MAX_DETAIL;

/// Whose the records in the storage are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// None says so.
    Unknown,
    /// This agent's.
    Own,
    /// Those of one with another name: the node was renamed, or its storage copied.
    Foreign,
}

impl<const TASKS: usize> Agent<TASKS> {
    /// Takes up a record that an earlier boot left under this key, before the first input. The
    /// one of [`RecordKey::IDENTITY`] comes first, the others in any order; where it tells
    /// another name than the agent's, those are not taken up.
    ///
    /// A task that said `restart` starts again, with its module checked and fetched where it is
    /// missing, whether the master is there or not; but one that is to end when the master is
    /// silent waits to hear it, for nobody knows how long the node was down. An end that was not
    /// acknowledged is told again.
    ///
    /// # Errors
    ///
    /// [`RecordError`], for the log: the record is dropped, and [`crate::Output::Erase`]
    /// asks for its removal.
    pub fn restore(&mut self, key: RecordKey, bytes: &[u8]) -> Result<(), RecordError> {
        self.kept.on_found(key);
        let taken = self.take_up(key, bytes);
        // A name that is not the agent's is written over.
        if taken.is_err() && key != RecordKey::IDENTITY {
            self.erase(key);
        }
        taken
    }

    fn take_up(&mut self, key: RecordKey, bytes: &[u8]) -> Result<(), RecordError> {
        match (Record::read(bytes)?, self.vacant(key)) {
            (Record::Identity(name), None) if key == RecordKey::IDENTITY => {
                if name != self.name {
                    self.identity = Identity::Foreign;
                    return Err(RecordError::Foreign);
                }
                self.identity = Identity::Own;
                Ok(())
            }
            (Record::Launch(_) | Record::End(_), Some(_)) if self.identity == Identity::Foreign => {
                Err(RecordError::Foreign)
            }
            (Record::Launch(body), Some(place)) => self.take_up_launch(place, body),
            (Record::End(body), Some(place)) => self.take_up_end(place, body),
            (Record::Identity(_), _) => Err(RecordError::Unreadable),
            (Record::Launch(_) | Record::End(_), None) => Err(RecordError::Key(key)),
        }
    }

    /// The place of this record, where there is one in the table and nobody has it.
    fn vacant(&self, key: RecordKey) -> Option<u8> {
        let place = key.place().filter(|place| usize::from(*place) < TASKS)?;
        self.table.at(place).is_none().then_some(place)
    }

    fn take_up_launch(&mut self, place: u8, body: &[u8]) -> Result<(), RecordError> {
        let launch: ReceivedLaunch<'_> = decode(body).map_err(|_| RecordError::Unreadable)?;
        if launch.restart != Some(true) {
            return Err(RecordError::Unreadable);
        }
        if self.table.has_seen(launch.task) {
            return Err(RecordError::Foreign);
        }
        let mut task = Task::new(&launch, body);
        task.recorded = Recorded::Settled;
        match self.check_launch(&launch, body) {
            Ok(()) if launch.stop_after_disconnected.is_some() => {}
            Ok(()) => task.phase = Phase::Checking,
            // The node has changed since.
            Err(refused) => task.end(Ending::new(TaskState::Rejected, &refused.1)),
        }
        let begins = task.waits_for_module();
        self.table.insert(place, task);
        if begins {
            self.check(launch.module);
        }
        Ok(())
    }

    fn take_up_end(&mut self, place: u8, body: &[u8]) -> Result<(), RecordError> {
        let update: StatusUpdate<'_> = decode(body).map_err(|_| RecordError::Unreadable)?;
        if !update.state.is_terminal() {
            return Err(RecordError::Unreadable);
        }
        if self.table.has_seen(update.task) {
            return Err(RecordError::Foreign);
        }
        self.table.insert(place, Task::ended(&update));
        Ok(())
    }

    /// A place in the table for a task to come, whose record the storage is done with.
    pub(super) fn free_place(&self) -> Option<u8> {
        self.table.free_place(|place| {
            let key = RecordKey::of_place(place);
            !self.kept.is_busy(key) && !self.kept.is_written(key)
        })
    }

    /// Asks the storage for what it should have and has not.
    pub(super) fn keep_records(&mut self) {
        if !self.config.keeps_records {
            for task in self.table.iter_mut() {
                task.recorded = Recorded::Settled;
            }
            return;
        }
        if self.identity != Identity::Own {
            self.identity = Identity::Own;
            let record = Record::Identity(&self.name).to_bytes();
            self.persist(RecordKey::IDENTITY, record.unwrap_or_default());
        }
        for place in (0_u8..).take(TASKS) {
            let key = RecordKey::of_place(place);
            if self.kept.is_busy(key) {
                continue;
            }
            match self.table.at_mut(place) {
                Some(task) if task.recorded == Recorded::Due => {
                    task.recorded = Recorded::Writing;
                    match record_of(task) {
                        Some(record) => self.persist(key, record),
                        None => self.on_unwritten(key, StorageError::Full),
                    }
                }
                Some(_) => {}
                None if self.kept.is_erasable(key) => self.erase(key),
                None => {}
            }
        }
    }

    fn persist(&mut self, key: RecordKey, record: Vec<u8>) {
        self.kept.on_persist(key);
        self.effects.push_back(Effect::Persist(key, record));
    }

    fn erase(&mut self, key: RecordKey) {
        self.kept.on_erase(key);
        self.effects.push_back(Effect::Erase(key));
    }

    /// The storage has done what it was asked under this key, or failed.
    pub(super) fn on_persisted(
        &mut self,
        key: RecordKey,
        error: Option<StorageError>,
    ) -> Result<(), InputError> {
        if !self.kept.on_answer(key) {
            return Err(InputError::UnexpectedRecord(key));
        }
        match error {
            None => self.on_written(key),
            Some(error) => {
                self.kept.on_failed(key);
                self.on_unwritten(key, error);
            }
        }
        Ok(())
    }

    fn on_written(&mut self, key: RecordKey) {
        let Some(task) = key.place().and_then(|place| self.table.at_mut(place)) else {
            return;
        };
        match task.recorded {
            Recorded::Writing | Recorded::Erasing => task.recorded = Recorded::Settled,
            // It has ended meanwhile, which is written next.
            Recorded::Settled | Recorded::Due => return,
        }
        if task.is_held() && !self.registration.is_leaving() {
            let module = task.module;
            task.phase = Phase::Checking;
            self.check(module);
        }
    }

    fn on_unwritten(&mut self, key: RecordKey, error: StorageError) {
        let Some(task) = key.place().and_then(|place| self.table.at_mut(place)) else {
            return;
        };
        match task.recorded {
            Recorded::Writing if !task.has_ended() => {
                task.end(Ending::new(TaskState::Rejected, error.record_detail()));
            }
            Recorded::Writing if task.restart => {
                task.recorded = Recorded::Erasing;
                self.erase(key);
            }
            Recorded::Writing | Recorded::Erasing => task.recorded = Recorded::Settled,
            Recorded::Settled | Recorded::Due => {}
        }
    }

    /// The master was heard: what waited for that begins.
    pub(super) fn begin_held(&mut self) {
        if self.registration.is_leaving() {
            return;
        }
        let waits = |task: &&mut Task| task.is_held() && task.recorded == Recorded::Settled;
        while let Some(task) = self.table.iter_mut().find(waits) {
            task.phase = Phase::Checking;
            let module = task.module;
            self.check(module);
        }
    }
}

/// The record of a task: that it is to start again, or that it has ended.
fn record_of(task: &Task) -> Option<Vec<u8>> {
    if !task.has_ended() {
        return Record::Launch(&task.launch).to_bytes();
    }
    let mut buffer = [0; MAX_UPDATE];
    let update = encode(&task.update(), &mut buffer).ok()?;
    Record::End(update).to_bytes()
}
