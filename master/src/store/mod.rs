//! The master's file, a database of redb: what lasts of the ledger, and who may call and join.
//!
//! | table | is |
//! |---|---|
//! | `schema` | the version of this table of tables, under `version` |
//! | `tokens` | name to the role and the SHA-256 of a caller's token |
//! | `policies` | name to the policy of that token as JSON, where it has one |
//! | `enrolled` | name to the credential of an agent, and when it was given |
//! | `join_tokens` | id to the secret of a token with which agents join, and what is left of it |
//! | `agents`, `frameworks`, `offers`, `modules` | id, big-endian, to the [row](crate::ledger::RowKey) as JSON |
//! | `tasks` | the same, of a place that counts up and the id |
//!
//! Every change is one transaction, on the disk when it returns. Should the disk fail, redb lets
//! nothing more be done with the file until it is opened again, which the next use does.

mod copy;
mod enrolled;
mod join;
mod ledger;
mod places;
mod tokens;

pub(crate) use copy::compact;
pub(crate) use tokens::Kept;

use std::fmt;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use edgerm_coap::oscore::CredentialError;
use places::Places;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition};

/// The version of the tables in the file.
const SCHEMA: TableDefinition<'_, &str, u32> = TableDefinition::new("schema");

/// What this version writes. A file without one is of before there were agents in it, and has
/// tokens alone; one of version 1 has no policies; one of version 2 has nothing of the ledger. A
/// master that knows of less must not open a file that has more: without policies it would grant
/// all, without the ledger it would end all tasks.
const VERSION: u32 = 3;

/// Bytes of pages that a database holds, read or to be written: those between the root and the
/// leaves of 100,000 agents and as many tasks, and the leaves of some commits. More is read again
/// from the system's cache of the file, and a master takes little memory beside what it holds of
/// its agents. The default of redb, 1 GiB, would hold the whole file a second time.
const CACHE: usize = 32 << 20;

/// Why the file is no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("cannot open {path}: {error}")]
    Open {
        /// Which file.
        path: PathBuf,
        /// Why not.
        error: Box<redb::Error>,
    },
    /// It is a newer master's.
    #[error("{path} is of version {version}, and this master knows {VERSION}: run a newer one")]
    Newer {
        /// Which file.
        path: PathBuf,
        /// What is in it.
        version: u32,
    },
    /// It cannot be read.
    #[error("cannot read the master's file: {0}")]
    Read(Box<redb::Error>),
    /// It cannot be written.
    #[error("cannot write the master's file: {0}")]
    Write(Box<redb::Error>),
    /// A row's key names nothing.
    #[error("the table {table} of the master's file has a row under {key}, which is no id")]
    Key {
        /// Of which table.
        table: String,
        /// Its bytes, in hexadecimal digits.
        key: String,
    },
    /// A token's role is of a newer master.
    #[error("the token {name:?} has the role {role}, which this version does not know")]
    Role {
        /// Which token.
        name: String,
        /// What is in the file.
        role: u8,
    },
    /// A token's policy is none.
    #[error("the policy of the token {name:?} cannot be read: {error}")]
    Policy {
        /// Which token.
        name: String,
        /// What is wrong with it.
        error: serde_json::Error,
    },
    /// An agent's credential is of a newer master.
    #[error("the credential of the agent {name:?} is no use: {error}")]
    Credential {
        /// Which agent.
        name: String,
        /// What is wrong with it.
        error: CredentialError,
    },
}

/// The master's file. Its clones are the same file.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    open: Box<Open>,
    database: Mutex<Option<Arc<Database>>>,
    /// Where tasks are; `None` until they are read.
    places: Mutex<Option<Places>>,
}

