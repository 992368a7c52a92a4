//! Modules as files, each named by its digest.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use edgerm_protocol::ModuleId;
use edgerm_protocol::id::ModuleKey;
use sha2::{Digest, Sha256};

use super::{ModuleStore, StoreError};

/// Bytes of modules that are kept in memory beside their files: agents fetch block by block.
const CACHE: usize = 16 << 20;

const ENDING: &str = ".wasm";

/// A folder with modules in it. Its clones are the same folder.
#[derive(Clone, Debug)]
pub struct ModuleFolder(Arc<Path>);

impl ModuleFolder {
    /// Opens the folder, made where there is none.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self(path.into()))
    }

    /// Keeps a module: on the disk when this returns, in whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn write(&self, id: ModuleId, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(id);
        if self.read(id).is_ok() {
            return Ok(());
        }
        let part = path.with_extension("part");
        let mut file = File::create(&part)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, &path)?;
        File::open(&*self.0)?.sync_all()
    }

    /// The bytes of a module, whose digest is right.
    ///
    /// # Errors
    ///
    /// Those of the file system; [`io::ErrorKind::InvalidData`] where the digest is wrong.
    pub fn read(&self, id: ModuleId) -> io::Result<Vec<u8>> {
        let bytes = fs::read(self.path(id))?;
        if Sha256::digest(&bytes)[..] == id.0 {
            Ok(bytes)
        } else {
            let error = "its bytes have another digest than its name";
            Err(io::Error::new(io::ErrorKind::InvalidData, error))
        }
    }

    /// Removes what is no module that is `wanted`: writes that were not finished, and modules that
    /// were written and then not taken.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn sweep(&self, wanted: impl Fn(ModuleId) -> bool) -> io::Result<()> {
        for entry in fs::read_dir(&*self.0)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().unwrap_or_default();
            let id = name.strip_suffix(ENDING).map(str::parse);
            let is_ours = id.is_some() || name.ends_with(".part");
            if is_ours && !matches!(id, Some(Ok(id)) if wanted(id)) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, id: ModuleId) -> PathBuf {
        self.0.join(format!("{id}{ENDING}"))
    }
}

/// The modules in a folder that the master has taken.
#[derive(Debug)]
pub struct FileStore {
    folder: ModuleFolder,
    modules: BTreeMap<ModuleKey, (ModuleId, usize)>,
    bytes: usize,
    max_bytes: usize,
    /// Those that were read last, the last one first.
    cache: RefCell<VecDeque<(ModuleId, Arc<[u8]>)>>,
}

impl FileStore {
    /// Modules in `folder`, of at most `max_bytes` together. None is known yet.
    pub const fn new(folder: ModuleFolder, max_bytes: usize) -> Self {
        Self {
            folder,
            modules: BTreeMap::new(),
            bytes: 0,
            max_bytes,
            cache: RefCell::new(VecDeque::new()),
        }
    }

    fn cached(&self, id: ModuleId) -> Option<Arc<[u8]>> {
        let mut cache = self.cache.borrow_mut();
        let at = cache.iter().position(|(cached, _)| *cached == id)?;
        let found = cache.remove(at)?;
        let bytes = Arc::clone(&found.1);
        cache.push_front(found);
        Some(bytes)
    }

    fn keep_in_memory(&self, id: ModuleId, bytes: &Arc<[u8]>) {
        let mut cache = self.cache.borrow_mut();
        cache.push_front((id, Arc::clone(bytes)));
        let mut together = 0;
        cache.retain(|(_, bytes)| {
            together += bytes.len();
            together <= CACHE
        });
    }
}

impl ModuleStore for FileStore {
    fn recall(&mut self, id: ModuleId, size: u32) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if self.modules.insert(id.key(), (id, size)).is_none() {
            self.bytes = self.bytes.saturating_add(size);
        }
    }

    /// The file is there already: [`ModuleFolder::write`] has put it there, where that held nobody
    /// up.
    fn put(&mut self, id: ModuleId, bytes: Arc<[u8]>) -> Result<(), StoreError> {
        match self.modules.get(&id.key()) {
            Some((own, _)) if *own == id => return Ok(()),
            Some((other, _)) => return Err(StoreError::KeyTaken(*other)),
            None => {}
        }
        if self.bytes + bytes.len() > self.max_bytes {
            let max = self.max_bytes;
            return Err(StoreError::Full { max });
        }
        self.bytes += bytes.len();
        self.modules.insert(id.key(), (id, bytes.len()));
        self.keep_in_memory(id, &bytes);
        Ok(())
    }

    fn by_key(&self, key: &str) -> Option<Arc<[u8]>> {
        let key = ModuleKey::try_from(key).ok()?;
        let (id, _) = *self.modules.get(&key)?;
        if let Some(bytes) = self.cached(id) {
            return Some(bytes);
        }
        match self.folder.read(id) {
            Ok(bytes) => {
                let bytes = Arc::from(bytes);
                self.keep_in_memory(id, &bytes);
                Some(bytes)
            }
            Err(error) => {
                tracing::error!(module = %id, %error, "a module cannot be read: upload it again");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(bytes: &[u8]) -> ModuleId {
        ModuleId(Sha256::digest(bytes).into())
    }

    #[test]
    fn modules_last_and_are_checked_when_they_are_read() {
        let place = tempfile::tempdir().unwrap();
        let folder = ModuleFolder::open(&place.path().join("modules")).unwrap();
        let (first, second) = (id(b"first"), id(b"second"));
        folder.write(first, b"first").unwrap();
        folder.write(second, b"second").unwrap();
        folder.write(second, b"second").unwrap();
        let mut store = FileStore::new(folder.clone(), 100);
        assert_eq!(store.get(first), None, "it was not taken");
        store.recall(first, 5);
        store.recall(second, 6);
        assert_eq!(store.get(first).as_deref(), Some(&b"first"[..]));
        let spoilt = place.path().join(format!("modules/{second}.wasm"));
        fs::write(&spoilt, b"sec0nd").unwrap();
        assert_eq!(store.get(second), None);
        let found = folder.read(second).unwrap_err().kind();
        assert_eq!(found, io::ErrorKind::InvalidData);
        // Uploaded again, it is whole again.
        folder.write(second, b"second").unwrap();
        assert_eq!(store.get(second).as_deref(), Some(&b"second"[..]));
    }

    #[test]
    fn what_was_not_taken_is_swept() {
        let place = tempfile::tempdir().unwrap();
        let folder = ModuleFolder::open(place.path()).unwrap();
        let (taken, other) = (id(b"taken"), id(b"other"));
        folder.write(taken, b"taken").unwrap();
        folder.write(other, b"other").unwrap();
        fs::write(place.path().join("half.part"), b"x").unwrap();
        fs::write(place.path().join("notes.txt"), b"x").unwrap();
        folder.sweep(|id| id == taken).unwrap();
        let mut left: Vec<_> = fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = [format!("{taken}.wasm"), "notes.txt".to_owned()];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn those_together_have_a_bound() {
        let place = tempfile::tempdir().unwrap();
        let folder = ModuleFolder::open(place.path()).unwrap();
        let mut store = FileStore::new(folder, 10);
        store.recall(id(b"1234567"), 7);
        let full = Err(StoreError::Full { max: 10 });
        assert_eq!(store.put(id(b"1234"), Arc::from(&b"1234"[..])), full);
        assert_eq!(store.put(id(b"123"), Arc::from(&b"123"[..])), Ok(()));
        assert_eq!(store.put(id(b"123"), Arc::from(&b"123"[..])), Ok(()));
    }
}
