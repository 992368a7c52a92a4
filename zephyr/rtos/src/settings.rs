//! Zephyr's settings.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// Makes the settings ready.
///
/// # Errors
///
/// Where they have no storage that works.
pub fn init() -> Result<(), Errno> {
    // SAFETY: takes nothing.
    Errno::check(unsafe { sys::edgerm_settings_init() }).map(|_| ())
}

/// Reads the node's credential into `buffer`; `None` where there is none.
///
/// # Errors
///
/// `ENOMEM` where it does not fit, and what the settings say.
#[cfg(CONFIG_EDGERM_SECURITY_SETTINGS)]
pub fn credential(buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    // SAFETY: writes as many bytes as there is room for.
    let length = unsafe { sys::edgerm_credential_read(buffer.as_mut_ptr(), buffer.len()) };
    match usize::try_from(length) {
        Ok(length) => Ok(Some(length)),
        Err(_) if Errno(-length).is(sys::ENOENT) => Ok(None),
        Err(_) => Err(Errno(-length)),
    }
}
