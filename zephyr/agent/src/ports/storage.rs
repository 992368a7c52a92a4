//! Modules in the partition of flash.

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_driver::flash::{Flash, FlashError, FlashModules, Geometry, GeometryError, ModuleBytes};
use edgerm_driver::port::Storage;
use edgerm_protocol::ModuleId;
use edgerm_zephyr_rtos::Errno;
use edgerm_zephyr_rtos::flash::Partition;

use crate::{api, config};

/// The partition's modules.
#[derive(Debug)]
pub(crate) struct Modules(FlashModules<Area, { config::MODULES }>);

impl Modules {
    /// Looks for what `partition` holds.
    ///
    /// # Errors
    ///
    /// [`GeometryError`] where it cannot keep modules.
    pub(crate) fn new(partition: Partition) -> Result<Self, GeometryError> {
        FlashModules::new(Area(partition)).map(Self)
    }

    /// The largest module that there can be, in bytes.
    pub(crate) fn largest(&self) -> u32 {
        self.0.largest()
    }
}

/// What was begun goes on when the agent comes around.
fn again<T>(asked: nb::Result<T, StorageError>) -> nb::Result<T, StorageError> {
    if matches!(asked, Err(nb::Error::WouldBlock)) {
        api::wake();
    }
    asked
}

impl Storage for Modules {
    type Module = ModuleBytes;

    fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError> {
        again(self.0.check(module, size))
    }

    fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError> {
        again(self.0.store(module, offset, bytes))
    }

    fn load(&mut self, module: ModuleId) -> nb::Result<ModuleBytes, StorageError> {
        again(self.0.load(module))
    }

    fn release(&mut self, module: ModuleId) {
        self.0.release(module);
    }
}

/// The partition, as [`FlashModules`] takes it.
#[derive(Debug)]
struct Area(Partition);

impl Flash for Area {
    fn geometry(&self) -> Geometry {
        Geometry {
            bytes: self.0.bytes(),
            erase_unit: self.0.erase_unit(),
            write_unit: self.0.write_unit(),
            erased: self.0.erased(),
        }
    }

    fn read(&self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        self.0.read(offset, buffer).map_err(failed)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        self.0.write(offset, bytes).map_err(failed)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        self.0.erase(offset).map_err(failed)
    }

    fn mapped(&self) -> Option<&'static [u8]> {
        self.0.mapped()
    }
}

const fn failed(_: Errno) -> FlashError {
    FlashError
}
