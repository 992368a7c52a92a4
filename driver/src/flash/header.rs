//! What stands before a module in flash.
//!
//! ```text
//!   0        32     36         40         60      64
//!   | SHA-256 | size | sequence | reserved | check |
//! ```

use edgerm_protocol::ModuleId;

/// Bytes of a header.
pub(super) const HEADER: u32 = 64;

/// A header as it stands in flash.
pub(super) type HeaderBytes = [u8; HEADER as usize];

/// Opens the check, so that another layout is no header of this one.
const LAYOUT: u32 = u32::from_le_bytes(*b"ERM1");

/// Offset basis and prime of FNV-1a with 32 bits (draft-eastlake-fnv, section 5).
const FNV_BASIS: u32 = 0x811c_9dc5;
const FNV_PRIME: u32 = 0x0100_0193;

/// The header of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) module: ModuleId,
    /// Bytes of the whole module.
    pub(super) size: u32,
    /// Counts the modules that were begun: the larger one is the younger.
    pub(super) sequence: u32,
}

impl Header {
    pub(super) fn to_bytes(self) -> HeaderBytes {
        let mut bytes = [0; HEADER as usize];
        bytes[..32].copy_from_slice(&self.module.0);
        bytes[32..36].copy_from_slice(&self.size.to_le_bytes());
        bytes[36..40].copy_from_slice(&self.sequence.to_le_bytes());
        let check = check(&bytes[..60]);
        bytes[60..].copy_from_slice(&check.to_le_bytes());
        bytes
    }

    /// The header, where these bytes are one that was written whole.
    pub(super) fn from_bytes(bytes: &HeaderBytes) -> Option<Self> {
        let (fields, expected) = bytes.split_last_chunk::<4>()?;
        let (module, rest) = fields.split_first_chunk::<32>()?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, _reserved) = rest.split_first_chunk::<4>()?;
        (u32::from_le_bytes(*expected) == check(fields)).then(|| Self {
            module: ModuleId(*module),
            size: u32::from_le_bytes(*size),
            sequence: u32::from_le_bytes(*sequence),
        })
    }
}

/// Tells a header from other bytes and from one that power was cut in. Who would forge one gains
/// a module with a wrong digest.
fn check(fields: &[u8]) -> u32 {
    fields.iter().fold(FNV_BASIS ^ LAYOUT, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}
