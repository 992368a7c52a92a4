//! The console: UART 0, a CMSDK APB UART, polled.

use core::fmt;

use crate::register::Register;

/// A register of the UART.
const fn uart(offset: usize) -> Register {
    // SAFETY: the UART's place in the memory map of AN385; it touches no memory.
    unsafe { Register::at(0x4000_4000 + offset) }
}

const DATA: Register = uart(0x00);
const STATE: Register = uart(0x04);
const CONTROL: Register = uart(0x08);
const DIVIDER: Register = uart(0x10);

const TRANSMITTER_FULL: u32 = 1;
const TRANSMITTER_ENABLED: u32 = 1;

/// 25 MHz by this are 115,200 baud.
const DIVISOR: u32 = 217;

pub(crate) fn enable() {
    DIVIDER.write(DIVISOR);
    CONTROL.write(TRANSMITTER_ENABLED);
}

/// Where lines are printed to.
pub(crate) struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            while STATE.read() & TRANSMITTER_FULL != 0 {}
            DATA.write(byte.into());
        }
        Ok(())
    }
}

/// Prints a line, as `format!` makes it.
macro_rules! print_line {
    ($($argument:tt)*) => {{
        use core::fmt::Write as _;
        // The console takes everything.
        let _taken = writeln!($crate::console::Console, $($argument)*);
    }};
}
pub(crate) use print_line;
