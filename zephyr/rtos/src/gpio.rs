//! Outputs of the devicetree.

use core::ffi::{CStr, c_char};

use edgerm_zephyr_sys as sys;

use crate::Errno;

/// Something that is on or off.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    raw: &'static sys::edgerm_gpio_actuator,
    /// What it is called.
    pub label: &'static str,
    /// What it moves.
    pub kind: &'static str,
}

// SAFETY: it is never written, and Zephyr's drivers exclude one thread from another.
unsafe impl Send for Output {}

/// The outputs that are enabled and ready.
pub fn all() -> impl Iterator<Item = Output> {
    (0..)
        // SAFETY: takes a number alone; what it gives is there at all times.
        .map_while(|index| unsafe { sys::edgerm_gpio_actuator(index).as_ref() })
        // SAFETY: the specification is of the devicetree.
        .filter(|raw| unsafe { sys::gpio_is_ready_dt(&raw.gpio) })
        .map(|raw| Output {
            raw,
            label: text(raw.label),
            kind: text(raw.kind),
        })
}

impl Output {
    /// Makes it an output, which is off.
    ///
    /// # Errors
    ///
    /// What its driver says.
    pub fn configure(&self) -> Result<(), Errno> {
        let flags = sys::GPIO_OUTPUT_INACTIVE;
        // SAFETY: the specification is of the devicetree, and ready.
        Errno::check(unsafe { sys::gpio_pin_configure_dt(&self.raw.gpio, flags) }).map(|_| ())
    }

    /// Switches it on or off.
    ///
    /// # Errors
    ///
    /// What its driver says.
    pub fn set(&self, is_on: bool) -> Result<(), Errno> {
        // SAFETY: as above.
        Errno::check(unsafe { sys::gpio_pin_set_dt(&self.raw.gpio, is_on.into()) }).map(|_| ())
    }
}

fn text(text: *const c_char) -> &'static str {
    // SAFETY: of the devicetree: it ends with a NUL, and is there at all times.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or_default()
}