/// Opens the file, again where need be.
type Open = dyn Fn() -> Result<Database, redb::Error> + Send + Sync;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the file, made where there is none. It is readable by its owner alone from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: another master may have it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let own = path.to_owned();
        let open = move || {
            let backend = FileBackend::new(open_private(&own)?)?;
            Ok(database_on(backend)?)
        };
        Self::open_by(Box::new(open), path)
    }

    /// The same on what `make` gives, each time that it is to be opened.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn on<B: StorageBackend>(
        make: impl Fn() -> io::Result<B> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let open = move || Ok(database_on(make()?)?);
        Self::open_by(Box::new(open), Path::new("the storage"))
    }

    fn open_by(open: Box<Open>, path: &Path) -> Result<Self, StoreError> {
        let database = open().map_err(|error| StoreError::Open {
            path: path.to_owned(),
            error: Box::new(error),
        })?;
        let database = Mutex::new(Some(Arc::new(database)));
        let store = Self(Arc::new(Inner {
            open,
            database,
            places: Mutex::default(),
        }));
        match store.version()? {
            Some(version) if version > VERSION => Err(StoreError::Newer {
                path: path.to_owned(),
                version,
            }),
            Some(VERSION) => Ok(store),
            Some(_) | None => {
                store.write(SCHEMA, |table| {
                    table.insert("version", VERSION)?;
                    Ok(())
                })?;
                Ok(store)
            }
        }
    }

    fn version(&self) -> Result<Option<u32>, StoreError> {
        let versions = self.rows(SCHEMA, |_, version| version)?;
        Ok(versions.into_iter().next())
    }

    /// The database, opened again where it had failed.
    fn database(&self) -> Result<Arc<Database>, redb::Error> {
        let mut database = self.lock();
        match &*database {
            Some(open) => Ok(Arc::clone(open)),
            None => {
                let opened = Arc::new((self.0.open)()?);
                *database = Some(Arc::clone(&opened));
                Ok(opened)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Database>>> {
        self.0
            .database
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something with the database, which is opened anew if it fails of the disk.
    fn with<T>(
        &self,
        act: impl FnOnce(&Database) -> Result<T, redb::Error>,
    ) -> Result<T, redb::Error> {
        let database = self.database()?;
        let done = act(&database);
        if let Err(redb::Error::Io(_) | redb::Error::PreviousIo) = &done {
            let mut kept = self.lock();
            if kept
                .as_ref()
                .is_some_and(|kept| Arc::ptr_eq(kept, &database))
            {
                *kept = None;
            }
        }
        done
    }

    /// Every row of a table, as `read` has it; none where there is no such table.
    fn rows<V: redb::Value + 'static, T>(
        &self,
        table: TableDefinition<'_, &'static str, V>,
        mut read: impl FnMut(&str, V::SelfType<'_>) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = |database: &Database| {
            let transaction = database.begin_read()?;
            let table = match transaction.open_table(table) {
                Ok(table) => table,
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            };
            let mut rows = Vec::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.push(read(key.value(), value.value()));
            }
            Ok::<_, redb::Error>(rows)
        };
        let rows = self.with(|database| rows(database));
        rows.map_err(|error| StoreError::Read(Box::new(error)))
    }

    /// Changes a table. The change is on the disk when this returns.
    fn write<V: redb::Value + 'static>(
        &self,
        table: TableDefinition<'_, &'static str, V>,
        change: impl FnOnce(&mut redb::Table<'_, &'static str, V>) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        self.transact(|transaction| change(&mut transaction.open_table(table)?))
    }

    /// Makes changes, all or none. They are on the disk when this returns.
    fn transact(
        &self,
        change: impl FnOnce(&redb::WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = self.with(|database| {
            let transaction = database.begin_write()?;
            change(&transaction)?;
            transaction.commit()?;
            Ok(())
        });
        written.map_err(|error| StoreError::Write(Box::new(error)))
    }
}

/// The database on a backend, made where that is empty.
fn database_on(backend: impl StorageBackend) -> Result<Database, redb::DatabaseError> {
    let mut builder = redb::Builder::new();
    builder.set_cache_size(CACHE).create_with_backend(backend)
}

/// Opens a file for its owner alone, whoever made it.
fn open_private(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_before_is_taken_and_one_of_a_newer_master_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.redb");
        File::create(&path).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.version().unwrap(), Some(VERSION));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let newer = |table: &mut redb::Table<'_, &'static str, u32>| {
            table.insert("version", VERSION + 1)?;
            Ok(())
        };
        store.write(SCHEMA, newer).unwrap();
        drop(store);
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { version: 4, .. }));
    }

    #[test]
    fn a_file_without_policies_is_taken_and_its_tokens_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.redb");
        let store = Store::open(&path).unwrap();
        let before: TableDefinition<'_, &str, (u8, [u8; 32])> = TableDefinition::new("tokens");
        let old = |table: &mut redb::Table<'_, &'static str, (u8, [u8; 32])>| {
            table.insert("f", (1, [7; 32]))?;
            Ok(())
        };
        store.write(before, old).unwrap();
        let first = |table: &mut redb::Table<'_, &'static str, u32>| {
            table.insert("version", 1)?;
            Ok(())
        };
        store.write(SCHEMA, first).unwrap();
        drop(store);

        let store = Store::open(&path).unwrap();
        assert_eq!(store.version().unwrap(), Some(VERSION));
        let tokens = store.tokens().unwrap();
        let shown: Vec<_> = tokens.iter().map(|it| (&*it.name, &it.policy)).collect();
        assert_eq!(shown, [("f", &None)]);
    }
}
