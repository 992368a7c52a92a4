//! The allocator within an arena: first fit over blocks that stand one after the other.
//!
//! ```text
//!   | 4 | header, payload | header, payload | header, payload | 4 |
//! ```
//!
//! A header is four bytes: the block's length with it, a multiple of 8, and in bit 0 whether it
//! is used. Headers stand at 4 beyond a multiple of 8, payloads at a multiple of 8. Free
//! neighbours become one where a search passes them. So the price of an allocation is four bytes
//! and a walk over the blocks, of which a task has some hundred; and what is free at the end
//! stays in one piece, for a linear memory to grow into.

use core::ptr::NonNull;

/// Bytes of a header.
const HEADER: u32 = 4;

/// What payloads are aligned to, and lengths of blocks a multiple of.
const ALIGN: u32 = 8;

const USED: u32 = 1;

/// `struct edgerm_wasm3_heap`: a heap within an arena.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Heap {
    base: NonNull<u8>,
    bytes: u32,
    /// The end of the last block that was ever used.
    peak: u32,
}

impl Heap {
    /// A heap of these bytes, all of it free.
    ///
    /// # Safety
    ///
    /// `base` is aligned to 8 bytes and good for reads and writes of `bytes` bytes for as long
    /// as the heap is used, which nobody else writes to but within the blocks given out.
    pub(crate) unsafe fn new(base: NonNull<u8>, bytes: u32) -> Self {
        let bytes = bytes / ALIGN * ALIGN;
        let mut heap = Self {
            base,
            bytes,
            peak: 0,
        };
        if bytes > ALIGN {
            heap.set(HEADER, bytes - ALIGN);
        }
        heap
    }

    /// A block of at least `bytes`, aligned to 8; `None` where there is none.
    pub(crate) fn allocate(&mut self, bytes: usize) -> Option<NonNull<u8>> {
        let length = block_length(bytes)?;
        let mut at = HEADER;
        while let Some(header) = self.header(at) {
            if header & USED == 0 {
                let free = self.join(at);
                if free >= length {
                    self.take(at, free, length);
                    return Some(self.payload(at));
                }
                at += free;
            } else {
                at += header & !USED;
            }
        }
        None
    }

    /// Gives a block back.
    pub(crate) fn free(&mut self, block: NonNull<u8>) {
        if let Some((at, length)) = self.used(block) {
            self.set(at, length);
        }
    }

    /// Makes a block one of at least `bytes`, where it stands if it can; its bytes stay.
    /// `None` where there is no room, and then the block is as before.
    pub(crate) fn reallocate(&mut self, block: NonNull<u8>, bytes: usize) -> Option<NonNull<u8>> {
        let (at, old) = self.used(block)?;
        let length = block_length(bytes)?;
        let whole = self.join(at);
        if whole >= length {
            self.take(at, whole, length);
            return Some(block);
        }
        self.take(at, whole, old);
        let moved = self.allocate(bytes)?;
        // SAFETY: both blocks are used, so they are apart and within the heap, and this one's
        // payload is shorter than the other's.
        unsafe { moved.copy_from_nonoverlapping(block, (old - HEADER) as usize) };
        self.set(at, old);
        Some(moved)
    }

    /// Joins the block at `at` with all that is free behind it, and tells the length. The
    /// header stays for the caller to write, unless the block is free.
    fn join(&mut self, at: u32) -> u32 {
        let Some(header) = self.header(at) else {
            return 0;
        };
        let mut length = header & !USED;
        while let Some(next) = self.header(at + length) {
            if next & USED != 0 {
                break;
            }
            length += next;
        }
        if header & USED == 0 {
            self.set(at, length);
        }
        length
    }

    /// Uses `length` of the `whole` at `at`, and frees what is left of it.
    fn take(&mut self, at: u32, whole: u32, length: u32) {
        self.set(at, length | USED);
        if whole > length {
            self.set(at + length, whole - length);
        }
        self.peak = self.peak.max(at + length);
    }

