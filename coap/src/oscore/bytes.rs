//! Short byte strings held in place: key ids and ID Contexts.

use core::fmt;

/// At most `N` bytes, up to 255.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bytes<const N: usize> {
    length: u8,
    bytes: [u8; N],
}

/// A Sender ID or Recipient ID, `kid` on the wire: at most 7 bytes with AES-CCM-16-64-128
/// (RFC 8613 section 3.3).
pub type KeyId = Bytes<7>;

/// An ID Context (RFC 8613 section 3.1): what tells apart the contexts of one Master Secret.
pub type IdContext = Bytes<32>;

impl<const N: usize> Bytes<N> {
    /// The most bytes that fit.
    pub const MAX: usize = N;

    /// The string without bytes.
    pub const EMPTY: Self = Self {
        length: 0,
        bytes: [0; N],
    };

    /// The string of these bytes, unless they are more than [`Self::MAX`].
    pub fn new(bytes: &[u8]) -> Option<Self> {
        Self::joined(bytes, &[])
    }

    /// The string of these bytes one after the other, unless they are more than [`Self::MAX`].
    pub fn joined(first: &[u8], second: &[u8]) -> Option<Self> {
        let length = first.len().checked_add(second.len())?;
        let mut joined = Self {
            length: u8::try_from(length).ok()?,
            bytes: [0; N],
        };
        let place = joined.bytes.get_mut(..length)?;
        let (head, tail) = place.split_at_mut_checked(first.len())?;
        head.copy_from_slice(first);
        tail.copy_from_slice(second);
        Some(joined)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }

    /// How many bytes.
    pub(crate) const fn length(&self) -> u8 {
        self.length
    }
}

impl<const N: usize> fmt::Debug for Bytes<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
