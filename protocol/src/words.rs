//! Texts for people that numbers and ids are put into, without the machinery of `core::fmt`:
//! that would be 2 KiB of a node's flash.
//!
//! What says itself by [`Say`] has its `Display` by [`display`], so that the words are the same
//! either way.

#[cfg(feature = "alloc")]
use alloc::string::String;
use core::fmt;

/// Something that says itself to a person.
pub trait Say {
    /// Says it.
    fn say(&self, words: &mut Words<'_>);
}

impl<F: Fn(&mut Words<'_>)> Say for F {
    fn say(&self, words: &mut Words<'_>) {
        self(words);
    }
}

/// Takes what is said, piece by piece.
pub struct Words<'a> {
    write: &'a mut dyn FnMut(&str),
}

/// The digits of a number in any base up to 16.
const DIGITS: &str = "0123456789abcdef";

/// Digits of the largest number.
const MAX_DIGITS: usize = 10;

impl Words<'_> {
    /// Says this text.
    #[inline(never)]
    pub fn text(&mut self, text: &str) -> &mut Self {
        (self.write)(text);
        self
    }

    /// Says a number in decimal.
    #[inline(never)]
    pub fn number(&mut self, number: u32) -> &mut Self {
        let mut digits = [0; MAX_DIGITS];
        let mut rest = number;
        let mut count = 0;
        for digit in &mut digits {
            *digit = rest % 10;
            rest /= 10;
            count += 1;
            if rest == 0 {
                break;
            }
        }
        for digit in digits.iter().take(count).rev() {
            self.digit(*digit);
        }
        self
    }

    /// Says a number of bytes or of things. Beyond 32 bits, which nothing here has, it says the
    /// most that they hold.
    pub fn length(&mut self, length: usize) -> &mut Self {
        self.number(u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// Says bytes in lower-case hexadecimal.
    #[inline(never)]
    pub fn hex(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.digit(u32::from(byte >> 4));
            self.digit(u32::from(byte & 15));
        }
        self
    }

    /// Says something that says itself.
    pub fn of(&mut self, said: &(impl Say + ?Sized)) -> &mut Self {
        said.say(self);
        self
    }

    fn digit(&mut self, digit: u32) {
        let at = digit as usize;
        self.text(DIGITS.get(at..=at).unwrap_or("?"));
    }
}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}

/// Gives what is said to `write`, piece by piece.
pub fn write(said: &dyn Say, write: &mut dyn FnMut(&str)) {
    said.say(&mut Words { write });
}

/// `Display` of something that says itself.
///
/// # Errors
///
/// As `Display` has it.
pub fn display(said: &dyn Say, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut result = Ok(());
    write(said, &mut |piece| {
        result = result.and_then(|()| f.write_str(piece));
    });
    result
}

/// What is said, as one text.
#[cfg(feature = "alloc")]
pub fn text(said: &dyn Say) -> String {
    let mut text = String::new();
    write(said, &mut |piece| text.push_str(piece));
    text
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;
    use std::string::ToString;

    use super::*;

    struct Said(u32);

    impl Say for Said {
        fn say(&self, words: &mut Words<'_>) {
            words.text("no. ").number(self.0);
        }
    }

    impl fmt::Display for Said {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            display(self, f)
        }
    }

    #[test]
    fn numbers_are_said_as_they_are_displayed() {
        for number in [0, 7, 10, 99, 100, 1024, 4_000_000_000, u32::MAX] {
            assert_eq!(Said(number).to_string(), format!("no. {number}"));
            assert_eq!(text(&Said(number)), format!("no. {number}"));
        }
    }

    #[test]
    fn bytes_are_said_with_all_their_digits() {
        let said = |words: &mut Words<'_>| {
            words.hex(&[0x0a, 0xf0]).text(" of ").of(&Said(3));
        };
        assert_eq!(text(&said), "0af0 of no. 3");
    }
}
