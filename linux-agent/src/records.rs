//! Records on disk, a file each: what of tasks outlives the agent besides modules.
//!
//! A record is written beside its file, and moved over it once the disk has it: whatever happens,
//! the old one or the new one is there. It holds what a task was launched with, its environment
//! among that, so nobody but the agent's user may read it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use edgerm_agent_core::{Agent, MAX_RECORD, RecordKey, StorageError};
use edgerm_protocol::limits::MAX_TASKS;

use crate::storage::storage_error;

/// Held by the one agent whose the records are; let go when it is dropped, or the process ends.
#[derive(Debug)]
pub struct RecordLock(#[expect(dead_code, reason = "held, not used")] File);

/// The records in one folder.
#[derive(Clone, Debug)]
pub struct RecordStorage {
    folder: PathBuf,
}

impl RecordStorage {
    /// The records in `folder`, which is made where it is missing, for one agent alone: two that
    /// took up the same ones would each start the tasks.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made; [`ErrorKind::ResourceBusy`] where another agent has it.
    pub fn open(folder: &Path) -> io::Result<(Self, RecordLock)> {
        let parent = folder.parent().filter(|parent| *parent != Path::new(""));
        let parent = parent.unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| sync_folder(parent))?,
        }
        let lock = private().create(true).open(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io::Error::new(ErrorKind::ResourceBusy, "another agent runs there")
            }
            TryLockError::Error(error) => error,
        })?;
        let folder = folder.to_owned();
        Ok((Self { folder }, RecordLock(lock)))
    }

    /// Gives `agent` all that an earlier one left here. What it does not take up is logged.
    pub fn restore(&self, agent: &mut Agent<MAX_TASKS>) {
        for key in (RecordKey::IDENTITY.0..).map(RecordKey).take(1 + MAX_TASKS) {
            let Ok(Some(record)) = self.read(key) else {
                continue;
            };
            if let Err(error) = agent.restore(key, &record) {
                let path = self.path(key);
                tracing::warn!(path = %path.display(), %error, "a record is dropped");
            }
        }
    }

    /// The record under `key`; `None` where there is none. One that is too long is cut, to be
    /// found damaged.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where it cannot be told.
    pub fn read(&self, key: RecordKey) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.path(key);
        let read = || -> io::Result<Vec<u8>> {
            let mut record = Vec::new();
            let most = MAX_RECORD as u64 + 1;
            File::open(&path)?.take(most).read_to_end(&mut record)?;
            Ok(record)
        };
        match read() {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Puts `record` in the place of what stood under `key`; a loss of power does not undo it.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] where the disk has no room, [`StorageError::Io`] where it does not
    /// work. What stood there stands there still, or what was to.
    pub fn write(&self, key: RecordKey, record: &[u8]) -> Result<(), StorageError> {
        let path = self.path(key);
        write_to_last(&self.folder, &path, record).map_err(|error| failed(&path, &error))
    }

    /// Removes what stands under `key`, where something does.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where it may be there still.
    pub fn erase(&self, key: RecordKey) -> Result<(), StorageError> {
        let path = self.path(key);
        let removed = match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            removed => removed.and_then(|()| sync_folder(&self.folder)),
        };
        removed.map_err(|error| failed(&path, &error))
    }

    fn path(&self, key: RecordKey) -> PathBuf {
        self.folder.join(match key {
            RecordKey::IDENTITY => "identity.record".to_owned(),
            task => format!("task-{task}.record"),
        })
    }
}

/// Puts `bytes` in the place of the file at `path`, in `folder`: the old ones or the new ones are
/// there whatever happens, the new ones for good when this returns. Nobody else may read it.
pub(crate) fn write_to_last(folder: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let write = || {
        let mut file = private().create(true).truncate(true).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_folder(folder)
    };
    write().inspect_err(|_| {
        // Half a file holds room that the next one may need.
        let _absent = fs::remove_file(&beside);
    })
}

/// How files are opened that nobody else may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

/// Has the disk keep which files the folder has.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn failed(path: &Path, error: &io::Error) -> StorageError {
    tracing::warn!(path = %path.display(), %error, "a record cannot be kept, read or removed");
    storage_error(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    const KEY: RecordKey = RecordKey(3);

    fn storage() -> (tempfile::TempDir, RecordStorage, RecordLock) {
        let folder = tempfile::tempdir().unwrap();
        let (storage, lock) = RecordStorage::open(&folder.path().join("deep/records")).unwrap();
        (folder, storage, lock)
    }

    fn names(storage: &RecordStorage) -> Vec<String> {
        let entries = fs::read_dir(&storage.folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_record_is_there_until_it_is_erased() {
        let (_folder, storage, _lock) = storage();
        assert_eq!(storage.read(KEY), Ok(None));
        for record in [&b"long record"[..], b"short"] {
            storage.write(KEY, record).unwrap();
            assert_eq!(storage.read(KEY), Ok(Some(record.to_vec())));
        }
        storage.write(RecordKey::IDENTITY, b"me").unwrap();
        assert_eq!(
            names(&storage),
            ["identity.record", "lock", "task-3.record"]
        );
        assert_eq!(storage.erase(KEY), Ok(()));
        assert_eq!(storage.read(KEY), Ok(None));
        assert_eq!(storage.erase(KEY), Ok(()), "there is nothing to erase");
    }

    #[test]
    fn nobody_else_may_read_them() {
        let (_folder, storage, _lock) = storage();
        storage.write(KEY, b"a secret").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&storage.folder), 0o700);
        assert_eq!(mode(&storage.path(KEY)), 0o600);
    }

    #[test]
    fn what_a_crash_left_half_written_is_no_record() {
        let (_folder, storage, _lock) = storage();
        storage.write(KEY, b"whole").unwrap();
        let beside = storage.path(KEY).with_extension("new");
        fs::write(&beside, b"a half, and longer than what comes").unwrap();
        assert_eq!(storage.read(KEY), Ok(Some(b"whole".to_vec())));
        storage.write(KEY, b"next").unwrap();
        assert_eq!(storage.read(KEY), Ok(Some(b"next".to_vec())));
        assert!(!beside.exists());
    }

    #[test]
    fn a_write_that_fails_leaves_what_was_there() {
        let (_folder, storage, _lock) = storage();
        storage.write(KEY, b"old").unwrap();
        // Nothing can be written where a folder stands.
        fs::create_dir(storage.path(KEY).with_extension("new")).unwrap();
        assert_eq!(storage.write(KEY, b"new"), Err(StorageError::Io));
        assert_eq!(storage.read(KEY), Ok(Some(b"old".to_vec())));
    }

    #[test]
    fn one_that_is_too_long_is_cut() {
        let (_folder, storage, _lock) = storage();
        fs::write(storage.path(KEY), vec![1; 1 << 20]).unwrap();
        let read = storage.read(KEY).unwrap().unwrap();
        assert_eq!(read.len(), MAX_RECORD + 1);
    }

    #[test]
    fn one_agent_has_them_at_a_time() {
        let (folder, _storage, lock) = storage();
        let open = || RecordStorage::open(&folder.path().join("deep/records"));
        assert_eq!(open().unwrap_err().kind(), ErrorKind::ResourceBusy);
        drop(lock);
        assert!(open().is_ok());
    }
}
