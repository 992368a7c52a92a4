//! How deep the stack was.

use crate::startup::end_of_statics;

const PAINT: u32 = 0xa5a5_5a5a;

/// Bytes below the painter's own frame that it leaves alone.
const MARGIN: usize = 256;

/// Calls `work` and gives the bytes of stack that it took, as deep as it ever went.
#[inline(never)]
pub(crate) fn depth_of(work: impl FnOnce()) -> usize {
    let mark = 0_u32;
    let here = (&raw const mark).addr();
    let bottom = end_of_statics();
    let words = (here - MARGIN - bottom.addr()) / 4;
    for word in 0..words {
        // SAFETY: between the statics and the lowest frame there is nothing.
        unsafe { bottom.add(word).write_volatile(PAINT) }
    }
    work();
    let untouched = (0..words)
        // SAFETY: as above; reading what was written.
        .take_while(|word| unsafe { bottom.add(*word).read_volatile() } == PAINT)
        .count();
    here - (bottom.addr() + 4 * untouched)
}
