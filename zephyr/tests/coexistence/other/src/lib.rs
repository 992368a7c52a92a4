#![no_std]
//! Rust of a firmware's own: its panic handler, its heap, and a crate that the agent has as well.

extern crate alloc;

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

use edgerm_protocol::message::Kill;
use edgerm_protocol::{SessionId, TaskId, decode, encode};

unsafe extern "C" {
    fn other_alloc(align: usize, size: usize) -> *mut u8;
    fn other_free(block: *mut u8);
    fn other_panic() -> !;
}

struct Heap;

// SAFETY: the C part has both of Zephyr's k_heap.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: takes numbers alone.
        unsafe { other_alloc(layout.align(), layout.size()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller had it of `alloc`.
        unsafe { other_free(block) };
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: takes nothing.
    unsafe { other_panic() }
}

/// The sum of the numbers below `count`, which are all put on the heap.
#[unsafe(no_mangle)]
extern "C" fn other_sum(count: u32) -> u32 {
    let numbers: Vec<u32> = (0..count).collect();
    numbers.iter().sum()
}

/// The task's number, encoded and decoded.
#[unsafe(no_mangle)]
extern "C" fn other_round_trip(task: u64) -> u64 {
    let mut buffer = [0; 64];
    let kill = Kill {
        session: SessionId(1),
        task: TaskId(task),
    };
    let told = encode(&kill, &mut buffer);
    let read = told.ok().and_then(|bytes| decode::<Kill>(bytes).ok());
    read.map_or(0, |Kill { task, .. }| task.0)
}