    /// Where the header of this used block is, and its length.
    fn used(&self, block: NonNull<u8>) -> Option<(u32, u32)> {
        let offset = block
            .as_ptr()
            .addr()
            .checked_sub(self.base.as_ptr().addr())?;
        let at = u32::try_from(offset).ok()?.checked_sub(HEADER)?;
        let header = self.header(at)?;
        (header & USED != 0).then_some((at, header & !USED))
    }

    /// The header at `at`, or `None` at the end.
    fn header(&self, at: u32) -> Option<u32> {
        if !self.is_header(at) {
            return None;
        }
        // SAFETY: within the heap, as just checked, which `new` was promised to be good for
        // reads; its headers are aligned to 4, as the base is to 8.
        let header = unsafe { self.base.add(at as usize).cast::<u32>().read() };
        // A block of no length would be passed for ever.
        (header & !USED != 0).then_some(header)
    }

    fn set(&mut self, at: u32, header: u32) {
        if self.is_header(at) {
            // SAFETY: within the heap and aligned, as in `header`.
            unsafe { self.base.add(at as usize).cast::<u32>().write(header) };
        }
    }

    fn is_header(&self, at: u32) -> bool {
        at % ALIGN == HEADER && at < self.bytes.saturating_sub(HEADER)
    }

    fn payload(&self, at: u32) -> NonNull<u8> {
        // SAFETY: a block has a payload of at least 4 bytes within the heap.
        unsafe { self.base.add((at + HEADER) as usize) }
    }
}

/// The length of a block with a payload of `bytes`.
fn block_length(bytes: usize) -> Option<u32> {
    let bytes = u32::try_from(bytes).ok()?;
    bytes.checked_add(HEADER)?.checked_next_multiple_of(ALIGN)
}

/// `edgerm_wasm3_heap_init`.
///
/// # Safety
///
/// `heap` is good for a write; what [`Heap::new`] asks for.
#[unsafe(no_mangle)]
unsafe extern "C" fn edgerm_wasm3_heap_init(heap: *mut Heap, base: NonNull<u8>, bytes: u32) {
    // SAFETY: the caller promises what both ask for.
    unsafe { heap.write(Heap::new(base, bytes)) };
}

/// `edgerm_wasm3_heap_allocate`.
#[unsafe(no_mangle)]
extern "C" fn edgerm_wasm3_heap_allocate(heap: &mut Heap, bytes: usize) -> Option<NonNull<u8>> {
    heap.allocate(bytes)
}

/// `edgerm_wasm3_heap_reallocate`.
#[unsafe(no_mangle)]
extern "C" fn edgerm_wasm3_heap_reallocate(
    heap: &mut Heap,
    block: NonNull<u8>,
    bytes: usize,
) -> Option<NonNull<u8>> {
    heap.reallocate(block, bytes)
}

