//! A backup that came: beside the master's file, checked as a whole, before anything changes.

use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;

use edgerm_protocol::api::Restored;
use edgerm_protocol::{Instant, ModuleId};
use sha2::{Digest, Sha256};

use super::error::Damage;
use super::head::{self, Head};
use super::{RestoreError, digest};
use crate::access::{Enrolled, Entry};
use crate::ledger::{Ledger, RowKey};
use crate::modules::ModuleFolder;
use crate::store::{Kept, Store, StoreError};

/// A backup that may be restored.
pub(crate) struct Staged {
    pub(crate) store: Store,
    pub(crate) rows: Vec<(RowKey, Vec<u8>)>,
    pub(crate) tokens: Vec<Kept>,
    pub(crate) enrolled: Vec<Enrolled>,
    pub(crate) join_tokens: Vec<Entry>,
    made: Instant,
}

/// Takes the pieces of a backup, of `limit` bytes at most, into a file of no name in `folder`.
pub(crate) fn receive(
    mut next: impl FnMut() -> Result<Option<Vec<u8>>, RestoreError>,
    folder: &Path,
    limit: u64,
) -> Result<File, RestoreError> {
    let disk = |error: std::io::Error| RestoreError::Disk(error.to_string());
    let mut begun = Vec::new();
    let (head, mut piece) = loop {
        let Some(piece) = next()? else {
            return Err(RestoreError::NoBackup);
        };
        begun.extend(piece);
        if let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
            let rest = begun.split_off(end + 1);
            begun.pop();
            break (Head::read(&begun)?, rest);
        }
        if begun.len() > head::MAX {
            return Err(RestoreError::NoBackup);
        }
    };
    if head.length > limit {
        return Err(RestoreError::TooLarge(limit));
    }
    let mut file = tempfile::tempfile_in(folder).map_err(disk)?;
    let mut got = 0;
    loop {
        got += piece.len() as u64;
        if got > head.length {
            return Err(Damage::TooLong.into());
        }
        file.write_all(&piece).map_err(disk)?;
        piece = match next()? {
            Some(piece) => piece,
            None => break,
        };
    }
    if got < head.length {
        let length = head.length;
        return Err(RestoreError::Incomplete { got, length });
    }
    let (found, _) = digest(&mut file).map_err(disk)?;
    if found != head.digest {
        return Err(Damage::Digest.into());
    }
    file.rewind().map_err(disk)?;
    Ok(file)
}

impl Staged {
    /// Checks all of a backup: that each table and each row reads, that the rows keep the rules of
    /// a ledger, and that each module is there with the digest of its name.
    pub(crate) fn open(file: File) -> Result<Self, RestoreError> {
        let store = Store::of_file(file).map_err(RestoreError::of_tables)?;
        let of_tables = RestoreError::of_tables;
        let made = store.made().map_err(of_tables)?.ok_or(Damage::Undated)?;
        let staged = Self {
            rows: store.ledger().map_err(of_tables)?,
            tokens: store.tokens().map_err(of_tables)?,
            enrolled: store.enrolled().map_err(of_tables)?,
            join_tokens: store.join_tokens().map_err(of_tables)?,
            made,
            store,
        };
        Ledger::restore(staged.rows.iter().cloned()).map_err(Damage::from)?;
        for id in staged.modules() {
            staged.module(id)?;
        }
        Ok(staged)
    }

    /// Writes the modules to the folder of the master's.
    pub(crate) fn write_modules(&self, folder: &ModuleFolder) -> Result<(), RestoreError> {
        for id in self.modules() {
            let written = folder.write(id, &self.module(id)?);
            written.map_err(|error| RestoreError::Disk(error.to_string()))?;
        }
        Ok(())
    }

    /// What is in it.
    pub(crate) fn counts(&self) -> Restored {
        let count = |is: fn(&RowKey) -> bool| self.rows.iter().filter(|(key, _)| is(key)).count();
        Restored {
            made_at_ms: self.made.as_millis(),
            agents: count(|key| matches!(key, RowKey::Agent(_))),
            frameworks: count(|key| matches!(key, RowKey::Framework(_))),
            tasks: count(|key| matches!(key, RowKey::Task(_))),
            modules: self.modules().count(),
            tokens: self.tokens.len(),
            enrolled: self.enrolled.len(),
            join_tokens: self.join_tokens.len(),
            kept_token: None,
            token_needed: false,
        }
    }

    fn modules(&self) -> impl Iterator<Item = ModuleId> {
        self.rows.iter().filter_map(|(key, _)| match key {
            RowKey::Module(id) => Some(*id),
            RowKey::Agent(_) | RowKey::Framework(_) | RowKey::Offer(_) | RowKey::Task(_) => None,
        })
    }

    fn module(&self, id: ModuleId) -> Result<Vec<u8>, RestoreError> {
        let bytes = self
            .store
            .module_bytes(id)
            .map_err(RestoreError::of_tables)?;
        let whole = bytes.filter(|bytes| Sha256::digest(bytes)[..] == id.0);
        Ok(whole.ok_or(Damage::Module(id))?)
    }
}

/// What a failing disk says.
impl From<StoreError> for RestoreError {
    fn from(error: StoreError) -> Self {
        Self::Disk(error.to_string())
    }
}
