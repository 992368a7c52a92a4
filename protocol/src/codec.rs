//! Encoding into a caller's buffer, decoding by borrowing, and the two shapes with a fixed
//! capacity that the messages are made of: [`Text`] and [`List`].

use core::fmt;

use minicbor::encode::write::{Cursor, EndOfSlice};
use minicbor::{Decode, Decoder, Encode};

use crate::limits::MAX_PAYLOAD;

pub use crate::list::List;
pub use crate::text::{Text, TextError};

/// Why a value was not encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoding is longer than the buffer.
    TooLarge {
        /// Bytes the buffer has.
        capacity: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { capacity } => write!(f, "does not fit {capacity} bytes"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// Why bytes from a peer are no message. Positions count bytes from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end in the middle of a value, or hold another type than the message has there.
    Malformed {
        /// Where the value is that could not be read.
        at: usize,
    },
    /// A key that the message cannot do without is absent.
    Missing,
    /// A value is beyond the capacity that [`crate::limits`] gives it, not in its range, or no
    /// UTF-8.
    OutOfRange {
        /// Where that value is, or ends.
        at: usize,
    },
    /// Bytes follow the message.
    Trailing {
        /// How many.
        bytes: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { at } => write!(f, "malformed at byte {at}"),
            Self::Missing => f.write_str("a required key is missing"),
            Self::OutOfRange { at } => write!(f, "out of range at byte {at}"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes after the message"),
        }
    }
}

impl core::error::Error for DecodeError {}

impl DecodeError {
    /// What `error` means, at its own position or else where `decoder` stopped.
    pub(crate) fn new(error: &minicbor::decode::Error, decoder: &Decoder<'_>) -> Self {
        let at = error.position().unwrap_or(decoder.position());
        if error.is_missing_value() {
            Self::Missing
        } else if error.is_end_of_input() || error.is_type_mismatch() || error.is_tag_mismatch() {
            Self::Malformed { at }
        } else {
            Self::OutOfRange { at }
        }
    }
}

/// What a decoder here says of a value that is beyond its capacity or range.
pub(crate) fn out_of_range(decoder: &Decoder<'_>) -> minicbor::decode::Error {
    minicbor::decode::Error::message("out of range").at(decoder.position())
}

/// A decoded value whose enum may hold a number that is not known here.
///
/// The derived decoders take such a value for an absent one where a default exists, and then
/// pass over the value after it. It would turn a ping with one unknown state into a ping without
/// updates, so it is refused instead.
pub(crate) fn strict<T>(
    decoded: Result<T, minicbor::decode::Error>,
) -> Result<T, minicbor::decode::Error> {
    decoded.map_err(|error| {
        if error.is_unknown_variant() {
            let out_of_range = minicbor::decode::Error::message("out of range");
            match error.position() {
                Some(at) => out_of_range.at(at),
                None => out_of_range,
            }
        } else {
            error
        }
    })
}

/// Decodes an optional enum. A number that is not known here is refused.
pub(crate) fn optional_variant<'b, Ctx, T: Decode<'b, Ctx>>(
    decoder: &mut Decoder<'b>,
    ctx: &mut Ctx,
) -> Result<Option<T>, minicbor::decode::Error> {
    strict(Decode::decode(decoder, ctx))
}

/// Decodes a byte string of at most [`MAX_PAYLOAD`] bytes.
pub(crate) fn payload<'b, Ctx>(
    decoder: &mut Decoder<'b>,
    _: &mut Ctx,
) -> Result<&'b [u8], minicbor::decode::Error> {
    let payload = decoder.bytes()?;
    if payload.len() > MAX_PAYLOAD {
        return Err(out_of_range(decoder));
    }
    Ok(payload)
}

/// Encodes `message` at the start of `buffer` and gives the bytes written.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] where the buffer is too short; it then holds a part.
pub fn encode<'a>(
    message: &impl Encode<()>,
    buffer: &'a mut [u8],
) -> Result<&'a [u8], EncodeError> {
    let capacity = buffer.len();
    let mut cursor = Cursor::new(&mut *buffer);
    let encoded: Result<(), minicbor::encode::Error<EndOfSlice>> =
        minicbor::encode(message, &mut cursor);
    match encoded {
        Ok(()) => {
            let length = cursor.position();
            Ok(&buffer[..length])
        }
        Err(_) => Err(EncodeError::TooLarge { capacity }),
    }
}

/// Decodes the one message that `bytes` are. Keys that the message does not know are passed
/// over.
///
/// # Errors
///
/// [`DecodeError`], which says what is wrong and where.
pub fn decode<'b, M: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = decoder
        .decode()
        .map_err(|error| DecodeError::new(&error, &decoder))?;
    match bytes.len() - decoder.position() {
        0 => Ok(message),
        bytes => Err(DecodeError::Trailing { bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_after_a_message_are_refused() {
        assert_eq!(
            decode::<u8>(&[1, 2, 3]),
            Err(DecodeError::Trailing { bytes: 2 })
        );
    }
}