/// `edgerm_wasm3_heap_free`.
#[unsafe(no_mangle)]
extern "C" fn edgerm_wasm3_heap_free(heap: &mut Heap, block: NonNull<u8>) {
    heap.free(block);
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// A heap in memory of its own.
    struct Arena {
        heap: Heap,
        _memory: Vec<u64>,
    }

    fn arena(bytes: u32) -> Arena {
        let mut memory = vec![0_u64; bytes as usize / 8];
        let base = NonNull::from(memory.as_mut_slice()).cast();
        Arena {
            // SAFETY: the memory is aligned, as long as it says, and used by the heap alone.
            heap: unsafe { Heap::new(base, bytes) },
            _memory: memory,
        }
    }

    /// A block as its owner sees it.
    #[derive(Debug)]
    struct Block {
        at: NonNull<u8>,
        bytes: Vec<u8>,
    }

    impl Block {
        fn filled(at: NonNull<u8>, length: usize, with: u8) -> Self {
            let bytes = vec![with; length];
            // SAFETY: the heap gave out that many bytes.
            unsafe { at.copy_from_nonoverlapping(NonNull::from(&bytes[..]).cast(), length) };
            Self { at, bytes }
        }

        fn is_intact(&self) -> bool {
            // SAFETY: the heap gave out that many bytes, which were written.
            let bytes = unsafe { core::slice::from_raw_parts(self.at.as_ptr(), self.bytes.len()) };
            bytes == self.bytes
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Allocate(usize),
        Reallocate(usize, usize),
        Free(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let size = prop_oneof![0_usize..40, 0_usize..600];
        prop_oneof![
            size.clone().prop_map(Step::Allocate),
            (any::<usize>(), size).prop_map(|(block, size)| Step::Reallocate(block, size)),
            any::<usize>().prop_map(Step::Free),
        ]
    }

    proptest! {
        /// Blocks are apart and keep what is in them, and nothing is lost for good.
        #[test]
        fn blocks_are_their_owners_own(steps in prop::collection::vec(step(), 0..200)) {
            const BYTES: u32 = 2048;
            let mut arena = arena(BYTES);
            let mut blocks: Vec<Block> = Vec::new();
            for (with, step) in (0_u8..=255).cycle().zip(steps) {
                match step {
                    Step::Allocate(size) => {
                        if let Some(at) = arena.heap.allocate(size) {
                            prop_assert_eq!(at.as_ptr().addr() % 8, 0);
                            blocks.push(Block::filled(at, size, with));
                        }
                    }
                    Step::Reallocate(block, size) if !blocks.is_empty() => {
                        let block = block % blocks.len();
                        let old = &blocks[block];
                        if let Some(at) = arena.heap.reallocate(old.at, size) {
                            let kept = size.min(old.bytes.len());
                            let moved = Block { at, bytes: old.bytes[..kept].to_vec() };
                            prop_assert!(moved.is_intact());
                            blocks[block] = Block::filled(at, size, with);
                        }
                    }
                    Step::Free(block) if !blocks.is_empty() => {
                        let block = blocks.swap_remove(block % blocks.len());
                        arena.heap.free(block.at);
                    }
                    Step::Reallocate(..) | Step::Free(_) => {}
                }
                prop_assert!(blocks.iter().all(Block::is_intact));
            }
            for block in blocks {
                arena.heap.free(block.at);
            }
            prop_assert!(arena.heap.allocate(BYTES as usize - 12).is_some());
        }
    }

    #[test]
    fn the_last_block_grows_where_it_stands() {
        let mut arena = arena(1024);
        let before = arena.heap.allocate(100).unwrap();
        let last = arena.heap.allocate(100).unwrap();
        assert_eq!(arena.heap.reallocate(last, 800), Some(last));
        assert_eq!(arena.heap.reallocate(last, 1000), None);
        assert_eq!(arena.heap.reallocate(last, 10), Some(last));
        let moved = arena.heap.reallocate(before, 110).unwrap();
        assert_ne!(moved, before, "it is not the last one");
    }

    #[test]
    fn what_is_too_small_or_too_much_is_refused() {
        for bytes in [0, 8, 16] {
            assert_eq!(arena(bytes).heap.allocate(9), None, "{bytes}");
        }
        let mut arena = arena(64);
        for bytes in [64, 1 << 31, u32::MAX as usize, usize::MAX] {
            assert_eq!(arena.heap.allocate(bytes), None, "{bytes}");
        }
        assert!(arena.heap.allocate(52).is_some());
    }

    #[test]
    fn the_peak_is_the_end_of_what_was_used() {
        let mut arena = arena(1024);
        let block = arena.heap.allocate(4).unwrap();
        assert_eq!(arena.heap.peak, 12);
        arena.heap.free(block);
        arena.heap.allocate(20);
        assert_eq!(arena.heap.peak, 28);
    }
}
