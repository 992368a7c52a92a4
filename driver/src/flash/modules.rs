//! [`FlashModules`]: what [`crate::port::Storage`] asks of modules, over a [`Flash`].

use alloc::vec::Vec;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;
use sha2::{Digest, Sha256};

use super::directory::{Directory, Entry};
use super::expected::Expected;
use super::geometry::{Flash, FlashError, Geometry, GeometryError};
use super::header::{HEADER, Header};

/// Bytes that one call reads to take their digest: short enough for a watchdog.
const HASHED_AT_ONCE: u32 = 4096;

/// Bytes that are read at a time where flash is not mapped.
const CHUNK: u32 = 64;

/// At most `MODULES` modules in a partition of flash.
///
/// A call that would erase or read for long does a part of it and returns
/// [`nb::Error::WouldBlock`]: one erase unit, or the digest of 4 KiB.
#[derive(Debug)]
pub struct FlashModules<F, const MODULES: usize> {
    flash: F,
    geometry: Geometry,
    directory: Directory<MODULES>,
    expected: Expected<MODULES>,
    work: Work,
}

/// What was begun by one call and goes on with the next.
#[derive(Debug)]
enum Work {
    None,
    /// Its units are erased, the last of them first: its header is written over an erased one.
    Erasing {
        entry: Entry,
        /// Units that are not erased yet.
        left: u16,
    },
    Hashing {
        module: ModuleId,
        digest: Sha256,
        at: u32,
    },
}

/// The bytes of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModuleBytes {
    /// In flash that is mapped.
    Mapped(&'static [u8]),
    /// A copy in memory, of flash that is not.
    Owned(Vec<u8>),
}

impl AsRef<[u8]> for ModuleBytes {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl<F: Flash, const MODULES: usize> FlashModules<F, MODULES> {
    /// Looks for what the partition holds.
    ///
    /// # Errors
    ///
    /// [`GeometryError`] where it cannot keep modules. Flash that does not answer seems empty.
    pub fn new(flash: F) -> Result<Self, GeometryError> {
        let geometry = flash.geometry().checked()?;
        let mut modules = Self {
            flash,
            geometry,
            directory: Directory::new(),
            expected: Expected::new(),
            work: Work::None,
        };
        modules.scan();
        Ok(modules)
    }

    /// As [`crate::port::Storage::check`].
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where the flash does not work.
    pub fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError> {
        let Some(entry) = self.directory.find(module).copied() else {
            self.expect(module, size);
            return Ok(ModuleCheck::Partial(0));
        };
        if entry.size != size {
            // Whoever told one of the sizes was wrong; the digest will tell.
            self.remove(&entry)?;
            self.expect(module, size);
            return Ok(ModuleCheck::Partial(0));
        }
        let is_part = entry.written < size;
        if is_part && !entry.found {
            return Ok(ModuleCheck::Partial(entry.written));
        }
        let is_right = self.hash(&entry)?;
        if let Some(entry) = self.directory.find(module) {
            entry.found = false;
            if is_right {
                entry.written = size;
            }
        }
        if is_part && !is_right {
            return Ok(ModuleCheck::Partial(entry.written));
        }
        if !is_right {
            self.remove(&entry)?;
            self.expect(module, size);
            return Ok(ModuleCheck::Corrupt);
        }
        self.directory.touch(module);
        Ok(ModuleCheck::Verified)
    }

