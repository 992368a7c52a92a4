//! Where records are kept: what outlives [`super::World::reboot`].

use std::collections::{BTreeMap, BTreeSet};

use edgerm_agent_core::{Input, MAX_RECORD, RecordKey, StorageError};

#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) kept: BTreeMap<RecordKey, Vec<u8>>,
    /// Nothing is written or erased, and that is told.
    pub(crate) broken: bool,
    /// What it is asked is neither done nor answered: the power goes before that.
    pub(crate) paused: bool,
    /// Writes and erasures that were done, all together.
    pub(crate) writes: usize,
    /// Keys at which it is.
    asked: BTreeSet<RecordKey>,
}

impl Records {
    pub(crate) fn persist(&mut self, key: RecordKey, record: &[u8]) -> Option<Input<'static>> {
        assert!(record.len() <= MAX_RECORD, "{} bytes", record.len());
        self.write(key, |kept| {
            let before = kept.insert(key, record.to_vec());
            assert_ne!(before.as_deref(), Some(record), "{key} was there already");
        })
    }

    pub(crate) fn erase(&mut self, key: RecordKey) -> Option<Input<'static>> {
        self.write(key, |kept| {
            kept.remove(&key);
        })
    }

    /// How many tasks it has a record of.
    pub(crate) fn tasks(&self) -> usize {
        let tasks = self.kept.keys().filter(|key| **key != RecordKey::IDENTITY);
        tasks.count()
    }

    /// What it was at is forgotten.
    pub(crate) fn on_reboot(&mut self) {
        self.asked.clear();
    }

    fn write(
        &mut self,
        key: RecordKey,
        write: impl FnOnce(&mut BTreeMap<RecordKey, Vec<u8>>),
    ) -> Option<Input<'static>> {
        if self.paused {
            assert!(self.asked.insert(key), "{key} is asked twice at once");
            return None;
        }
        if self.broken {
            return Some(Input::PersistFailed(key, StorageError::Io));
        }
        self.writes += 1;
        write(&mut self.kept);
        Some(Input::Persisted(key))
    }
}
