//! Records in Zephyr's settings, each under a number.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// Reads a record into `buffer`; `None` where there is none.
///
/// # Errors
///
/// `ENOMEM` where it does not fit, and what the settings say.
pub fn read(key: u32, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    // SAFETY: writes as many bytes as there is room for.
    let length = unsafe { sys::edgerm_record_read(key, buffer.as_mut_ptr(), buffer.len()) };
    match usize::try_from(length) {
        Ok(length) => Ok(Some(length)),
        Err(_) if Errno(-length).is(sys::ENOENT) => Ok(None),
        Err(_) => Err(Errno(-length)),
    }
}

/// Puts a record in the place of what stood there.
///
/// # Errors
///
/// `ENOSPC` where there is no room, and what the settings say.
pub fn write(key: u32, record: &[u8]) -> Result<(), Errno> {
    // SAFETY: reads as many bytes as there are.
    Errno::check(unsafe { sys::edgerm_record_write(key, record.as_ptr(), record.len()) })?;
    Ok(())
}

/// Removes a record, where there is one.
///
/// # Errors
///
/// What the settings say.
pub fn erase(key: u32) -> Result<(), Errno> {
    // SAFETY: takes a number alone.
    Errno::check(unsafe { sys::edgerm_record_erase(key) }).map(|_| ())
}
