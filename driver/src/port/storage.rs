//! Where modules are kept.

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;

/// Keeps modules, each named by its digest, whole or in part.
///
/// An operation that takes long, such as the erasure of flash, is begun by the first call and
/// goes on aside; until it is over, calls with the same arguments return
/// [`nb::Error::WouldBlock`]. The driver has one check or store under way at a time, and may have
/// loads besides. A load that is not asked again is not wanted any more.
///
/// Modules that nothing has loaded may be removed to make room for others, those used longest
/// ago first.
pub trait Storage {
    /// The bytes of a module, for as long as a task runs: `&'static [u8]` where flash is mapped,
    /// else a buffer that owns them.
    type Module: AsRef<[u8]>;

    /// Tells what there is of a module of `size` bytes. Where all of them are there, their
    /// SHA-256 must be `module`, or they are removed.
    ///
    /// # Errors
    ///
    /// [`StorageError`] where it cannot be told.
    fn check(&mut self, module: ModuleId, size: u32) -> nb::Result<ModuleCheck, StorageError>;

    /// Keeps `bytes` of a module from `offset` on, and nothing behind them. Those before `offset`
    /// are kept already. How many bytes the whole has was told by [`Self::check`], which comes
    /// first since each boot, so that room for all of it can be made at once.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] where there is no room, [`StorageError::Io`] where the storage does
    /// not work.
    fn store(
        &mut self,
        module: ModuleId,
        offset: u32,
        bytes: &[u8],
    ) -> nb::Result<(), StorageError>;

    /// The bytes of a module that was found [`ModuleCheck::Verified`]. They stay where they are
    /// until [`Self::release`] is called for each load.
    ///
    /// # Errors
    ///
    /// [`StorageError`] where they cannot be read any more, or there is no memory for them.
    fn load(&mut self, module: ModuleId) -> nb::Result<Self::Module, StorageError>;

    /// One task that ran the module is over, and what [`Self::load`] gave is dropped.
    fn release(&mut self, module: ModuleId);
}
