//! CBOR read out of a peer's bytes.

use super::Decode;
use crate::codec::DecodeError;

/// Reads values one after the other, and borrows from the bytes.
///
/// What stops it first is kept here rather than in every result: [`Decoder::finish`] tells it.
#[derive(Clone, Debug)]
pub struct Decoder<'b> {
    bytes: &'b [u8],
    at: usize,
    stopped_by: Option<DecodeError>,
}

/// Something could not be read; [`Decoder::finish`] tells what and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// The major types (RFC 8949 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unsigned,
    Negative,
    Bytes,
    Text,
    Array,
    Map,
    Tag,
    Simple,
}

const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;

/// The first byte of a value without a definite length has this in its lower bits.
const INDEFINITE: u8 = 31;

impl<'b> Decoder<'b> {
    /// Reads from the start of `bytes`.
    pub const fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            stopped_by: None,
        }
    }

    /// What was read, where that was all there is.
    ///
    /// # Errors
    ///
    /// [`DecodeError`], by what stopped the reading, or by what is left over.
    pub fn finish<T>(self, read: Result<T, Stopped>) -> Result<T, DecodeError> {
        match (read, self.error()) {
            (Ok(read), None) => Ok(read),
            (_, Some(error)) => Err(error),
            (Err(Stopped), None) => Err(DecodeError::Malformed { at: self.at }),
        }
    }

    /// What has stopped the reading, or what is left over.
    #[inline(never)]
    fn error(&self) -> Option<DecodeError> {
        let left = self.bytes.len() - self.at;
        let trailing = DecodeError::Trailing { bytes: left };
        self.stopped_by.or_else(|| (left > 0).then_some(trailing))
    }

    /// A value of the type that is wanted.
    ///
    /// # Errors
    ///
    /// [`Stopped`], as in every method here: the bytes hold something else, or end.
    pub fn read<T: Decode<'b>>(&mut self) -> Result<T, Stopped> {
        T::decode(self)
    }

    /// An integer of 0 or more that the type holds.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn unsigned<T: TryFrom<u64>>(&mut self) -> Result<T, Stopped> {
        let at = self.at;
        let value = self.head(Kind::Unsigned)?;
        T::try_from(value).or_else(|_| self.out_of_range(at))
    }

    /// An integer that fits 32 bits.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn signed(&mut self) -> Result<i32, Stopped> {
        let at = self.at;
        let is_negative = self.kind()? == Kind::Negative;
        let value = self.head(if is_negative {
            Kind::Negative
        } else {
            Kind::Unsigned
        })?;
        match i32::try_from(value) {
            Ok(value) if is_negative => Ok(!value),
            Ok(value) => Ok(value),
            Err(_) => self.out_of_range(at),
        }
    }

    /// `false` or `true`.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn bool(&mut self) -> Result<bool, Stopped> {
        let value = match self.bytes.get(self.at) {
            Some(&FALSE) => false,
            Some(&TRUE) => true,
            Some(_) | None => return self.malformed(self.at),
        };
        self.at += 1;
        Ok(value)
    }

    /// A byte string.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn bytes(&mut self) -> Result<&'b [u8], Stopped> {
        let length = self.head(Kind::Bytes)?;
        self.take(length)
    }

    /// A text string.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn text(&mut self) -> Result<&'b str, Stopped> {
        let at = self.at;
        let length = self.head(Kind::Text)?;
        let text = self.take(length)?;
        core::str::from_utf8(text).or_else(|_| self.out_of_range(at))
    }

    /// The length of an array, whose values follow.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn array(&mut self) -> Result<u64, Stopped> {
        self.head(Kind::Array)
    }

    /// The entries of a map, whose keys and values follow.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn map(&mut self) -> Result<u64, Stopped> {
        self.head(Kind::Map)
    }

    /// The key of an entry in a message: `None` where no message has one like it.
    pub(crate) fn key(&mut self) -> Result<Option<u8>, Stopped> {
        if self.kind()? == Kind::Negative {
            self.head(Kind::Negative)?;
            return Ok(None);
        }
        Ok(u8::try_from(self.head(Kind::Unsigned)?).ok())
    }

    /// Passes over a value, whatever it is.
    ///
    /// # Errors
    ///
    /// See [`Self::read`].
    pub fn skip(&mut self) -> Result<(), Stopped> {
        // As many values as this are yet to be passed over: none nests on the stack. Each has a
        // byte at least, so a number that saturates is not reached.
        let mut left: u64 = 1;
        while left > 0 {
            left -= 1;
            let kind = self.kind()?;
            let value = self.head(kind)?;
            match kind {
                Kind::Bytes | Kind::Text => {
                    self.take(value)?;
                }
                Kind::Array => left = left.saturating_add(value),
                Kind::Map => left = left.saturating_add(value.saturating_mul(2)),
                Kind::Tag => left += 1,
                // The head of a simple value or a float is all of it.
                Kind::Unsigned | Kind::Negative | Kind::Simple => {}
            }
        }
        Ok(())
    }

    /// Stops, for a key is absent that the message cannot do without.
    pub(crate) fn present<T>(&mut self, value: Option<T>) -> Result<T, Stopped> {
        value.ok_or_else(|| self.stop(DecodeError::Missing))
    }

    /// Stops, for the value before this is beyond its capacity.
    pub(crate) fn beyond<T>(&mut self) -> Result<T, Stopped> {
        self.out_of_range(self.at)
    }

    /// Stops, for the value at this position is not in its range.
    pub(crate) fn out_of_range<T>(&mut self, at: usize) -> Result<T, Stopped> {
        Err(self.stop(DecodeError::OutOfRange { at }))
    }

    /// Bytes read so far.
    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    /// What was read since this position.
    pub(crate) fn since(&self, start: usize) -> &'b [u8] {
        self.bytes.get(start..self.at).unwrap_or(&[])
    }

    /// The kind of the value that comes next.
    pub(crate) fn kind(&mut self) -> Result<Kind, Stopped> {
        let Some(first) = self.bytes.get(self.at) else {
            return self.malformed(self.at);
        };
        Ok(match first >> 5 {
            0 => Kind::Unsigned,
            1 => Kind::Negative,
            2 => Kind::Bytes,
            3 => Kind::Text,
            4 => Kind::Array,
            5 => Kind::Map,
            6 => Kind::Tag,
            _ => Kind::Simple,
        })
    }

    /// The number at the head of a value, which is of this kind.
    #[inline(never)]
    fn head(&mut self, kind: Kind) -> Result<u64, Stopped> {
        let at = self.at;
        if self.kind()? != kind {
            return self.malformed(at);
        }
        let [first] = self.array_of()?;
        Ok(match first & 31 {
            short @ 0..24 => short.into(),
            24 => u8::from_be_bytes(self.array_of()?).into(),
            25 => u16::from_be_bytes(self.array_of()?).into(),
            26 => u32::from_be_bytes(self.array_of()?).into(),
            27 => u64::from_be_bytes(self.array_of()?),
            INDEFINITE => return self.out_of_range(at),
            _ => return self.malformed(at),
        })
    }

    fn array_of<const N: usize>(&mut self) -> Result<[u8; N], Stopped> {
        match self.take(N as u64)?.try_into() {
            Ok(bytes) => Ok(bytes),
            Err(_) => self.malformed(self.at),
        }
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], Stopped> {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let taken = usize::try_from(length)
            .ok()
            .and_then(|length| rest.get(..length));
        match taken {
            Some(taken) => {
                self.at += taken.len();
                Ok(taken)
            }
            None => self.malformed(self.bytes.len()),
        }
    }

    fn malformed<T>(&mut self, at: usize) -> Result<T, Stopped> {
        Err(self.stop(DecodeError::Malformed { at }))
    }

    #[inline(never)]
    fn stop(&mut self, error: DecodeError) -> Stopped {
        self.stopped_by.get_or_insert(error);
        Stopped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'b, T: Decode<'b>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
        crate::decode(bytes)
    }

    #[test]
    fn the_rfcs_examples_are_read() {
        // RFC 8949 appendix A, and a longer form than need be.
        assert_eq!(read(b"\x17"), Ok(23_u8));
        assert_eq!(read(b"\x18\x64"), Ok(100_u8));
        assert_eq!(read(b"\x1a\x00\x0f\x42\x40"), Ok(1_000_000_u32));
        assert_eq!(read(b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), Ok(u64::MAX));
        assert_eq!(read(b"\x1b\0\0\0\0\0\0\0\x01"), Ok(1_u8));
        assert_eq!(read(b"\x20"), Ok(-1));
        assert_eq!(read(b"\x39\x03\xe7"), Ok(-1000));
        assert_eq!(read(b"\x3a\x7f\xff\xff\xff"), Ok(i32::MIN));
        assert_eq!(read(b"\xf5"), Ok(true));
        assert_eq!(read(b"\x44\x01\x02\x03\x04"), Ok(&[1, 2, 3, 4][..]));
        assert_eq!(read(b"\x64IETF"), Ok("IETF"));
    }

    #[test]
    fn what_is_not_the_wanted_value_is_told_with_its_place() {
        let malformed = |at| DecodeError::Malformed { at };
        let out_of_range = |at| DecodeError::OutOfRange { at };
        assert_eq!(read::<u8>(b"\x19\x01\x00"), Err(out_of_range(0)));
        assert_eq!(read::<u8>(b"\x20"), Err(malformed(0)));
        assert_eq!(read::<u8>(b"\x1c"), Err(malformed(0)));
        assert_eq!(read::<i32>(b"\x3a\x80\0\0\0"), Err(out_of_range(0)));
        assert_eq!(read::<bool>(b"\xf6"), Err(malformed(0)));
        assert_eq!(read::<&str>(b"\x62a"), Err(malformed(2)));
        assert_eq!(read::<&str>(b"\x7f\x61a\xff"), Err(out_of_range(0)));
        assert_eq!(
            read::<&[u8]>(b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff"),
            Err(malformed(9))
        );
    }

    #[test]
    fn every_kind_of_value_is_passed_over() {
        // RFC 8949 appendix A: integers, strings, nested arrays and maps, a tag, simple values
        // and floats.
        for bytes in [
            &b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff"[..],
            b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x44\x01\x02\x03\x04",
            b"\x62\xc3\xbc",
            b"\x83\x01\x82\x02\x03\x82\x04\x05",
            b"\xa2\x61a\x01\x61b\x82\x02\x03",
            b"\xc1\xfb\x41\xd4\x52\xd9\xe2\x00\x00\x00",
            b"\xf6",
            b"\xf8\xff",
            b"\xf9\x3e\x00",
            b"\x80",
        ] {
            let mut decoder = Decoder::new(bytes);
            let skipped = decoder.skip();
            assert_eq!(decoder.finish(skipped), Ok(()), "{bytes:02x?}");
            for end in 0..bytes.len() {
                let mut decoder = Decoder::new(&bytes[..end]);
                assert_eq!(decoder.skip(), Err(Stopped), "{end} of {bytes:02x?}");
            }
        }
    }

    #[test]
    fn nesting_and_promises_cost_nothing() {
        let nested = [0x81; 4096];
        let mut decoder = Decoder::new(&nested);
        let skipped = decoder.skip();
        let at = nested.len();
        assert_eq!(decoder.finish(skipped), Err(DecodeError::Malformed { at }));
        let promise = b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01";
        assert_eq!(Decoder::new(promise).skip(), Err(Stopped));
    }
}
