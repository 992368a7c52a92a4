//! The watchdog that the devicetree names.

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// The longest that the agent's thread may sleep, in milliseconds: half of the watchdog's time.
pub const LONGEST_SLEEP_MS: u64 = sys::CONFIG_EDGERM_WATCHDOG_MS as u64 / 2;

/// Starts it.
///
/// # Errors
///
/// What its driver says.
pub fn start() -> Result<(), Errno> {
    // SAFETY: takes nothing.
    Errno::check(unsafe { sys::edgerm_watchdog_start() }).map(|_| ())
}

/// Tells it that all is well.
pub fn feed() {
    // SAFETY: takes nothing.
    unsafe { sys::edgerm_watchdog_feed() };
}

/// Stops it, or has it fed by somebody else: the agent does not run from now on.
pub fn stop() {
    // SAFETY: takes nothing.
    unsafe { sys::edgerm_watchdog_stop() };
}
