//! From reset on, and the end of all where something goes wrong.

use core::arch::{asm, naked_asm};
use core::panic::PanicInfo;
use core::ptr::addr_of_mut;

use crate::console::print_line;
use crate::register::Register;
use crate::{clock, console, ethernet, heap, node, switch};

unsafe extern "C" {
    static mut data_start: u32;
    static mut data_end: u32;
    static mut data_load: u32;
    static mut bss_start: u32;
    static mut bss_end: u32;
    fn stack_top();
}

/// One entry of the vector table: where the stack begins, or where execution does.
#[derive(Clone, Copy)]
union Vector {
    place: unsafe extern "C" fn(),
    entry: unsafe extern "C" fn() -> !,
    handler: extern "C" fn(),
}

/// Entries before those of the board's interrupts, and interrupts up to the one in use.
const PROCESSOR: usize = 16;
const INTERRUPTS: usize = ethernet::INTERRUPT + 1;

// SAFETY: the linker script puts the section where the processor looks for its table: the first
// stack pointer, then handlers by the number of their exception (Armv7-M, B1.5.2 and B1.5.3).
#[unsafe(link_section = ".vectors")]
#[used]
static VECTORS: [Vector; PROCESSOR + INTERRUPTS] = {
    let mut vectors = [Vector { place: fault }; PROCESSOR + INTERRUPTS];
    vectors[0] = Vector { place: stack_top };
    vectors[1] = Vector { entry: reset };
    vectors[14] = Vector {
        place: switch::pend_sv,
    };
    vectors[15] = Vector {
        handler: clock::on_tick,
    };
    vectors[PROCESSOR + ethernet::INTERRUPT] = Vector {
        handler: ethernet::on_interrupt,
    };
    vectors
};

// SAFETY: a vector is a number for the processor to read.
unsafe impl Sync for Vector {}

/// Where the processor begins.
///
/// # Safety
///
/// For the processor alone, out of reset.
#[unsafe(no_mangle)]
unsafe extern "C" fn reset() -> ! {
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
    console::enable();
    heap::init();
    switch::init();
    clock::start();
    node::run()
}

/// Does nothing any more.
pub(crate) fn halt() -> ! {
    loop {
        // SAFETY: no interrupt ends this loop, and none is lost that anybody waits for.
        unsafe { asm!("cpsid i", "wfi") }
    }
}

// SAFETY: the processor's (Armv7-M, B3.2.15); it touches no memory.
const FAULT_STATUS: Register = unsafe { Register::at(0xe000_ed28) };

/// Handles faults, and interrupts that nobody enabled. It has the frame of what was interrupted,
/// on whichever stack that is.
///
/// # Safety
///
/// For the vector table alone.
#[unsafe(naked)]
unsafe extern "C" fn fault() {
    naked_asm!(
        "mrs r0, msp",
        "tst lr, #4",
        "it ne",
        "mrsne r0, psp",
        "b {report}",
        report = sym report,
    )
}

/// Says where the fault is, for `arm-none-eabi-addr2line`.
extern "C" fn report(frame: *const [u32; 8]) -> ! {
    // SAFETY: the processor has written it. Where it could not, this is a fault within a fault,
    // which stops the processor as well.
    let [.., return_to, at, _] = unsafe { *frame };
    print_line!(
        "fault {:#x} at {at:#x}, called from {return_to:#x}",
        FAULT_STATUS.read()
    );
    halt()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    print_line!("{info}");
    halt()
}
