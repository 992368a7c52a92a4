//! Records in Zephyr's settings.

use edgerm_agent_core::{RecordKey, StorageError};
use edgerm_driver::port::Records;
use edgerm_zephyr_rtos::{Errno, records};
use edgerm_zephyr_sys::{ENOMEM, ENOSPC};

/// Settings under `edgerm/KEY`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings;

impl Records for Settings {
    fn read(&mut self, key: RecordKey, buffer: &mut [u8]) -> Result<Option<usize>, StorageError> {
        records::read(key.0.into(), buffer).map_err(failed)
    }

    fn write(&mut self, key: RecordKey, record: &[u8]) -> nb::Result<(), StorageError> {
        Ok(records::write(key.0.into(), record).map_err(failed)?)
    }

    fn erase(&mut self, key: RecordKey) -> nb::Result<(), StorageError> {
        Ok(records::erase(key.0.into()).map_err(failed)?)
    }
}

fn failed(errno: Errno) -> StorageError {
    if errno.is(ENOSPC) || errno.is(ENOMEM) {
        StorageError::Full
    } else {
        StorageError::Io
    }
}
