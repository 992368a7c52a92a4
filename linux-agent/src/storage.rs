//! Modules on disk, each named by its digest, whole or in part.
//!
//! A module under way is `<digest>.part`; once its digest is right it becomes `<digest>.wasm`.
//! What lies there survives a restart, so a fetch goes on where it stopped. Digests are
//! checked each time a task is about to start: a disk may lie too.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;
use sha2::{Digest, Sha256};

/// The cache of modules in one folder.
#[derive(Clone, Debug)]
pub struct ModuleStorage {
    folder: PathBuf,
    capacity: u64,
}

impl ModuleStorage {
    /// The cache in `folder`, which is made where it is missing, of at most `capacity` bytes.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made.
    pub fn open(folder: &Path, capacity: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self {
            folder: folder.to_owned(),
            capacity,
        })
    }

    /// What there is of a module of `size` bytes; what has the wrong digest is removed.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where the folder cannot be read.
    pub fn check(&self, module: ModuleId, size: u32) -> Result<ModuleCheck, StorageError> {
        let (whole, part) = (self.whole(module), self.part(module));
        for path in [&whole, &part] {
            let Some(bytes) = read(path)? else { continue };
            if bytes.len() as u64 != u64::from(size) {
                continue;
            }
            if Sha256::digest(&bytes)[..] != module.0 {
                remove(path)?;
                return Ok(ModuleCheck::Corrupt);
            }
            if path == &part {
                File::open(path)
                    .and_then(|file| file.sync_all())
                    .map_err(io_failed(path))?;
                fs::rename(path, &whole).map_err(io_failed(path))?;
            }
            return Ok(ModuleCheck::Verified);
        }
        let have = fs::metadata(&part).map_or(0, |metadata| metadata.len());
        // More than the module has is no part of it.
        Ok(ModuleCheck::Partial(
            u32::try_from(have)
                .ok()
                .filter(|have| *have < size)
                .unwrap_or(0),
        ))
    }

    /// Keeps `bytes` of a module, from `offset` on, and nothing behind them.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] where neither the cache nor the disk has room for them.
    pub fn store(&self, module: ModuleId, offset: u32, bytes: &[u8]) -> Result<(), StorageError> {
        self.make_room(module, bytes.len() as u64)?;
        let path = self.part(module);
        let write = || {
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)?;
            file.set_len(u64::from(offset))?;
            file.seek(SeekFrom::Start(u64::from(offset)))?;
            file.write_all(bytes)
        };
        write().map_err(io_failed(&path))
    }

    /// The bytes of a module that was verified, which counts as used now.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where they are gone since.
    pub fn load(&self, module: ModuleId) -> Result<Vec<u8>, StorageError> {
        let path = self.whole(module);
        let bytes = read(&path)?.ok_or(StorageError::Io)?;
        // Times of access are not kept on every mount. Without this one the module is only the
        // sooner removed.
        let touched = File::options().append(true).open(&path);
        let _untouched = touched.and_then(|file| file.set_modified(SystemTime::now()));
        Ok(bytes)
    }

    /// Removes the modules that were used longest ago, until `more` bytes fit.
    fn make_room(&self, keep: ModuleId, more: u64) -> Result<(), StorageError> {
        let mut files = self.files()?;
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.size).sum();
        for file in files {
            if total + more <= self.capacity {
                break;
            }
            if file.path != self.part(keep) {
                remove(&file.path)?;
                total -= file.size;
            }
        }
        if total + more <= self.capacity {
            Ok(())
        } else {
            Err(StorageError::Full)
        }
    }

    fn files(&self) -> Result<Vec<CachedFile>, StorageError> {
        let entries = fs::read_dir(&self.folder).map_err(io_failed(&self.folder))?;
        let files = entries.filter_map(|entry| {
            let entry = entry.ok()?;
            let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            let used = metadata.modified().ok()?;
            Some(CachedFile {
                path: entry.path(),
                size: metadata.len(),
                used,
            })
        });
        Ok(files.collect())
    }

    fn whole(&self, module: ModuleId) -> PathBuf {
        self.folder.join(format!("{module}.wasm"))
    }

    fn part(&self, module: ModuleId) -> PathBuf {
        self.folder.join(format!("{module}.part"))
    }
}

struct CachedFile {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StorageError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_failed(path)(error)),
    }
}

fn remove(path: &Path) -> Result<(), StorageError> {
    fs::remove_file(path).map_err(io_failed(path))
}

/// Logs what the operator can mend, and keeps what the master is told.
fn io_failed(path: &Path) -> impl Fn(io::Error) -> StorageError {
    move |error| {
        tracing::warn!(path = %path.display(), %error, "the module cache does not work");
        storage_error(&error)
    }
}

/// What the master is told of an error of the disk.
pub(crate) fn storage_error(error: &io::Error) -> StorageError {
    if matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    ) {
        StorageError::Full
    } else {
        StorageError::Io
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn storage(capacity: u64) -> (tempfile::TempDir, ModuleStorage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = ModuleStorage::open(folder.path(), capacity).unwrap();
        (folder, storage)
    }

    fn id_of(bytes: &[u8]) -> ModuleId {
        ModuleId(Sha256::digest(bytes).into())
    }

    #[test]
    fn a_module_grows_until_it_is_verified() {
        let (_folder, storage) = storage(1 << 20);
        let module = id_of(b"abcdef");
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Partial(0)));
        storage.store(module, 0, b"abc").unwrap();
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Partial(3)));
        storage.store(module, 3, b"def").unwrap();
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Verified));
        assert_eq!(storage.load(module).unwrap(), b"abcdef");
    }

    #[test]
    fn a_wrong_digest_is_found_and_removed() {
        let (folder, storage) = storage(1 << 20);
        let module = id_of(b"abcdef");
        storage.store(module, 0, b"abcdeX").unwrap();
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Corrupt));
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Partial(0)));

        fs::write(folder.path().join(format!("{module}.wasm")), b"rotten").unwrap();
        assert_eq!(storage.check(module, 6), Ok(ModuleCheck::Corrupt));
    }

    #[test]
    fn a_module_in_use_outlasts_one_that_came_later() {
        let (_folder, storage) = storage(8);
        let [used, idle] = [(b"used", 1), (b"idle", 2)].map(|(bytes, second)| {
            let module = id_of(bytes);
            storage.store(module, 0, bytes).unwrap();
            assert_eq!(storage.check(module, 4), Ok(ModuleCheck::Verified));
            let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(second);
            let file = File::options().append(true).open(storage.whole(module));
            file.unwrap().set_modified(long_ago).unwrap();
            module
        });
        assert_eq!(storage.load(used).unwrap(), b"used");
        storage.store(id_of(b"new!"), 0, b"new!").unwrap();
        assert_eq!(storage.check(idle, 4), Ok(ModuleCheck::Partial(0)));
        assert_eq!(storage.check(used, 4), Ok(ModuleCheck::Verified));
    }

    #[test]
    fn the_oldest_module_makes_room_and_a_larger_one_than_all_is_refused() {
        let (_folder, storage) = storage(8);
        let (old, new) = (id_of(b"old!"), id_of(b"newer"));
        storage.store(old, 0, b"old!").unwrap();
        assert_eq!(storage.check(old, 4), Ok(ModuleCheck::Verified));
        storage.store(new, 0, b"newer").unwrap();
        assert_eq!(storage.check(new, 5), Ok(ModuleCheck::Verified));
        assert_eq!(storage.check(old, 4), Ok(ModuleCheck::Partial(0)));
        assert_eq!(storage.store(new, 0, b"123456789"), Err(StorageError::Full));
    }
}
