//! The clock: SysTick, each millisecond, and the alarm that it gives.

use core::sync::atomic::{AtomicU32, Ordering};

use edgerm_driver::port;
use edgerm_protocol::Instant;

use crate::register::Register;
use crate::switch;

/// A register of the system timer (Armv7-M, B3.3).
const fn system_timer(offset: usize) -> Register {
    // SAFETY: the processor has it, and it touches no memory.
    unsafe { Register::at(0xe000_e010 + offset) }
}

const CONTROL: Register = system_timer(0x0);
const RELOAD: Register = system_timer(0x4);
const CURRENT: Register = system_timer(0x8);

/// Counts the processor's clock, interrupts at zero, is enabled.
const RUNNING: u32 = 0b111;

/// Cycles in a millisecond: AN385 runs at 25 MHz.
const CYCLES: u32 = 25_000;

/// Milliseconds since boot, in two halves.
static LOW: AtomicU32 = AtomicU32::new(0);
static HIGH: AtomicU32 = AtomicU32::new(0);

/// The lower half of the time at which the agent is to be woken, at most 24 days ahead.
static ALARM: AtomicU32 = AtomicU32::new(0);

pub(crate) fn start() {
    RELOAD.write(CYCLES - 1);
    CURRENT.write(0);
    CONTROL.write(RUNNING);
}

/// Handles the interrupt of the system timer.
pub(crate) extern "C" fn on_tick() {
    let low = LOW.load(Ordering::Relaxed).wrapping_add(1);
    LOW.store(low, Ordering::Relaxed);
    if low == 0 {
        HIGH.store(
            HIGH.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Relaxed,
        );
    }
    let late = low.wrapping_sub(ALARM.load(Ordering::Relaxed));
    if late.cast_signed() >= 0 {
        switch::wake();
    }
}

/// Wakes the agent at this time, or with the next tick where it is over. A time that is more
/// than 24 days ahead may come too early, which does no harm.
pub(crate) fn set_alarm(at: Instant) {
    ALARM.store(at.as_millis() as u32, Ordering::Relaxed);
}

/// Milliseconds since boot.
pub(crate) fn now() -> Instant {
    loop {
        let high = HIGH.load(Ordering::Relaxed);
        let low = LOW.load(Ordering::Relaxed);
        if high == HIGH.load(Ordering::Relaxed) {
            return Instant::from_millis(u64::from(high) << 32 | u64::from(low));
        }
    }
}

/// The clock, for the driver.
pub(crate) struct Clock;

impl port::Clock for Clock {
    fn now(&self) -> Instant {
        now()
    }
}
