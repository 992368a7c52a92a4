//! What outlives a reboot besides modules.

use edgerm_agent_core::{RecordKey, StorageError};

/// Keeps small records, each under a key: in settings over NVS, in files. `()` keeps none.
///
/// An operation that takes long goes on aside, as [`super::Storage`]'s do. One is under way at a
/// time.
pub trait Records {
    /// Whether any are kept. Where not, nothing else here is called, and a launch that says
    /// `restart` is refused by name.
    const KEPT: bool = true;

    /// Copies the record under `key` to the start of `buffer`, which holds
    /// [`edgerm_agent_core::MAX_RECORD`] bytes, and returns its length; `None` where there is
    /// none. Asked for each key when the driver is made.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where it cannot be told; the agent goes on without the record.
    fn read(&mut self, key: RecordKey, buffer: &mut [u8]) -> Result<Option<usize>, StorageError>;

    /// Puts a record of at most [`edgerm_agent_core::MAX_RECORD`] bytes in the place of what
    /// stood under `key`. Whatever happens, the one or the other is there afterwards; once this
    /// returns, the record outlives a loss of power.
    ///
    /// # Errors
    ///
    /// [`StorageError::Full`] where there is no room, [`StorageError::Io`] where the storage does
    /// not work.
    fn write(&mut self, key: RecordKey, record: &[u8]) -> nb::Result<(), StorageError>;

    /// Removes what stands under `key`, where something does.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] where it may be there still.
    fn erase(&mut self, key: RecordKey) -> nb::Result<(), StorageError>;
}

impl Records for () {
    const KEPT: bool = false;

    fn read(&mut self, _: RecordKey, _: &mut [u8]) -> Result<Option<usize>, StorageError> {
        Ok(None)
    }

    fn write(&mut self, _: RecordKey, _: &[u8]) -> nb::Result<(), StorageError> {
        Err(nb::Error::Other(StorageError::Io))
    }

    fn erase(&mut self, _: RecordKey) -> nb::Result<(), StorageError> {
        Ok(())
    }
}
