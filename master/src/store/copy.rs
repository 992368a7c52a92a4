//! All that lasts, copied from one file to another.
//!
//! A backup is a file of its own with the same tables, and two more:
//!
//! | table | is |
//! |---|---|
//! | `backup` | when it was made, in milliseconds since the Unix epoch, under `made` |
//! | `module_bytes` | id to the bytes of each module, which the master has in files beside its own |
//!
//! In the master's file `restores` counts how often all of it was replaced, under `count`: where
//! the disk fails in the midst of that, it tells afterwards whether it was.

use std::fs::File;
use std::path::Path;

use edgerm_protocol::{Instant, ModuleId};
use redb::backends::FileBackend;
use redb::{
    Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError, Value,
    WriteTransaction,
};

use super::enrolled::ENROLLED;
use super::join::JOIN;
use super::ledger::{self, TABLES};
use super::tokens::{self, POLICIES, TOKENS};
use super::{Kept, Store, StoreError, database_on};
use crate::master::Batch;

const BACKUP: TableDefinition<'_, &str, u64> = TableDefinition::new("backup");
const BYTES: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("module_bytes");
const RESTORES: TableDefinition<'_, &str, u64> = TableDefinition::new("restores");

impl Store {
    /// The store in a file of no name, made where that is empty.
    pub(crate) fn of_file(file: File) -> Result<Self, StoreError> {
        let open = move || {
            let backend = FileBackend::new(file.try_clone()?)?;
            Ok(database_on(backend)?)
        };
        Self::open_by(Box::new(open), Path::new("the backup"))
    }

    /// Puts all that `self` has at this moment in place of what `to` has, as a backup of `made`.
    /// Whoever changes `self` meanwhile does not wait.
    pub(crate) fn copy_to(&self, to: &Self, made: Instant) -> Result<(), StoreError> {
        self.give(to, |transaction| {
            let mut table = transaction.open_table(BACKUP)?;
            table.insert("made", made.as_millis())?;
            Ok(())
        })
    }

    /// Puts all that `backup` has in place of what `self` has, with `batch` written upon it and the
    /// token `kept` besides: all or nothing, and on the disk when this returns.
    pub(crate) fn replace(
        &self,
        backup: &Self,
        batch: Option<&Batch>,
        kept: Option<&Kept>,
    ) -> Result<(), StoreError> {
        // From now on tasks are where they are in the backup, which is read when it is asked next.
        *self.lock_places() = None;
        let mut places = backup.places()?;
        let places = places.get_or_insert_default();
        backup.give(self, |transaction| {
            if let Some(batch) = batch {
                ledger::put(transaction, batch, places)?;
            }
            if let Some(kept) = kept {
                tokens::put(transaction, kept)?;
            }
            let mut table = transaction.open_table(RESTORES)?;
            let count = table.get("count")?.map_or(0, |count| count.value());
            table.insert("count", count + 1)?;
            Ok(())
        })
    }

    /// How often everything was replaced.
    pub(crate) fn restores(&self) -> Result<u64, StoreError> {
        let counts = self.rows(RESTORES, |_, count| count)?;
        Ok(counts.into_iter().next().unwrap_or(0))
    }

    /// When this backup was made.
    pub(crate) fn made(&self) -> Result<Option<Instant>, StoreError> {
        let made = self.rows(BACKUP, |_, made| Instant::from_millis(made))?;
        Ok(made.into_iter().next())
    }

    /// Keeps the bytes of modules in a backup.
    pub(crate) fn put_module_bytes(
        &self,
        modules: &mut dyn Iterator<Item = (ModuleId, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        self.transact(|transaction| {
            let mut table = transaction.open_table(BYTES)?;
            for (id, bytes) in modules {
                table.insert(id.0.as_slice(), bytes.as_slice())?;
            }
            Ok(())
        })
    }

    /// The bytes of a module in a backup.
    pub(crate) fn module_bytes(&self, id: ModuleId) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.with(|database| {
            let transaction = database.begin_read()?;
            match transaction.open_table(BYTES) {
                Ok(table) => {
                    let bytes = table.get(id.0.as_slice())?;
                    Ok(bytes.map(|bytes| bytes.value().to_vec()))
                }
                Err(TableError::TableDoesNotExist(_)) => Ok(None),
                Err(error) => Err(error.into()),
            }
        });
        read.map_err(|error| StoreError::Read(Box::new(error)))
    }

    fn give(
        &self,
        to: &Self,
        finish: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let read = self.with(|database| Ok(database.begin_read()?));
        let read = read.map_err(|error| StoreError::Read(Box::new(error)))?;
        to.transact(|write| {
            copy(&read, write, TOKENS)?;
            copy(&read, write, POLICIES)?;
            copy(&read, write, ENROLLED)?;
            copy(&read, write, JOIN)?;
            for (table, _) in TABLES {
                copy(&read, write, table)?;
            }
            finish(write)
        })
    }
}

fn copy<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), redb::Error> {
    to.delete_table(table)?;
    let rows = match from.open_table(table) {
        Ok(rows) => rows,
        Err(TableError::TableDoesNotExist(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut copies = to.open_table(table)?;
    for row in rows.iter()? {
        let (key, value) = row?;
        copies.insert(key.value(), value.value())?;
    }
    Ok(())
}

/// Makes a file no longer than what is in it needs.
pub(crate) fn compact(file: File) -> Result<(), StoreError> {
    let compact = || {
        let backend = FileBackend::new(file)?;
        let mut database = database_on(backend)?;
        database.compact()?;
        Ok(())
    };
    compact().map_err(|error| StoreError::Write(Box::new(error)))
}
