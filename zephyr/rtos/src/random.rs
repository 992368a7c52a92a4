//! Entropy.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// Bytes that no other boot had.
///
/// # Errors
///
/// Where the board's source of entropy does not work.
pub fn fill(bytes: &mut [u8]) -> Result<(), Errno> {
    // SAFETY: writes as many bytes as there are.
    Errno::check(unsafe { sys::edgerm_random(bytes.as_mut_ptr(), bytes.len()) }).map(|_| ())
}

/// Whether they come of Zephyr's generator for tests, which anybody can foretell.
pub fn is_for_tests() -> bool {
    // SAFETY: takes nothing.
    unsafe { sys::edgerm_random_is_for_tests() }
}
