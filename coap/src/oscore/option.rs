//! The value of the OSCORE option (RFC 8613 section 6.1).
//!
//! ```text
//!  0 1 2 3 4 5 6 7 <------- n bytes -------> <- 1 -> <-- s bytes ---> <- rest ->
//! |0 0 0|h|k|  n  |        partial IV       |   s   |  kid context   |   kid    |
//! ```
//!
//! `h` and `k` tell whether a kid context and a kid are there. A value without any part has no
//! flags either.

use core::fmt;

use super::bytes::{IdContext, KeyId};
use super::nonce::PartialIv;

const RESERVED: u8 = 0b1110_0000;
const HAS_ID_CONTEXT: u8 = 0b0001_0000;
const HAS_KEY_ID: u8 = 0b0000_1000;
const PARTIAL_IV_LENGTH: u8 = 0b0000_0111;

/// What the OSCORE option of a message says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OscoreOption<'a> {
    /// The Partial IV of the sender; every request has one.
    pub partial_iv: Option<PartialIv>,
    /// `kid`, the id of the sender; every request has one.
    pub key_id: Option<&'a [u8]>,
    /// `kid context`: the ID Context, or what tells of it.
    pub id_context: Option<&'a [u8]>,
}

/// Why the value of an OSCORE option is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionError {
    /// Flags that are not defined yet are set.
    ReservedFlags(u8),
    /// A value that says nothing has flags that say so.
    NoFlags,
    /// It ends before its parts do.
    Truncated,
    /// Its Partial IV is longer than five bytes, or longer than it need be.
    PartialIv,
    /// Something follows its last part.
    Trailing,
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedFlags(flags) => write!(f, "reserved flags in {flags:#04x}"),
            Self::NoFlags => f.write_str("flags that say nothing"),
            Self::Truncated => f.write_str("option is truncated"),
            Self::PartialIv => f.write_str("partial IV over five bytes, or with leading zeros"),
            Self::Trailing => f.write_str("something follows the last part"),
        }
    }
}

impl core::error::Error for OptionError {}

impl<'a> OscoreOption<'a> {
    /// The longest value that this end writes, in bytes.
    pub const MAX: usize = 1 + PartialIv::MAX_LENGTH + 1 + (2 + IdContext::MAX) + KeyId::MAX;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// [`OptionError`], where it is not in the one form that it may have.
    pub fn decode(value: &'a [u8]) -> Result<Self, OptionError> {
        let Some((flags, rest)) = value.split_first() else {
            return Ok(Self::default());
        };
        if flags & RESERVED != 0 {
            return Err(OptionError::ReservedFlags(*flags));
        }
        if *flags == 0 {
            return Err(OptionError::NoFlags);
        }
        let mut option = Self::default();
        let mut rest = Rest(rest);
        match usize::from(flags & PARTIAL_IV_LENGTH) {
            0 => {}
            length if length > PartialIv::MAX_LENGTH => return Err(OptionError::PartialIv),
            length => {
                let partial_iv = PartialIv::from_wire(rest.take(length)?);
                option.partial_iv = Some(partial_iv.ok_or(OptionError::PartialIv)?);
            }
        }
        if flags & HAS_ID_CONTEXT != 0 {
            let length = rest.take(1)?.iter().copied().map(usize::from).sum();
            option.id_context = Some(rest.take(length)?);
        }
        let Rest(rest) = rest;
        if flags & HAS_KEY_ID != 0 {
            option.key_id = Some(rest);
        } else if !rest.is_empty() {
            return Err(OptionError::Trailing);
        }
        Ok(option)
    }

