//! The serial line: a PL011, polled.

use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};

const DATA: usize = 0x4000_c000;
const FLAGS: usize = 0x4000_c018;
const CONTROL: usize = 0x4000_c030;

const RECEIVER_EMPTY: u32 = 1 << 4;
const TRANSMITTER_FULL: u32 = 1 << 5;
/// Receiver, transmitter and the whole.
const ENABLED: u32 = 1 << 9 | 1 << 8 | 1;

/// What is sent before the processor stops.
pub(crate) const FAULT: u8 = 0xff;

pub(crate) fn enable() {
    // SAFETY: a register of the serial line, which has no effect on memory.
    unsafe { with_exposed_provenance_mut::<u32>(CONTROL).write_volatile(ENABLED) }
}

fn flags() -> u32 {
    // SAFETY: reading this register has no effect.
    unsafe { with_exposed_provenance::<u32>(FLAGS).read_volatile() }
}

pub(crate) fn send(byte: u8) {
    while flags() & TRANSMITTER_FULL != 0 {}
    // SAFETY: a register of the serial line, which has no effect on memory.
    unsafe { with_exposed_provenance_mut::<u32>(DATA).write_volatile(byte.into()) }
}

pub(crate) fn receive() -> u8 {
    while flags() & RECEIVER_EMPTY != 0 {}
    // SAFETY: a register of the serial line, which has no effect on memory.
    let word = unsafe { with_exposed_provenance::<u32>(DATA).read_volatile() };
    word.to_le_bytes()[0]
}
