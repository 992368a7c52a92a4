//! The ledger's rows in the master's file.

use std::sync::{MutexGuard, PoisonError};

use edgerm_protocol::{AgentId, FrameworkId, ModuleId, OfferId};
use redb::{ReadableTable, TableDefinition, TableHandle};

use super::places::Places;
use super::{Store, StoreError};
use crate::ledger::RowKey;
use crate::master::Batch;

pub(super) type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

const AGENTS: Table = TableDefinition::new("agents");
const FRAMEWORKS: Table = TableDefinition::new("frameworks");
const OFFERS: Table = TableDefinition::new("offers");
const TASKS: Table = TableDefinition::new("tasks");
const MODULES: Table = TableDefinition::new("modules");

/// What a key of a table names; `None` where it has another length.
pub(super) type ReadKey = fn(&[u8], &mut Places) -> Option<RowKey>;

/// Each table, and what its keys name.
pub(super) const TABLES: [(Table, ReadKey); 5] = [
    (AGENTS, |key, _| {
        let id = u32::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Agent(AgentId(id)))
    }),
    (FRAMEWORKS, |key, _| {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Framework(FrameworkId(id)))
    }),
    (OFFERS, |key, _| {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Offer(OfferId(id)))
    }),
    (TASKS, |key, places| Some(RowKey::Task(places.read(key)?))),
    (MODULES, |key, _| {
        Some(RowKey::Module(ModuleId(key.try_into().ok()?)))
    }),
];

impl Store {
    /// Writes a batch, all or none of it: on the disk when this returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nobody knows then whether it is on the disk: it is to be written again.
    pub fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut places = self.places()?;
        let places = places.get_or_insert_default();
        self.transact(|transaction| put(transaction, batch, places))?;
        for (key, row) in &batch.rows {
            if let (RowKey::Task(task), None) = (key, row) {
                places.forget(*task);
            }
        }
        Ok(())
    }

    /// Where tasks are, read from the file where nobody has asked before.
    pub(super) fn places(&self) -> Result<MutexGuard<'_, Option<Places>>, StoreError> {
        if self.lock_places().is_none() {
            self.ledger()?;
        }
        Ok(self.lock_places())
    }

    pub(super) fn lock_places(&self) -> MutexGuard<'_, Option<Places>> {
        self.0.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every row of the ledger.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let mut rows = Vec::new();
        let mut places = Places::default();
        for (table, read_key) in TABLES {
            self.read_table(table, |key, row| {
                let key = read_key(key, &mut places).ok_or_else(|| StoreError::Key {
                    table: table.name().to_owned(),
                    key: hex::encode(key),
                })?;
                rows.push((key, row.to_vec()));
                Ok(())
            })?;
        }
        // What is written since this was read has its place already.
        self.lock_places().get_or_insert(places);
        Ok(rows)
    }

    fn read_table(
        &self,
        table: Table,
        mut read: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut refused = Ok(());
        let done = self.with(|database| {
            let transaction = redb::ReadableDatabase::begin_read(database)?;
            let table = match transaction.open_table(table) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            for row in table.iter()? {
                let (key, value) = row?;
                refused = read(key.value(), value.value());
                if refused.is_err() {
                    break;
                }
            }
            Ok(())
        });
        done.map_err(|error| StoreError::Read(Box::new(error)))?;
        refused
    }
}

/// Writes the rows of a batch.
pub(super) fn put(
    transaction: &redb::WriteTransaction,
    batch: &Batch,
    places: &mut Places,
) -> Result<(), redb::Error> {
    let mut rows = batch.rows.as_slice();
    // Keys are in order, and so is a table a run of them.
    while let Some((first, _)) = rows.first() {
        let table = table_of(*first);
        let own = |(key, _): &(RowKey, _)| table_of(*key).name() == table.name();
        let (run, others) = rows.split_at(rows.partition_point(own));
        let mut table = transaction.open_table(table)?;
        for (key, row) in run {
            let key = key_bytes(*key, places);
            match row {
                Some(row) => drop(table.insert(key.as_slice(), row.as_slice())?),
                None => drop(table.remove(key.as_slice())?),
            }
        }
        rows = others;
    }
    Ok(())
}

const fn table_of(key: RowKey) -> Table {
    match key {
        RowKey::Agent(_) => AGENTS,
        RowKey::Framework(_) => FRAMEWORKS,
        RowKey::Offer(_) => OFFERS,
        RowKey::Task(_) => TASKS,
        RowKey::Module(_) => MODULES,
    }
}

fn key_bytes(key: RowKey, places: &mut Places) -> Vec<u8> {
    match key {
        RowKey::Agent(AgentId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Framework(FrameworkId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Offer(OfferId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Task(task) => places.key(task).to_vec(),
        RowKey::Module(ModuleId(digest)) => digest.to_vec(),
    }
}
