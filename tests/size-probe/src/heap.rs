//! The heap: an arena, first fit, and the most that was ever in use.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::NonNull;

use linked_list_allocator::Heap;

/// More than is ever needed: how much is, is what the probe is for.
const BYTES: usize = 24 * 1024;

#[global_allocator]
static HEAP: Measured = Measured(UnsafeCell::new(State {
    heap: Heap::empty(),
    most_used: 0,
    reach: 0,
}));

static mut ARENA: [u64; BYTES / 8] = [0; BYTES / 8];

struct State {
    heap: Heap,
    most_used: usize,
    reach: usize,
}

struct Measured(UnsafeCell<State>);

// SAFETY: there is one thread, and no interrupt is enabled.
unsafe impl Sync for Measured {}

// SAFETY: every block is `Heap`'s, which gives out disjoint ones of the arena.
unsafe impl GlobalAlloc for Measured {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: nobody else borrows the state, as this runs in one thread and does not call
        // itself.
        let state = unsafe { &mut *self.0.get() };
        let Ok(block) = state.heap.allocate_first_fit(layout) else {
            return core::ptr::null_mut();
        };
        state.most_used = state.most_used.max(state.heap.used());
        let end = block.as_ptr().addr() + layout.size() - state.heap.bottom().addr();
        state.reach = state.reach.max(end);
        block.as_ptr()
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`; the caller gives back what it was given, which is not null.
        unsafe {
            let state = &mut *self.0.get();
            state.heap.deallocate(NonNull::new_unchecked(block), layout);
        }
    }
}

/// Gives the heap its arena.
pub(crate) fn init() {
    // SAFETY: called once, before anything is allocated; the arena is nobody else's.
    unsafe {
        let arena = core::ptr::addr_of_mut!(ARENA).cast();
        (*HEAP.0.get()).heap.init(arena, BYTES);
    }
}

/// Bytes in use at most at one time, and the length of the arena that this took, gaps included.
pub(crate) fn most() -> (usize, usize) {
    // SAFETY: as in `alloc`.
    let state = unsafe { &*HEAP.0.get() };
    (state.most_used, state.reach)
}