    /// As [`crate::port::Storage::store`].
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] where all else is in use or the module is too large for the
    /// partition, [`StorageError::Io`] where the flash does not work, or the bytes are none of a
    /// module that was asked for.
    pub fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        if self.directory.find(module).is_none() {
            self.begin(module)?;
        }
        let entry = *self.directory.find(module).ok_or(StorageError::Io)?;
        let known = entry.written.checked_sub(offset).ok_or(StorageError::Io)?;
        // What is there already stays: the digest tells whether it is the same.
        let new = bytes.get(known as usize..).unwrap_or_default();
        let end = u32::try_from(new.len())
            .ok()
            .and_then(|length| entry.written.checked_add(length))
            .filter(|end| *end <= entry.size)
            .ok_or(StorageError::Io)?;
        self.write(&entry, new)?;
        if let Some(entry) = self.directory.find(module) {
            entry.written = end;
        }
        Ok(())
    }

    /// As [`crate::port::Storage::load`].
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where the module is not there, or cannot be read.
    pub fn load(&mut self, module: ModuleId) -> nb::Result<ModuleBytes, StorageError> {
        let entry = self.directory.touch(module).ok_or(StorageError::Io)?;
        if entry.written < entry.size {
            return Err(StorageError::Io.into());
        }
        entry.pins = entry.pins.checked_add(1).ok_or(StorageError::Full)?;
        let entry = *entry;
        let bytes = self.bytes(&entry);
        if bytes.is_err() {
            self.release(module);
        }
        Ok(bytes?)
    }

    /// As [`crate::port::Storage::release`].
    pub fn release(&mut self, module: ModuleId) {
        if let Some(entry) = self.directory.find(module) {
            entry.pins = entry.pins.saturating_sub(1);
        }
    }

    /// Bytes that modules may take together, their headers included.
    pub fn capacity(&self) -> u32 {
        u32::from(self.geometry.units()) * self.geometry.erase_unit
    }

    /// The largest module that there can be.
    pub fn largest(&self) -> u32 {
        self.capacity() - HEADER
    }

    fn scan(&mut self) {
        let mut first = 0;
        while first < self.geometry.units() {
            first += self.found_at(first).unwrap_or(1);
        }
    }

    /// Takes up the module that begins with this unit, and tells how many units it has.
    fn found_at(&mut self, first: u16) -> Option<u16> {
        let mut bytes = [0; HEADER as usize];
        self.flash.read(self.offset(first), &mut bytes).ok()?;
        let header = Header::from_bytes(&bytes)?;
        let units = u16::try_from(self.geometry.units_for(header.size)).ok()?;
        if units > self.geometry.units() - first || self.directory.find(header.module).is_some() {
            return None;
        }
        let mut entry = Entry {
            module: header.module,
            size: header.size,
            written: 0,
            found: true,
            first,
            units,
            pins: 0,
            used: header.sequence,
        };
        entry.written = self.written(&entry).ok()?;
        if let Ok(Some(oldest)) = self.directory.surplus() {
            let older = if oldest.used < entry.used {
                oldest
            } else {
                entry
            };
            self.remove(&older).ok()?;
            if older == entry {
                return None;
            }
        }
        self.directory.insert(entry);
        Some(units)
    }

    /// How many bytes of a module are there, as far as the flash tells: to the last write unit
    /// that is not erased.
    fn written(&self, entry: &Entry) -> Result<u32, FlashError> {
        let start = self.data(entry);
        let mut end = entry.size.next_multiple_of(self.geometry.write_unit);
        let mut chunk = [0; CHUNK as usize];
        while end > 0 {
            let length = (end - 1) % CHUNK + 1;
            let chunk = &mut chunk[..length as usize];
            self.flash.read(start + end - length, chunk)?;
            let erased = |byte: &&u8| **byte == self.geometry.erased;
            let behind = chunk
                .iter()
                .rev()
                .take_while(erased)
                .map(|_| 1)
                .sum::<u32>();
            end -= behind;
            if behind < length {
                let written = end.next_multiple_of(self.geometry.write_unit);
                return Ok(written.min(entry.size));
            }
        }
        Ok(0)
    }

    /// The module may be stored next. What was begun and failed is begun anew then.
    fn expect(&mut self, module: ModuleId, size: u32) {
        self.expected.insert(module, size);
        self.work = Work::None;
    }

    /// Begins a module that was asked for: makes room for it and writes its header.
    fn begin(&mut self, module: ModuleId) -> nb::Result<(), StorageError> {
        let (entry, left) = match &mut self.work {
            Work::Erasing { entry, left } if entry.module == module => (entry, left),
            Work::None | Work::Erasing { .. } | Work::Hashing { .. } => {
                return self.make_room(module);
            }
        };
        let entry = *entry;
        if let Some(next) = left.checked_sub(1) {
            *left = next;
            let unit = self.offset(entry.first + next);
            self.flash.erase(unit).map_err(|_| StorageError::Io)?;
            return Err(nb::Error::WouldBlock);
        }
        let header = Header {
            module,
            size: entry.size,
            sequence: entry.used,
        };
        let offset = self.offset(entry.first);
        let written = self.flash.write(offset, &header.to_bytes());
        written.map_err(|_| StorageError::Io)?;
        self.work = Work::None;
        self.expected.remove(module);
        self.directory.insert(entry);
        Ok(())
    }

    /// Forgets what has to go for a module that was asked for, and goes on to erase its place.
    fn make_room(&mut self, module: ModuleId) -> nb::Result<(), StorageError> {
        let size = self.expected.size(module).ok_or(StorageError::Io)?;
        let units = u16::try_from(self.geometry.units_for(size))
            .ok()
            .filter(|units| *units <= self.geometry.units())
            .ok_or(StorageError::Full)?;
        let surplus = self.directory.surplus();
        if let Some(surplus) = surplus.map_err(|_| StorageError::Full)? {
            self.remove(&surplus)?;
            return Err(nb::Error::WouldBlock);
        }
        let first = self
            .directory
            .make_room(units, self.geometry.units())
            .ok_or(StorageError::Full)?;
        let entry = Entry {
            module,
            size,
            written: 0,
            found: false,
            first,
            units,
            pins: 0,
            used: self.directory.next_use(),
        };
        self.work = Work::Erasing { entry, left: units };
        Err(nb::Error::WouldBlock)
    }

    /// Appends to what is there of a module. A write unit that looks erased is left as it is:
    /// after a reboot it may count as not being there, and be written then.
    fn write(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), StorageError> {
        let at = self.data(entry) + entry.written;
        if !bytes.is_empty() && !at.is_multiple_of(self.geometry.write_unit) {
            return Err(StorageError::Io);
        }
        let unit = self.geometry.write_unit as usize;
        let (whole, rest) = bytes.split_at(bytes.len() / unit * unit);
        let mut left = whole;
        while !left.is_empty() {
            let run = self.run(left);
            self.put(at, bytes.len() - rest.len() - left.len(), &left[..run])?;
            // The unit that ended the run looks erased.
            left = left.get(run + unit..).unwrap_or_default();
        }
        if self.looks_erased(rest) {
            return Ok(());
        }
        let mut last = [self.geometry.erased; HEADER as usize];
        last[..rest.len()].copy_from_slice(rest);
        self.put(at, whole.len(), &last[..unit])
    }

    /// How many bytes come before the first write unit that looks erased.
    fn run(&self, units: &[u8]) -> usize {
        let unit = self.geometry.write_unit as usize;
        let mut chunks = units.chunks(unit);
        let used = chunks.position(|chunk| self.looks_erased(chunk));
        used.map_or(units.len(), |used| used * unit)
    }

    fn put(&mut self, at: u32, behind: usize, units: &[u8]) -> Result<(), StorageError> {
        if units.is_empty() {
            return Ok(());
        }
        let behind = u32::try_from(behind).map_err(|_| StorageError::Io)?;
        let written = self.flash.write(at + behind, units);
        written.map_err(|_| StorageError::Io)
    }

    fn looks_erased(&self, bytes: &[u8]) -> bool {
        bytes.iter().all(|byte| *byte == self.geometry.erased)
    }

    /// Whether a module that is there whole has the right digest.
    fn hash(&mut self, entry: &Entry) -> nb::Result<bool, StorageError> {
        let (mut digest, mut at) = match core::mem::replace(&mut self.work, Work::None) {
            Work::Hashing { module, digest, at } if module == entry.module => (digest, at),
            Work::None | Work::Erasing { .. } | Work::Hashing { .. } => (Sha256::new(), 0),
        };
        let end = entry.size.min(at + HASHED_AT_ONCE);
        let start = self.data(entry);
        let mut chunk = [0; CHUNK as usize];
        while at < end {
            let length = (end - at).min(CHUNK);
            let chunk = &mut chunk[..length as usize];
            let read = self.flash.read(start + at, chunk);
            read.map_err(|_| StorageError::Io)?;
            digest.update(chunk);
            at += length;
        }
        if at == entry.size {
            return Ok(digest.finalize().as_slice() == entry.module.0);
        }
        self.work = Work::Hashing {
            module: entry.module,
            digest,
            at,
        };
        Err(nb::Error::WouldBlock)
    }

    /// Forgets a module for good: without its header it is none.
    fn remove(&mut self, entry: &Entry) -> Result<(), StorageError> {
        if entry.pins > 0 {
            // It runs, and did so with the right digest.
            return Err(StorageError::Io);
        }
        self.directory.remove(entry.module);
        let erased = self.flash.erase(self.offset(entry.first));
        erased.map_err(|_| StorageError::Io)
    }

    fn bytes(&self, entry: &Entry) -> Result<ModuleBytes, StorageError> {
        let start = self.data(entry);
        if let Some(mapped) = self.flash.mapped() {
            let bytes = mapped.get(start as usize..(start + entry.size) as usize);
            return bytes.map(ModuleBytes::Mapped).ok_or(StorageError::Io);
        }
        let mut bytes = Vec::new();
        let room = bytes.try_reserve_exact(entry.size as usize);
        room.map_err(|_| StorageError::Full)?;
        bytes.resize(entry.size as usize, 0);
        let read = self.flash.read(start, &mut bytes);
        read.map_err(|_| StorageError::Io)?;
        Ok(ModuleBytes::Owned(bytes))
    }

    fn offset(&self, unit: u16) -> u32 {
        u32::from(unit) * self.geometry.erase_unit
    }

    /// Where the bytes of a module begin.
    fn data(&self, entry: &Entry) -> u32 {
        self.offset(entry.first) + HEADER
    }
}
