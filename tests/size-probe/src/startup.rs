//! From reset to the driver.

use core::panic::PanicInfo;
use core::ptr::addr_of_mut;

unsafe extern "C" {
    static mut data_start: u32;
    static mut data_end: u32;
    static mut data_load: u32;
    static mut bss_start: u32;
    static mut bss_end: u32;
    fn stack_top();
}

/// One entry of the vector table: where the stack begins, or where execution does.
type Vector = unsafe extern "C" fn();

// SAFETY: the linker script puts the section where the processor looks for its table: the first
// stack pointer, then reset, NMI and the faults (Armv7-M, B1.5.3).
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: [Vector; 7] = [stack_top, reset, fault, fault, fault, fault, fault];

/// Where the processor begins.
///
/// # Safety
///
/// For the processor alone, out of reset.
#[unsafe(no_mangle)]
unsafe extern "C" fn reset() {
    // SAFETY: nothing runs yet that could use a static; the linker script gives word-aligned
    // ranges that are the statics' own.
    unsafe {
        let mut to = addr_of_mut!(data_start);
        let mut from = addr_of_mut!(data_load).cast_const();
        while to < addr_of_mut!(data_end) {
            to.write_volatile(from.read_volatile());
            (to, from) = (to.add(1), from.add(1));
        }
        let mut to = addr_of_mut!(bss_start);
        while to < addr_of_mut!(bss_end) {
            to.write_volatile(0);
            to = to.add(1);
        }
    }
    crate::drive::run()
}

/// The end of the statics, below which the stack must not reach.
pub(crate) fn end_of_statics() -> *mut u32 {
    addr_of_mut!(bss_end)
}

/// Says that there is nothing sensible to be done any more, and does nothing.
pub(crate) fn halt() -> ! {
    crate::serial::send(crate::serial::FAULT);
    loop {
        core::hint::spin_loop();
    }
}

extern "C" fn fault() {
    halt()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    halt()
}
