//! The agent's heap, as Rust's.

use core::alloc::{GlobalAlloc, Layout};

use edgerm_zephyr_sys as sys;

/// Allocates in the heap of `CONFIG_EDGERM_HEAP_SIZE`, and never waits.
#[derive(Clone, Copy, Debug)]
pub struct Heap;

// SAFETY: `k_heap_aligned_alloc` gives memory that is nobody else's until `k_heap_free`.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A heap of a few kilobytes aligns to 4 bytes on its own.
        let align = layout.align().max(size_of::<usize>());
        // SAFETY: the heap is one for as long as the image runs; K_NO_WAIT.
        unsafe {
            let heap = &raw mut sys::edgerm_heap;
            let now = sys::k_timeout_t { ticks: 0 };
            sys::k_heap_aligned_alloc(heap, align, layout.size(), now).cast()
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller had `block` of `alloc`.
        unsafe { sys::k_heap_free(&raw mut sys::edgerm_heap, block.cast()) };
    }
}
