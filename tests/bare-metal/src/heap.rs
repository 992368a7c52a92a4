//! The heap: of the agent alone. A task has its arena, and a handler of an interrupt nothing.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::NonNull;

use linked_list_allocator::Heap;

const BYTES: usize = 12 * 1024;

#[global_allocator]
static HEAP: AgentHeap = AgentHeap(UnsafeCell::new(Heap::empty()));

static mut ARENA: [u64; BYTES / 8] = [0; BYTES / 8];

struct AgentHeap(UnsafeCell<Heap>);

// SAFETY: only the agent allocates, and it is one thread.
unsafe impl Sync for AgentHeap {}

// SAFETY: every block is `Heap`'s, which gives out disjoint ones of the arena.
unsafe impl GlobalAlloc for AgentHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nobody else borrows it, as only the agent allocates, and this does not call
        // itself.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocate_first_fit(layout)
            .map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`; the caller gives back what it was given, which is not null.
        unsafe { (*self.0.get()).deallocate(NonNull::new_unchecked(block), layout) }
    }
}

/// Gives the heap its arena.
pub(crate) fn init() {
    // SAFETY: called once, before anything is allocated; the arena is nobody else's.
    unsafe { (*HEAP.0.get()).init((&raw mut ARENA).cast(), BYTES) }
}
