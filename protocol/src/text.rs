//! Texts with a capacity, which a terminal may show.

use core::fmt;

use crate::codec::{Decode, Decoder, Encode, Encoder, Stopped};

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
        check(text, MAX).map(|()| Self(text))
    }

    /// As much of `text` as is allowed: cut at a character's border, control characters and all
    /// that follows left away. `None` where nothing remains.
    pub fn cut(text: &'a str) -> Option<Self> {
        Self::new(text.get(..allowed(text, MAX))?).ok()
    }

    /// The text itself.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }
}

/// The rules of a text of at most `max` bytes.
fn check(text: &str, max: usize) -> Result<(), TextError> {
    let length = text.len();
    match control(text) {
        _ if text.is_empty() => Err(TextError::Empty),
        _ if length > max => Err(TextError::TooLong { length, max }),
        Some(at) => Err(TextError::Control { at }),
        None => Ok(()),
    }
}

/// How many bytes of a text are allowed where it may have `max`: up to a control character or
/// the border of a character.
fn allowed(text: &str, max: usize) -> usize {
    let most = control(text).unwrap_or(text.len()).min(max);
    let mut borders = (0..=most).rev();
    borders.find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Where the first control character is: in UTF-8 a byte below 0x20, 0x7f, or 0x80 to 0x9f
/// behind 0xc2.
fn control(text: &str) -> Option<usize> {
    let mut before = 0;
    for (at, byte) in text.bytes().enumerate() {
        match (before, byte) {
            (_, 0..0x20 | 0x7f) => return Some(at),
            (0xc2, 0x80..0xa0) => return Some(at - 1),
            _ => before = byte,
        }
    }
    None
}

impl<const MAX: usize> fmt::Display for Text<'_, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

impl<const MAX: usize> Encode for Text<'_, MAX> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.text(self.0);
    }
}

impl<'b, const MAX: usize> Decode<'b> for Text<'b, MAX> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let text = decoder.text()?;
        Self::new(text).or_else(|_| decoder.beyond())
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
