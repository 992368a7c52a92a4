//! Everything that lasts, in one file: made of a master that runs, and taken in its place.
//!
//! A backup is one line of text and a database of redb:
//!
//! ```text
//! edgerm backup 1 SHA256 LENGTH
//! ```
//!
//! `1` is the version of this form, and the other two are the digest and the length in bytes of
//! what follows the line. Its tables are those of the master's file, of one moment, with the bytes
//! of the modules: see [`crate::store`].
//!
//! ```text
//! lines and bytes -- head::Head --> a file -- staged::Staged --> checked -- Shared::restore --> in force
//! ```

mod error;
mod head;
mod staged;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use edgerm_protocol::Instant;
use sha2::{Digest, Sha256};

use crate::ledger::RowKey;
use crate::modules::ModuleFolder;
use crate::store::{self, Store};

pub(crate) use error::{BackupError, RestoreError};
pub(crate) use head::Head;
pub(crate) use staged::{Staged, receive};

/// Bytes that are read or sent at once.
const CHUNK: usize = 64 << 10;

/// A backup on the disk, where nobody else finds it: its file has no name, and ends with this.
#[derive(Debug)]
pub(crate) struct Backup {
    head: Head,
    file: File,
}

impl Backup {
    /// Writes a backup of `store` and of the modules in `modules`, in a file of no name in
    /// `folder`. Whoever changes the store meanwhile does not wait.
    pub(crate) fn make(
        store: &Store,
        modules: &ModuleFolder,
        folder: &Path,
        now: Instant,
    ) -> Result<Self, BackupError> {
        let mut file = tempfile::tempfile_in(folder).map_err(BackupError::Io)?;
        let clone = || file.try_clone().map_err(BackupError::Io);
        let copy = Store::of_file(clone()?)?;
        store.copy_to(&copy, now)?;
        let rows = copy.ledger()?;
        let ids = rows.into_iter().filter_map(|(key, _)| match key {
            RowKey::Module(id) => Some(id),
            RowKey::Agent(_) | RowKey::Framework(_) | RowKey::Offer(_) | RowKey::Task(_) => None,
        });
        let mut unread = None;
        let mut bytes = ids.map_while(|id| match modules.read(id) {
            Ok(bytes) => Some((id, bytes)),
            Err(error) => {
                unread = Some(BackupError::Module { id, error });
                None
            }
        });
        copy.put_module_bytes(&mut bytes)?;
        if let Some(unread) = unread {
            return Err(unread);
        }
        drop(copy);
        store::compact(clone()?)?;
        let (digest, length) = digest(&mut file).map_err(BackupError::Io)?;
        file.rewind().map_err(BackupError::Io)?;
        let head = Head { digest, length };
        Ok(Self { head, file })
    }

    /// Bytes in all.
    pub(crate) fn length(&self) -> u64 {
        self.head.length + self.head.to_line().len() as u64
    }

    /// Gives it away piece by piece, until `send` wants no more.
    pub(crate) fn send(mut self, mut send: impl FnMut(Vec<u8>) -> bool) -> io::Result<()> {
        let mut piece = self.head.to_line().into_bytes();
        while !piece.is_empty() && send(piece) {
            piece = Vec::with_capacity(CHUNK);
            let chunk = u64::try_from(CHUNK).unwrap_or(u64::MAX);
            (&mut self.file).take(chunk).read_to_end(&mut piece)?;
        }
        Ok(())
    }
}

/// The SHA-256 of all of a file, and its bytes.
fn digest(file: &mut File) -> io::Result<([u8; 32], u64)> {
    file.rewind()?;
    let mut hasher = Hasher(Sha256::new());
    let length = io::copy(file, &mut hasher)?;
    Ok((hasher.0.finalize().into(), length))
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
