//! The ledger's rows in the master's file.

use edgerm_protocol::{AgentId, FrameworkId, ModuleId, OfferId, TaskId};
use redb::{ReadableTable, TableDefinition, TableHandle};

use super::{Store, StoreError};
use crate::ledger::RowKey;
use crate::master::Batch;

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

const AGENTS: Table = TableDefinition::new("agents");
const FRAMEWORKS: Table = TableDefinition::new("frameworks");
const OFFERS: Table = TableDefinition::new("offers");
const TASKS: Table = TableDefinition::new("tasks");
const MODULES: Table = TableDefinition::new("modules");

/// What a key of a table names; `None` where it has another length.
type ReadKey = fn(&[u8]) -> Option<RowKey>;

/// Each table, and what its keys name.
const TABLES: [(Table, ReadKey); 5] = [
    (AGENTS, |key| {
        let id = u32::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Agent(AgentId(id)))
    }),
    (FRAMEWORKS, |key| {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Framework(FrameworkId(id)))
    }),
    (OFFERS, |key| {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Offer(OfferId(id)))
    }),
    (TASKS, |key| {
        let id = u64::from_be_bytes(key.try_into().ok()?);
        Some(RowKey::Task(TaskId(id)))
    }),
    (MODULES, |key| {
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
        self.transact(|transaction| {
            let mut rows = batch.rows.as_slice();
            // Keys are in order, and so is a table a run of them.
            while let Some((first, _)) = rows.first() {
                let table = table_of(*first);
                let own = |(key, _): &(RowKey, _)| table_of(*key).name() == table.name();
                let (run, others) = rows.split_at(rows.partition_point(own));
                let mut table = transaction.open_table(table)?;
                for (key, row) in run {
                    let key = key_bytes(*key);
                    match row {
                        Some(row) => drop(table.insert(key.as_slice(), row.as_slice())?),
                        None => drop(table.remove(key.as_slice())?),
                    }
                }
                rows = others;
            }
            Ok(())
        })
    }

    /// Every row of the ledger.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn ledger(&self) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let mut rows = Vec::new();
        for (table, read_key) in TABLES {
            self.read_table(table, |key, row| {
                let key = read_key(key).ok_or_else(|| StoreError::Key {
                    table: table.name().to_owned(),
                    key: hex::encode(key),
                })?;
                rows.push((key, row.to_vec()));
                Ok(())
            })?;
        }
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

const fn table_of(key: RowKey) -> Table {
    match key {
        RowKey::Agent(_) => AGENTS,
        RowKey::Framework(_) => FRAMEWORKS,
        RowKey::Offer(_) => OFFERS,
        RowKey::Task(_) => TASKS,
        RowKey::Module(_) => MODULES,
    }
}

fn key_bytes(key: RowKey) -> Vec<u8> {
    match key {
        RowKey::Agent(AgentId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Framework(FrameworkId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Offer(OfferId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Task(TaskId(id)) => id.to_be_bytes().to_vec(),
        RowKey::Module(ModuleId(digest)) => digest.to_vec(),
    }
}