    /// Writes the value; `None` where it is longer than the buffer, or its kid context has
    /// more than 255 bytes.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let partial_iv = self.partial_iv.map(PartialIv::to_wire);
        let partial_iv = partial_iv.as_ref().map_or(&[][..], |wire| wire.as_bytes());
        let mut flags = u8::try_from(partial_iv.len()).ok()?;
        let id_context = self.id_context.unwrap_or(&[]);
        let context_length = [u8::try_from(id_context.len()).ok()?];
        let mut context_head = &[][..];
        if self.id_context.is_some() {
            flags |= HAS_ID_CONTEXT;
            context_head = &context_length;
        }
        if self.key_id.is_some() {
            flags |= HAS_KEY_ID;
        }
        let flags = [flags];
        let flags = if flags == [0] { &[][..] } else { &flags };
        let key_id = self.key_id.unwrap_or(&[]);
        let mut length = 0;
        for part in [flags, partial_iv, context_head, id_context, key_id] {
            let end = length + part.len();
            buffer.get_mut(length..end)?.copy_from_slice(part);
            length = end;
        }
        buffer.get(..length)
    }
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], OptionError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(OptionError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn iv(number: u64) -> Option<PartialIv> {
        PartialIv::new(number)
    }

    /// RFC 8613 section 6.3, and the options in appendix C.
    #[test]
    fn the_rfcs_values_mean_this() {
        let id_context = &[0x44, 0x61, 0x6c, 0x65, 0x6b][..];
        for (value, partial_iv, key_id, context) in [
            (&[][..], None, None, None),
            (&[0x09, 0x05, 0x25], iv(5), Some(&[0x25][..]), None),
            (&[0x09, 0x14], iv(0x14), Some(&[]), None),
            (&[0x01, 0x07], iv(7), None, None),
            (&[0x09, 0x14, 0x00], iv(0x14), Some(&[0]), None),
            (
                b"\x19\x05\x05\x44\x61\x6c\x65\x6b",
                iv(5),
                Some(&[]),
                Some(id_context),
            ),
            (
                b"\x18\x05\x44\x61\x6c\x65\x6b\x07",
                None,
                Some(&[7]),
                Some(id_context),
            ),
            (&[0x10, 0], None, None, Some(&[])),
        ] {
            let option = OscoreOption {
                partial_iv,
                key_id,
                id_context: context,
            };
            assert_eq!(OscoreOption::decode(value), Ok(option), "{value:02x?}");
            assert_eq!(option.encode(&mut [0; 64]), Some(value));
        }
    }

    #[test]
    fn a_value_that_is_none_is_told_by_its_fault() {
        for (value, fault) in [
            (&[0][..], OptionError::NoFlags),
            (&[0, 1], OptionError::NoFlags),
            (&[0x29, 1], OptionError::ReservedFlags(0x29)),
            (&[0x49, 1], OptionError::ReservedFlags(0x49)),
            (&[0x89, 1], OptionError::ReservedFlags(0x89)),
            (&[0x06, 1, 1, 1, 1, 1, 1], OptionError::PartialIv),
            (&[0x0f, 1, 1, 1, 1, 1, 1, 1], OptionError::PartialIv),
            (&[0x02, 0, 1], OptionError::PartialIv),
            (&[0x02, 1], OptionError::Truncated),
            (&[0x10], OptionError::Truncated),
            (&[0x10, 2, 1], OptionError::Truncated),
            (&[0x01, 1, 1], OptionError::Trailing),
            (&[0x10, 0, 1], OptionError::Trailing),
        ] {
            assert_eq!(OscoreOption::decode(value), Err(fault), "{value:02x?}");
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_told() {
        let option = OscoreOption {
            partial_iv: iv(PartialIv::MAX),
            key_id: Some(&[1; KeyId::MAX]),
            id_context: Some(&[2; 2 + IdContext::MAX]),
        };
        let mut buffer = [0; OscoreOption::MAX];
        assert!(option.encode(&mut buffer).is_some());
        assert_eq!(option.encode(&mut buffer[1..]), None);
    }

    proptest! {
        /// A value has one meaning, and a meaning one value.
        #[test]
        fn what_is_read_is_written_the_same(
            value in proptest::collection::vec(prop_oneof![0..32u8, any::<u8>()], 0..20),
        ) {
            if let Ok(option) = OscoreOption::decode(&value) {
                let mut buffer = [0; 64];
                prop_assert_eq!(option.encode(&mut buffer), Some(&value[..]));
            }
        }
    }
}
