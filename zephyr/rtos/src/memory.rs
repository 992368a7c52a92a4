//! What tasks live in.

use core::cell::UnsafeCell;
use core::fmt;
use core::mem::MaybeUninit;

use crate::guarded::Guarded;

/// Memory for one user at a time, aligned to 8 bytes.
#[repr(C, align(8))]
pub struct Region<const BYTES: usize> {
    bytes: UnsafeCell<[MaybeUninit<u8>; BYTES]>,
    is_taken: Guarded<bool>,
}

// SAFETY: `take` gives the bytes to one user.
unsafe impl<const BYTES: usize> Sync for Region<BYTES> {}

impl<const BYTES: usize> Region<BYTES> {
    /// A region, of any contents.
    pub const fn new() -> Self {
        Self {
            bytes: UnsafeCell::new([MaybeUninit::uninit(); BYTES]),
            is_taken: Guarded::new(false),
        }
    }

    /// The bytes, which are the caller's from now on; `None` where they are somebody else's.
    #[expect(clippy::mut_from_ref, reason = "they are given once")]
    pub fn take(&self) -> Option<&mut [MaybeUninit<u8>]> {
        let was_taken = self.is_taken.with(|taken| core::mem::replace(taken, true));
        // SAFETY: nobody else has them.
        (!was_taken).then(|| unsafe { (*self.bytes.get()).as_mut_slice() })
    }

    /// Takes the bytes back of a user that is no more.
    ///
    /// # Safety
    ///
    /// Nothing that [`Region::take`] gave is used after this.
    pub unsafe fn reclaim(&self) {
        self.is_taken.with(|taken| *taken = false);
    }
}

impl<const BYTES: usize> Default for Region<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const BYTES: usize> fmt::Debug for Region<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region")
            .field("bytes", &BYTES)
            .finish_non_exhaustive()
    }
}
