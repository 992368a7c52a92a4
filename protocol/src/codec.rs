//! Encoding into a caller's buffer, decoding by borrowing, and the two shapes with a fixed
//! capacity that the messages are made of: [`Text`] and [`List`].

use core::fmt;
use core::ops::Deref;

use minicbor::encode::write::{Cursor, EndOfSlice, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::limits::MAX_PAYLOAD;

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

/// A text that is not [`Text`]: empty, too long, or with a control character in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextError {
    /// More bytes than the capacity.
    TooLong {
        /// Bytes the text has.
        length: usize,
        /// Bytes it may have.
        max: usize,
    },
    /// No bytes at all.
    Empty,
    /// A control character, which a terminal or a log would obey.
    Control {
        /// Its position in bytes.
        at: usize,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, max } => write!(f, "{length} bytes long, {max} are allowed"),
            Self::Empty => f.write_str("empty"),
            Self::Control { at } => write!(f, "has a control character at byte {at}"),
        }
    }
}

impl core::error::Error for TextError {}

/// 1 to `MAX` bytes of UTF-8 without control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<'a, const MAX: usize>(&'a str);

impl<'a, const MAX: usize> Text<'a, MAX> {
    /// Checks `text`.
    ///
    /// # Errors
    ///
    /// [`TextError`], by the rule that `text` breaks.
    pub fn new(text: &'a str) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX {
            return Err(TextError::TooLong {
                length: text.len(),
                max: MAX,
            });
        }
        match text
            .char_indices()
            .find(|(_, character)| character.is_control())
        {
            Some((at, _)) => Err(TextError::Control { at }),
            None => Ok(Self(text)),
        }
    }

    /// As much of `text` as is allowed: cut at a character's border, control characters and all
    /// that follows left away. `None` where nothing remains.
    pub fn cut(text: &'a str) -> Option<Self> {
        let end = text
            .char_indices()
            .find(|(at, character)| character.is_control() || at + character.len_utf8() > MAX)
            .map_or(text.len(), |(at, _)| at);
        Self::new(text.get(..end)?).ok()
    }

    /// The text itself.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<'_, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl<Ctx, const MAX: usize> Encode<Ctx> for Text<'_, MAX> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.str(self.0)?.ok()
    }
}

impl<'b, Ctx, const MAX: usize> Decode<'b, Ctx> for Text<'b, MAX> {
    fn decode(decoder: &mut Decoder<'b>, _: &mut Ctx) -> Result<Self, minicbor::decode::Error> {
        Self::new(decoder.str()?).map_err(|_| out_of_range(decoder))
    }
}

/// At most `N` members, held in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T, const N: usize>(heapless::Vec<T, N>);

impl<T, const N: usize> Default for List<T, N> {
    fn default() -> Self {
        Self(heapless::Vec::new())
    }
}

impl<T, const N: usize> List<T, N> {
    /// Appends `member`.
    ///
    /// # Errors
    ///
    /// Gives `member` back where the list is full.
    pub fn push(&mut self, member: T) -> Result<(), T> {
        self.0.push(member)
    }

    /// Whether the list has no members: such a list is left out of its message.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A list of the first `N` of `members`.
    pub fn from_first(members: impl IntoIterator<Item = T>) -> Self {
        Self(members.into_iter().take(N).collect())
    }
}

impl<T, const N: usize> Deref for List<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T, const N: usize> IntoIterator for List<T, N> {
    type Item = T;
    type IntoIter = <heapless::Vec<T, N> as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T, const N: usize> IntoIterator for &'a List<T, N> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<Ctx, T: Encode<Ctx>, const N: usize> Encode<Ctx> for List<T, N> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(self.0.len() as u64)?;
        self.0
            .iter()
            .try_for_each(|member| member.encode(encoder, ctx))
    }

    fn is_nil(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'b, Ctx, T: Decode<'b, Ctx>, const N: usize> Decode<'b, Ctx> for List<T, N> {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut Ctx) -> Result<Self, minicbor::decode::Error> {
        let mut list = Self::default();
        let length = decoder.array()?.ok_or_else(|| out_of_range(decoder))?;
        for _ in 0..length {
            let member = strict(T::decode(decoder, ctx))?;
            list.push(member).map_err(|_| out_of_range(decoder))?;
        }
        Ok(list)
    }

    fn nil() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_refused_by_the_rule_it_breaks() {
        let cases = [
            ("", Err(TextError::Empty)),
            ("abcde", Err(TextError::TooLong { length: 5, max: 4 })),
            ("a\nb", Err(TextError::Control { at: 1 })),
            ("äöü", Err(TextError::TooLong { length: 6, max: 4 })),
            ("äö", Ok("äö")),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Text::<4>::new(text).map(|text| text.as_str()),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn text_is_cut_at_a_border_of_characters() {
        let cases = [
            ("abcdef", Some("abcd")),
            ("abcö", Some("abc")),
            ("a\nb", Some("a")),
            ("\n", None),
        ];
        for (text, expected) in cases {
            assert_eq!(
                Text::<4>::cut(text).map(|text| text.as_str()),
                expected,
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_list_beyond_its_capacity_is_refused() {
        assert_eq!(
            decode::<List<u8, 2>>(&[0x82, 1, 2]).map(|list| list.len()),
            Ok(2)
        );
        assert_eq!(
            decode::<List<u8, 2>>(&[0x83, 1, 2, 3]),
            Err(DecodeError::OutOfRange { at: 4 })
        );
        // The promise of 2^32 members costs nothing.
        let promise = [0x9a, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(
            decode::<List<u8, 2>>(&promise),
            Err(DecodeError::Malformed { at: 5 })
        );
    }

    #[test]
    fn bytes_after_a_message_are_refused() {
        assert_eq!(
            decode::<u8>(&[1, 2, 3]),
            Err(DecodeError::Trailing { bytes: 2 })
        );
    }
}
