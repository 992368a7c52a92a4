//! Modules in flash.
//!
//! The flash of AN385 is RAM in truth; this treats it as flash is to be treated: what is not
//! erased only loses bits.

use core::ptr::addr_of_mut;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_driver::flash::{Flash, FlashError, FlashModules, Geometry, GeometryError, ModuleBytes};
use edgerm_driver::port;
use edgerm_protocol::ModuleId;

use crate::switch;

/// Bytes of the partition, as the linker script has it.
const BYTES: usize = 64 * 1024;

const ERASE_UNIT: usize = 4096;

const ERASED: u8 = 0xff;

/// Modules that are kept at most.
const MODULES: usize = 8;

/// Bytes that a module may have: what the partition holds beside a second one of that size.
pub(crate) const MAX_MODULE: u32 = 24 * 1024;

unsafe extern "C" {
    static mut modules_start: [u8; BYTES];
}

/// The partition for modules. There is one.
struct Partition(());

/// A part of the partition.
fn part<'a>(offset: u32, length: usize) -> Result<&'a mut [u8], FlashError> {
    let start = offset as usize;
    if start.checked_add(length).is_none_or(|end| end > BYTES) {
        return Err(FlashError);
    }
    // SAFETY: the linker script gives the partition so many bytes. Callers let go of it before
    // they return, and `FlashModules` leaves the bytes of a module that is loaded alone.
    Ok(unsafe {
        let whole = addr_of_mut!(modules_start).cast::<u8>();
        core::slice::from_raw_parts_mut(whole.add(start), length)
    })
}

impl Flash for Partition {
    fn geometry(&self) -> Geometry {
        Geometry {
            bytes: BYTES as u32,
            erase_unit: ERASE_UNIT as u32,
            write_unit: 4,
            erased: ERASED,
        }
    }

    fn read(&self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        buffer.copy_from_slice(part(offset, buffer.len())?);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let cells = part(offset, bytes.len())?;
        for (cell, byte) in cells.iter_mut().zip(bytes) {
            *cell &= byte;
        }
        Ok(())
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        part(offset, ERASE_UNIT)?.fill(ERASED);
        Ok(())
    }

    fn mapped(&self) -> Option<&'static [u8]> {
        // SAFETY: as in `part`: what is read through this is a module's, which stays as it is
        // for as long as it is loaded.
        Some(unsafe { &*(&raw const modules_start) })
    }
}

/// Modules in flash, which are run where they stand.
pub(crate) struct Storage(FlashModules<Partition, MODULES>);

impl Storage {
    /// The storage. To be made once.
    pub(crate) fn new() -> Result<Self, GeometryError> {
        FlashModules::new(Partition(())).map(Self)
    }
}

/// What takes long is done a part at a time, and goes on with the next poll.
fn soon<T>(asked: nb::Result<T, StorageError>) -> nb::Result<T, StorageError> {
    if matches!(asked, Err(nb::Error::WouldBlock)) {
        switch::wake();
    }
    asked
}

impl port::Storage for Storage {
    type Module = &'static [u8];

    fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError> {
        soon(self.0.check(module, size))
    }

    fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        soon(self.0.store(module, offset, bytes))
    }

    fn load(&mut self, module: ModuleId) -> nb::Result<&'static [u8], StorageError> {
        match soon(self.0.load(module))? {
            ModuleBytes::Mapped(bytes) => Ok(bytes),
            // Of flash that is not mapped, which this is.
            ModuleBytes::Owned(_) => Err(StorageError::Io.into()),
        }
    }

    fn release(&mut self, module: ModuleId) {
        self.0.release(module);
    }
}
