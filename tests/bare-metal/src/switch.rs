//! From the agent to the task and back.
//!
//! ```text
//!            rest(true)                        rest(false)
//!   task <──────────────── agent ────────────────────────────────> processor sleeps
//!        ────────────────>       <────────────────────────────────
//!        yield_now(), wake()                wake()
//! ```
//!
//! The agent is on the main stack, on which interrupts are handled too, the task on the process
//! stack (Armv7-M, B1.4.1). PendSV, which comes after every other interrupt, goes from one to the
//! other: each leaves r4 to r11 on its stack, below what the processor put there itself. To the
//! task only where the agent rests, back whenever something is for the agent. So the agent is
//! never pre-empted by the task, and finds it stopped wherever it was, in the middle of a loop
//! too; to end it, it only has to forget it.

use core::arch::{asm, naked_asm};
use core::mem::offset_of;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::register::Register;

// SAFETY: both are the processor's (Armv7-M, B3.2.4 and B3.2.12), and touch no memory.
const INTERRUPT_CONTROL: Register = unsafe { Register::at(0xe000_ed04) };
// SAFETY: as above.
const PRIORITIES_OF_12_TO_15: Register = unsafe { Register::at(0xe000_ed20) };

const PEND_PENDSV: u32 = 1 << 28;

/// PendSV is number 14; the system timer, 15, stays above it, as all others do.
const PENDSV_LAST: u32 = 0xff << 16;

/// What PendSV decides by.
#[repr(C)]
struct Switch {
    /// The agent gives way to the task. Set by the agent, cleared by PendSV.
    resting: AtomicU32,
    /// Something is for the agent. Cleared by the agent before it looks for it.
    woken: AtomicU32,
    /// The process stack of the task while it does not run.
    task_stack: AtomicU32,
}

static SWITCH: Switch = Switch {
    resting: AtomicU32::new(0),
    woken: AtomicU32::new(0),
    task_stack: AtomicU32::new(0),
};

/// The frame that the processor takes from a stack when it goes back to it (Armv7-M, B1.5.6).
/// Below it, what [`pend_sv`] takes.
#[repr(C)]
struct Frame {
    r4_to_r11: [u32; 8],
    r0_to_r3: [u32; 4],
    r12: u32,
    return_to: u32,
    at: extern "C" fn() -> !,
    status: u32,
}

/// The status of a thread in Thumb state, which is the only one there is.
const THUMB: u32 = 1 << 24;

/// A stack of a task.
#[repr(C, align(8))]
pub(crate) struct Stack<const BYTES: usize>(pub(crate) [u8; BYTES]);

pub(crate) fn init() {
    PRIORITIES_OF_12_TO_15.write(PENDSV_LAST);
}

/// Has the task begin at `entry` when the agent rests next. What it was before is forgotten.
///
/// # Safety
///
/// For the agent. `stack` is the task's alone from now on until it is forgotten.
pub(crate) unsafe fn prepare<const BYTES: usize>(
    stack: *mut Stack<BYTES>,
    entry: extern "C" fn() -> !,
) {
    const { assert!(BYTES > size_of::<Frame>() && BYTES.is_multiple_of(8)) };
    let frame = Frame {
        r4_to_r11: [0; 8],
        r0_to_r3: [0; 4],
        r12: 0,
        return_to: 0,
        at: entry,
        status: THUMB,
    };
    // SAFETY: the stack is larger than the frame, and nobody else's.
    let top = unsafe {
        let top = stack.add(1).cast::<Frame>().sub(1);
        top.write(frame);
        top
    };
    let address = top.expose_provenance() as u32;
    SWITCH.task_stack.store(address, Ordering::Release);
}

/// Lets the task run, where it `may`, or the processor sleep, until something is for the agent.
/// What came since this was last left counts. For the agent.
pub(crate) fn rest(task_may_run: bool) {
    if task_may_run {
        SWITCH.resting.store(1, Ordering::Release);
        pend();
    } else {
        while SWITCH.woken.load(Ordering::Acquire) == 0 {
            sleep();
        }
    }
    SWITCH.woken.store(0, Ordering::Release);
}

/// Stops the processor for one interrupt, unless something is for the agent already.
fn sleep() {
    // SAFETY: an interrupt that is held back for a moment ends the sleep all the same, and is
    // handled then; nothing is left changed.
    unsafe {
        asm!("cpsid i");
        if SWITCH.woken.load(Ordering::Acquire) == 0 {
            asm!("dsb", "wfi");
        }
        asm!("cpsie i", "isb");
    }
}

/// Something is for the agent: it runs as soon as no interrupt is handled. For interrupts, and
/// for the agent itself.
pub(crate) fn wake() {
    SWITCH.woken.store(1, Ordering::Release);
    pend();
}

/// Lets the agent run. Returns when it rests. For the task.
pub(crate) fn yield_now() {
    pend();
}

/// Has PendSV come, at once where this is no interrupt's handler.
fn pend() {
    INTERRUPT_CONTROL.write(PEND_PENDSV);
    // SAFETY: barriers, with which the switch happens here and not a few instructions later
    // (Armv7-M, B2.2.5). What is in memory may be another then, and so they are no `nomem`.
    unsafe { asm!("dsb", "isb") }
}

/// Handles PendSV.
///
/// # Safety
///
/// For the vector table alone.
#[unsafe(naked)]
pub(crate) unsafe extern "C" fn pend_sv() {
    naked_asm!(
        "movw r2, #:lower16:{switch}",
        "movt r2, #:upper16:{switch}",
        // Bit 2 of what is returned to tells whose stack is in use (Armv7-M, B1.5.8).
        "tst lr, #4",
        "bne 1f",
        // It interrupts the agent: on to the task, if the agent rests and has nothing to do.
        "ldr r0, [r2, #{resting}]",
        "cbz r0, 2f",
        "movs r0, #0",
        "str r0, [r2, #{resting}]",
        "ldr r0, [r2, #{woken}]",
        "cbnz r0, 2f",
        "push {{r4-r11}}",
        "ldr r0, [r2, #{task_stack}]",
        "ldmia r0!, {{r4-r11}}",
        "msr psp, r0",
        // To thread mode, on the process stack.
        "mvn lr, #2",
        "bx lr",
        // It interrupts the task: back to the agent.
        "1:",
        "mrs r0, psp",
        "stmdb r0!, {{r4-r11}}",
        "str r0, [r2, #{task_stack}]",
        "pop {{r4-r11}}",
        // To thread mode, on the main stack.
        "mvn lr, #6",
        "2:",
        "bx lr",
        switch = sym SWITCH,
        resting = const offset_of!(Switch, resting),
        woken = const offset_of!(Switch, woken),
        task_stack = const offset_of!(Switch, task_stack),
    )
}
