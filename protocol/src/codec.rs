//! Encoding into a caller's buffer, decoding by borrowing, and the shapes with a fixed capacity
//! that the messages are made of: [`Text`], and [`List`] or, unread, [`Sequence`].

use core::fmt;

use crate::limits::MAX_PAYLOAD;
use crate::words::{self, Say, Words};

pub use crate::cbor::{Decode, Decoder, Encode, Encoder, Stopped};
pub use crate::list::List;
pub use crate::sequence::Sequence;
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

impl Say for DecodeError {
    fn say(&self, words: &mut Words<'_>) {
        match *self {
            Self::Malformed { at } => words.text("malformed at byte ").length(at),
            Self::Missing => words.text("a required key is missing"),
            Self::OutOfRange { at } => words.text("out of range at byte ").length(at),
            Self::Trailing { bytes } => words.length(bytes).text(" bytes after the message"),
        };
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

impl core::error::Error for DecodeError {}

/// Reads a byte string of at most [`MAX_PAYLOAD`] bytes.
pub(crate) fn payload<'b>(decoder: &mut Decoder<'b>) -> Result<&'b [u8], Stopped> {
    let payload = decoder.bytes()?;
    if payload.len() > MAX_PAYLOAD {
        return decoder.beyond();
    }
    Ok(payload)
}

/// Encodes `message` at the start of `buffer` and gives the bytes written.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] where the buffer is too short; it then holds a part.
pub fn encode<'a>(
    message: &(impl Encode + ?Sized),
    buffer: &'a mut [u8],
) -> Result<&'a [u8], EncodeError> {
    let mut encoder = Encoder::new(buffer);
    message.encode(&mut encoder);
    encoder.finish()
}

/// Bytes that [`encode`] writes where they fit.
pub fn encoded_length(message: &(impl Encode + ?Sized)) -> usize {
    let mut encoder = Encoder::new(&mut []);
    message.encode(&mut encoder);
    encoder.length()
}

/// Decodes the one message that `bytes` are. Keys that the message does not know are passed
/// over.
///
/// # Errors
///
/// [`DecodeError`], which says what is wrong and where.
pub fn decode<'b, M: Decode<'b>>(bytes: &'b [u8]) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = decoder.read();
    decoder.finish(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_told_without_a_buffer() {
        let text = "does not fit the first byte alone";
        let mut buffer = [0; 64];
        let length = encode(text, &mut buffer).map(<[u8]>::len);
        assert_eq!(Ok(encoded_length(text)), length);
    }

    #[test]
    fn bytes_after_a_message_are_refused() {
        assert_eq!(
            decode::<u8>(&[1, 2, 3]),
            Err(DecodeError::Trailing { bytes: 2 })
        );
    }
}
