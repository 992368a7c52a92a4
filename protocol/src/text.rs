//! Texts with a capacity, which a terminal may show.

use core::fmt;

use minicbor::encode::write::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::codec::out_of_range;

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
}
