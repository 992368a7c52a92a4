//! Where access lasts: the master's file, a database of redb.
//!
//! | table | is |
//! |---|---|
//! | `schema` | the version of this table of tables, under `version` |
//! | `tokens` | name to the role and the SHA-256 of a caller's token |
//! | `policies` | name to the policy of that token as JSON, where it has one |
//! | `enrolled` | name to the credential of an agent, and when it was given |
//! | `join_tokens` | id to the secret of a token with which agents join, and what is left of it |

mod enrolled;
mod join;
mod tokens;

pub(super) use tokens::Kept;

use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgerm_coap::oscore::CredentialError;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

/// The version of the tables in the file.
const SCHEMA: TableDefinition<'_, &str, u32> = TableDefinition::new("schema");

/// What this version writes. A file without one is of before there were agents in it, and has
/// tokens alone; one of version 1 has no policies. A master that knows none must not open a file
/// that has some, or it would grant all.
const VERSION: u32 = 2;

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
#[derive(Clone, Debug)]
pub struct Store(Arc<Database>);

impl Store {
    /// Opens the file, made where there is none. It is readable by its owner alone from then on.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: another master may have it open.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: redb::Error| StoreError::Open {
            path: path.to_owned(),
            error: Box::new(error),
        };
        let file = open_private(path).map_err(|error| failed(redb::Error::Io(error)))?;
        let backend = FileBackend::new(file).map_err(|error| failed(error.into()))?;
        let database = redb::Builder::new().create_with_backend(backend);
        let store = Self(Arc::new(
            database.map_err(|error| failed(redb::Error::from(error)))?,
        ));
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

    /// Every row of a table, as `read` has it; none where there is no such table.
    fn rows<V: redb::Value + 'static, T>(
        &self,
        table: TableDefinition<'_, &'static str, V>,
        mut read: impl FnMut(&str, V::SelfType<'_>) -> T,
    ) -> Result<Vec<T>, StoreError> {
        let mut rows = || {
            let transaction = self.0.begin_read()?;
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
        rows().map_err(|error| StoreError::Read(Box::new(error)))
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
        let written = || {
            let transaction = self.0.begin_write()?;
            change(&transaction)?;
            transaction.commit()?;
            Ok::<_, redb::Error>(())
        };
        written().map_err(|error| StoreError::Write(Box::new(error)))
    }
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
        assert!(matches!(refused, StoreError::Newer { version: 3, .. }));
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
