//! The time since boot.

use edgerm_zephyr_sys as sys;

/// Milliseconds since the system booted.
pub fn uptime_ms() -> u64 {
    // SAFETY: asks for nothing.
    let milliseconds = unsafe { sys::k_uptime_get() };
    milliseconds.try_into().unwrap_or_default()
}
