//! CBOR written into a caller's buffer.

use super::Encode;
use crate::codec::EncodeError;

/// Writes values one after the other, in their shortest form.
///
/// What no longer fits is counted and not written, so that nothing but the end has an error:
/// [`Encoder::finish`] tells it.
#[derive(Debug)]
pub struct Encoder<'b> {
    buffer: &'b mut [u8],
    length: usize,
}

const UNSIGNED: u8 = 0x00;
const NEGATIVE: u8 = 0x20;
const BYTES: u8 = 0x40;
const TEXT: u8 = 0x60;
const ARRAY: u8 = 0x80;
const MAP: u8 = 0xa0;
const FALSE: u8 = 0xf4;

/// Most entries that a map of [`Encoder::map_of`] has: their number is in its first byte.
const SHORT_MAP: u8 = 23;

impl<'b> Encoder<'b> {
    /// Writes from the start of `buffer`.
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, length: 0 }
    }

    /// What was written.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] where it did not fit the buffer.
    pub fn finish(self) -> Result<&'b [u8], EncodeError> {
        let capacity = self.buffer.len();
        let written: &'b [u8] = self.buffer;
        written
            .get(..self.length)
            .ok_or(EncodeError::TooLarge { capacity })
    }

    /// Bytes written so far, those that did not fit included.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Whether all that was written so far fits.
    pub(crate) const fn fits(&self) -> Result<(), EncodeError> {
        let capacity = self.buffer.len();
        if self.length > capacity {
            return Err(EncodeError::TooLarge { capacity });
        }
        Ok(())
    }

    /// An integer of 0 or more.
    pub fn unsigned(&mut self, value: u64) {
        self.head(UNSIGNED, value);
    }

    /// An integer.
    pub fn signed(&mut self, value: i32) {
        // What is below 0 is written as the distance from -1, whose bits are the complement.
        let (kind, value) = if value < 0 {
            (NEGATIVE, !value)
        } else {
            (UNSIGNED, value)
        };
        self.head(kind, value.unsigned_abs().into());
    }

    /// `false` or `true`.
    pub fn bool(&mut self, value: bool) {
        self.push(&[FALSE + u8::from(value)]);
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) {
        self.string(BYTES, value);
    }

    /// A text string.
    pub fn text(&mut self, value: &str) {
        self.string(TEXT, value.as_bytes());
    }

    /// An array of so many values, which follow.
    pub fn array(&mut self, length: usize) {
        self.head(ARRAY, length as u64);
    }

    /// A map of so many keys with their values, which follow.
    pub fn map(&mut self, length: usize) {
        self.head(MAP, length as u64);
    }

    /// A map of at most 23 entries, as many as `entries` writes and returns.
    pub(crate) fn map_of(&mut self, entries: impl FnOnce(&mut Self) -> u8) {
        let at = self.length;
        self.push(&[MAP]);
        let count = entries(self);
        debug_assert!(count <= SHORT_MAP);
        if let Some(head) = self.buffer.get_mut(at) {
            *head |= count;
        }
    }

    /// The entry of a key, unless its value is absent. Gives how many entries that was.
    pub(crate) fn entry(&mut self, key: u8, value: &impl Encode) -> u8 {
        if value.is_absent() {
            return 0;
        }
        self.unsigned(key.into());
        value.encode(self);
        1
    }

    fn string(&mut self, kind: u8, value: &[u8]) {
        self.head(kind, value.len() as u64);
        self.push(value);
    }

    /// What each value begins with (RFC 8949 section 3): its kind, and a number in as few bytes
    /// as hold it.
    fn head(&mut self, kind: u8, value: u64) {
        let [.., short] = value.to_be_bytes();
        if value < 24 {
            return self.push(&[kind | short]);
        }
        let (code, bytes) = match value {
            0..=0xff => (24, 1),
            0x100..=0xffff => (25, 2),
            0x1_0000..=0xffff_ffff => (26, 4),
            _ => (27, 8),
        };
        self.push(&[kind | code]);
        let value = value.to_be_bytes();
        self.push(value.get(value.len() - bytes..).unwrap_or(&[]));
    }

    #[inline(never)]
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(room) = self.buffer.get_mut(self.length..end) {
            room.copy_from_slice(bytes);
        }
        self.length = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Encoder<'_>)) -> ([u8; 16], usize) {
        let mut buffer = [0; 16];
        let mut encoder = Encoder::new(&mut buffer);
        write(&mut encoder);
        let length = encoder.finish().unwrap().len();
        (buffer, length)
    }

    #[test]
    fn the_rfcs_examples_have_these_bytes() {
        // RFC 8949 appendix A.
        type Case = (fn(&mut Encoder<'_>), &'static [u8]);
        let cases: &[Case] = &[
            (|e| e.unsigned(0), b"\x00"),
            (|e| e.unsigned(23), b"\x17"),
            (|e| e.unsigned(24), b"\x18\x18"),
            (|e| e.unsigned(100), b"\x18\x64"),
            (|e| e.unsigned(1000), b"\x19\x03\xe8"),
            (|e| e.unsigned(1_000_000), b"\x1a\x00\x0f\x42\x40"),
            (
                |e| e.unsigned(u64::MAX),
                b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
            ),
            (|e| e.signed(-1), b"\x20"),
            (|e| e.signed(-10), b"\x29"),
            (|e| e.signed(-1000), b"\x39\x03\xe7"),
            (|e| e.signed(i32::MIN), b"\x3a\x7f\xff\xff\xff"),
            (|e| e.signed(i32::MAX), b"\x1a\x7f\xff\xff\xff"),
            (|e| e.bool(false), b"\xf4"),
            (|e| e.bool(true), b"\xf5"),
            (|e| e.bytes(&[1, 2, 3, 4]), b"\x44\x01\x02\x03\x04"),
            (|e| e.text("IETF"), b"\x64IETF"),
            (|e| e.array(25), b"\x98\x19"),
            (|e| e.map(2), b"\xa2"),
        ];
        for (write, bytes) in cases {
            let (buffer, length) = written(write);
            assert_eq!(&buffer[..length], *bytes);
        }
    }

    #[test]
    fn what_does_not_fit_is_told_at_the_end() {
        for capacity in 0..8 {
            let mut buffer = [0; 8];
            let mut encoder = Encoder::new(&mut buffer[..capacity]);
            encoder.text("abcde");
            encoder.unsigned(1);
            let expected = if capacity < 7 {
                Err(EncodeError::TooLarge { capacity })
            } else {
                Ok(&b"\x65abcde\x01"[..])
            };
            assert_eq!(encoder.finish(), expected, "{capacity} bytes");
        }
    }
}
