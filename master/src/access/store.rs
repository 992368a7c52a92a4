//! Where tokens last: a table of redb in the master's file, of names to a role and a digest.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use edgerm_protocol::api::Role;
use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::secret::Digest;

/// Name to role and SHA-256.
const TOKENS: TableDefinition<'_, &str, (u8, [u8; 32])> = TableDefinition::new("tokens");

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
    /// It cannot be read.
    #[error("cannot read tokens: {0}")]
    Read(Box<redb::Error>),
    /// It cannot be written.
    #[error("cannot keep tokens: {0}")]
    Write(Box<redb::Error>),
    /// A token's role is of a newer master.
    #[error("the token {name:?} has the role {role}, which this version does not know")]
    Role {
        /// Which token.
        name: String,
        /// What is in the file.
        role: u8,
    },
}

/// The master's file.
#[derive(Debug)]
pub(super) struct Store(Database);

/// One token, as it is kept.
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) digest: Digest,
}

impl Store {
    /// Opens the file, made where there is none, readable by its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: redb::Error| StoreError::Open {
            path: path.to_owned(),
            error: Box::new(error),
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(|error| failed(redb::Error::Io(error)))?;
        let backend = FileBackend::new(file).map_err(|error| failed(error.into()))?;
        let database = redb::Builder::new().create_with_backend(backend);
        database
            .map(Self)
            .map_err(|error| failed(redb::Error::from(error)))
    }

    pub(super) fn read(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = self
            .rows()
            .map_err(|error| StoreError::Read(Box::new(error)))?;
        let kept = rows.into_iter().map(|(name, role, digest)| {
            let role = role_of(role).ok_or_else(|| StoreError::Role {
                name: name.clone(),
                role,
            })?;
            Ok(Kept { name, role, digest })
        });
        kept.collect()
    }

    fn rows(&self) -> Result<Vec<(String, u8, Digest)>, redb::Error> {
        let transaction = self.0.begin_read()?;
        let table = match transaction.open_table(TOKENS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut rows = Vec::new();
        for row in table.iter()? {
            let (name, value) = row?;
            let (role, digest) = value.value();
            rows.push((name.value().to_owned(), role, Digest(digest)));
        }
        Ok(rows)
    }

    /// Keeps a token, on the disk when this returns.
    pub(super) fn add(&self, name: &str, role: Role, digest: &Digest) -> Result<(), StoreError> {
        self.write(|table| {
            table.insert(name, (number_of(role), digest.0))?;
            Ok(())
        })
    }

    /// Keeps a token no more.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        self.write(|table| {
            table.remove(name)?;
            Ok(())
        })
    }

    fn write(
        &self,
        change: impl FnOnce(&mut redb::Table<'_, &str, (u8, [u8; 32])>) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let written = || {
            let transaction = self.0.begin_write()?;
            change(&mut transaction.open_table(TOKENS)?)?;
            transaction.commit()?;
            Ok::<_, redb::Error>(())
        };
        written().map_err(|error| StoreError::Write(Box::new(error)))
    }
}

const fn number_of(role: Role) -> u8 {
    match role {
        Role::Operator => 0,
        Role::Framework => 1,
        Role::ReadOnly => 2,
    }
}

const fn role_of(number: u8) -> Option<Role> {
    match number {
        0 => Some(Role::Operator),
        1 => Some(Role::Framework),
        2 => Some(Role::ReadOnly),
        _ => None,
    }
}
