//! The layout of a datagram (RFC 7252 section 3): checked as a whole without allocating, read
//! option by option, written in the shortest form.

use alloc::vec::Vec;
use core::fmt;

use crate::code::Code;
use crate::header::Token;

/// Most options in one message. Ours have five; the rest is room for other people's.
const MAX_OPTIONS: usize = 16;

/// Bytes of type, code and message id.
pub(crate) const HEADER: usize = 4;

pub(crate) const VERSION: u8 = 1;
pub(crate) const PAYLOAD_MARKER: u8 = 0xff;

/// What fits the nibble of an option's delta or length, and its first extension of one byte.
pub(crate) const IN_NIBBLE: u16 = 13;
pub(crate) const IN_BYTE: u16 = 269;

/// Why a datagram is not a CoAP message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Malformed {
    /// It ends inside its header, its token or an option, after so many bytes.
    Truncated(usize),
    /// Its version is not 1.
    Version(u8),
    /// The length of its token is one of those reserved, 9 to 15.
    TokenLength(u8),
    /// The nibble 15 stands where an option's delta or length should.
    ReservedNibble,
    /// The numbers of its options add up to this, over 65,535.
    OptionNumber(u32),
    /// It has more options than any message understood here could.
    TooManyOptions,
    /// A payload marker is followed by nothing.
    EmptyPayload,
    /// Its code is 0.00, and it goes on after its message id, for so many bytes in all.
    EmptyWithContent(usize),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated(len) => write!(f, "message truncated after {len} bytes"),
            Self::Version(version) => write!(f, "version {version} is not 1"),
            Self::TokenLength(len) => write!(f, "token length {len} is reserved"),
            Self::ReservedNibble => f.write_str("option delta or length 15 is reserved"),
            Self::OptionNumber(number) => write!(f, "option number {number} is over 65535"),
            Self::TooManyOptions => write!(f, "more than {MAX_OPTIONS} options"),
            Self::EmptyPayload => f.write_str("payload marker without a payload"),
            Self::EmptyWithContent(len) => write!(f, "empty message of {len} bytes"),
        }
    }
}

impl core::error::Error for Malformed {}

/// Where the parts of a message are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Number of the last option, 0 where there is none.
    pub(crate) last_option: u16,
    /// Where the payload begins; the end of the message where it has none.
    pub(crate) payload: usize,
}

impl Layout {
    /// The layout of a well-formed message.
    pub(crate) fn of(datagram: &[u8]) -> Result<Self, Malformed> {
        let truncated = Malformed::Truncated(datagram.len());
        let [first, code, _, _, rest @ ..] = datagram else {
            return Err(truncated);
        };
        let (version, token_length) = (first >> 6, first & 0x0f);
        if version != VERSION {
            return Err(Malformed::Version(version));
        }
        if usize::from(token_length) > Token::MAX {
            return Err(Malformed::TokenLength(token_length));
        }
        if Code::from(*code) == Code::EMPTY && (token_length, rest.len()) != (0, 0) {
            return Err(Malformed::EmptyWithContent(datagram.len()));
        }
        let body = rest.get(usize::from(token_length)..).ok_or(truncated)?;
        let layout = Self::of_body(body, datagram.len())?;
        Ok(Self {
            payload: datagram.len() - body.len() + layout.payload,
            ..layout
        })
    }

    /// The layout of options and payload alone, which end so many bytes into a message.
    pub(crate) fn of_body(body: &[u8], message: usize) -> Result<Self, Malformed> {
        let mut options = Options::new(body);
        for _ in 0..=MAX_OPTIONS {
            let Some(option) = options.read() else {
                let payload = options.payload();
                if payload.is_some_and(<[u8]>::is_empty) {
                    return Err(Malformed::EmptyPayload);
                }
                return Ok(Self {
                    last_option: options.number,
                    payload: body.len() - payload.map_or(0, <[u8]>::len),
                });
            };
            option.map_err(|fault| match fault {
                Fault::Ends => Malformed::Truncated(message),
                Fault::Reserved => Malformed::ReservedNibble,
                Fault::Number(number) => Malformed::OptionNumber(number),
            })?;
        }
        Err(Malformed::TooManyOptions)
    }
}

/// What is wrong with one option.
#[derive(Clone, Copy)]
enum Fault {
    Ends,
    Reserved,
    Number(u32),
}

/// The options of a message one after the other: the number, and the value.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    number: u16,
}

impl<'a> Options<'a> {
    /// Reads what comes after a token.
    pub(crate) const fn new(rest: &'a [u8]) -> Self {
        Self::resumed(rest, 0)
    }

    /// Reads on after an option of this number.
    pub(crate) const fn resumed(rest: &'a [u8], number: u16) -> Self {
        Self { rest, number }
    }

    /// Bytes not read yet.
    pub(crate) const fn left(&self) -> usize {
        self.rest.len()
    }

    /// The payload, once every option was read; `None` where no marker announces one.
    fn payload(&self) -> Option<&'a [u8]> {
        self.rest.get(1..)
    }

    fn read(&mut self) -> Option<Result<(u16, &'a [u8]), Fault>> {
        match self.rest {
            [] | [PAYLOAD_MARKER, ..] => None,
            [first, rest @ ..] => Some(self.read_one(*first, rest)),
        }
    }

    fn read_one(&mut self, first: u8, rest: &'a [u8]) -> Result<(u16, &'a [u8]), Fault> {
        let (delta, rest) = extended(first >> 4, rest)?;
        let (length, rest) = extended(first & 0x0f, rest)?;
        let number = u32::from(self.number) + delta;
        self.number = u16::try_from(number).map_err(|_| Fault::Number(number))?;
        let length = usize::try_from(length).map_err(|_| Fault::Ends)?;
        let (value, rest) = rest.split_at_checked(length).ok_or(Fault::Ends)?;
        self.rest = rest;
        Ok((self.number, value))
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        // What is read here was checked when the message was taken in.
        self.read()?.ok()
    }
}

/// An option's delta or length (RFC 7252 section 3.1): up to 12 in its nibble, else after it.
fn extended(nibble: u8, rest: &[u8]) -> Result<(u32, &[u8]), Fault> {
    match (nibble, rest) {
        (0..=12, rest) => Ok((u32::from(nibble), rest)),
        (13, [byte, rest @ ..]) => Ok((u32::from(*byte) + u32::from(IN_NIBBLE), rest)),
        (14, [high, low, rest @ ..]) => {
            let value = u16::from_be_bytes([*high, *low]);
            Ok((u32::from(value) + u32::from(IN_BYTE), rest))
        }
        (13 | 14, _) => Err(Fault::Ends),
        (_, _) => Err(Fault::Reserved),
    }
}

/// Writes the head of an option: its number less the one before, and the length of its value.
pub(crate) fn push_head(bytes: &mut Vec<u8>, delta: u16, length: u16) {
    let (high, low) = (nibble(delta), nibble(length));
    bytes.push(high << 4 | low);
    for value in [delta, length] {
        if value >= IN_BYTE {
            bytes.extend_from_slice(&(value - IN_BYTE).to_be_bytes());
        } else if let Some(byte) = value.checked_sub(IN_NIBBLE) {
            bytes.extend_from_slice(&byte.to_be_bytes()[1..]);
        }
    }
}

/// What stands in the nibble of a delta or length.
pub(crate) fn nibble(value: u16) -> u8 {
    match value {
        0..IN_NIBBLE => value.to_be_bytes()[1],
        IN_NIBBLE..IN_BYTE => 13,
        IN_BYTE.. => 14,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn a_malformed_datagram_is_told_by_its_fault() {
        let seventeen_options = [&[0x40, 1, 0, 0][..], &[0x10; 17]].concat();
        for (datagram, fault) in [
            (&[][..], Malformed::Truncated(0)),
            (&[0x40, 1, 0], Malformed::Truncated(3)),
            (&[0x42, 1, 0, 0, 7], Malformed::Truncated(5)),
            (&[0x40, 1, 0, 0, 0xb1], Malformed::Truncated(5)),
            (&[0x40, 1, 0, 0, 0xd0], Malformed::Truncated(5)),
            (&[0x40, 1, 0, 0, 0xe0, 1], Malformed::Truncated(6)),
            (&[0x40, 1, 0, 0, 0x0d], Malformed::Truncated(5)),
            (&[0x40, 1, 0, 0, 0x0e, 0xff, 0xff], Malformed::Truncated(7)),
            (&[0x00, 1, 0, 0], Malformed::Version(0)),
            (&[0xff, 0xff, 0xff, 0xff], Malformed::Version(3)),
            (
                &[0x49, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                Malformed::TokenLength(9),
            ),
            (&[0x40, 1, 0, 0, 0xf0], Malformed::ReservedNibble),
            (&[0x40, 1, 0, 0, 0x0f], Malformed::ReservedNibble),
            (
                &[0x40, 1, 0, 0, 0xe0, 0xff, 0xff],
                Malformed::OptionNumber(65_535 + 269),
            ),
            (
                &[0x40, 1, 0, 0, 0xe0, 0xfe, 0xf2, 0x10],
                Malformed::OptionNumber(65_536),
            ),
            (&seventeen_options, Malformed::TooManyOptions),
            (&[0x40, 1, 0, 0, 0xff], Malformed::EmptyPayload),
            (&[0x40, 0, 0, 0, 0], Malformed::EmptyWithContent(5)),
            (&[0x41, 0, 0, 0, 0], Malformed::EmptyWithContent(5)),
        ] {
            assert_eq!(Layout::of(datagram), Err(fault), "{datagram:02x?}");
        }
    }

    #[test]
    fn extended_deltas_and_lengths_are_read() {
        let mut datagram = vec![0x40, 1, 0, 0, 0xdd, 0, 2];
        datagram.extend([7; 15]);
        datagram.extend([0xee, 0, 1, 0, 0]);
        datagram.extend([8; 269]);
        let options: Vec<(u16, &[u8])> = Options::new(&datagram[HEADER..]).collect();
        assert_eq!(options, [(13, &[7; 15][..]), (13 + 270, &[8; 269])]);
        let layout = Layout {
            last_option: 13 + 270,
            payload: datagram.len(),
        };
        assert_eq!(Layout::of(&datagram), Ok(layout));
    }

    #[test]
    fn heads_are_written_in_their_shortest_form() {
        for (delta, length, head) in [
            (0, 0, &[0x00][..]),
            (12, 12, &[0xcc]),
            (13, 12, &[0xdc, 0]),
            (12, 13, &[0xcd, 0]),
            (268, 268, &[0xdd, 255, 255]),
            (269, 0, &[0xe0, 0, 0]),
            (0, 269, &[0x0e, 0, 0]),
            (u16::MAX, 300, &[0xee, 0xfe, 0xf2, 0, 31]),
        ] {
            let mut bytes = Vec::new();
            push_head(&mut bytes, delta, length);
            assert_eq!(bytes, head, "{delta}, {length}");
        }
    }

    /// Bytes that get past the header often enough to reach the options.
    fn datagram() -> impl Strategy<Value = Vec<u8>> {
        let anything = proptest::collection::vec(any::<u8>(), 0..64);
        let headed = (0x40..=0x48u8, proptest::collection::vec(any::<u8>(), 3..64))
            .prop_map(|(first, rest)| [vec![first], rest].concat());
        let sparse = (
            proptest::collection::vec(0..=8u8, 8..200),
            proptest::collection::vec((0..208usize, any::<u8>()), 0..8),
        )
            .prop_map(|(rest, changes)| {
                let mut bytes = [vec![0x40, 1, 0, 0], rest].concat();
                for (at, byte) in changes {
                    if let Some(slot) = bytes.get_mut(at) {
                        *slot = byte;
                    }
                }
                bytes
            });
        prop_oneof![anything, headed, sparse]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        /// What passes the check is written again as what it was, but for heads that could be
        /// shorter.
        #[test]
        fn what_passes_the_check_is_read_whole(datagram in datagram()) {
            let Ok(layout) = Layout::of(&datagram) else { return Ok(()) };
            let options = HEADER + usize::from(datagram[0] & 0x0f);
            let mut again = datagram[..options].to_vec();
            let mut before = 0;
            for (number, value) in Options::new(&datagram[options..]) {
                push_head(&mut again, number - before, u16::try_from(value.len()).expect("short"));
                again.extend(value);
                before = number;
            }
            prop_assert_eq!(layout.last_option, before);
            prop_assert!(again.len() <= layout.payload);
            if layout.payload < datagram.len() {
                again.push(PAYLOAD_MARKER);
                again.extend(&datagram[layout.payload..]);
            }
            let rewritten = Layout::of(&again).expect("well formed");
            prop_assert_eq!(rewritten.last_option, before);
            prop_assert!(again.len() <= datagram.len());
            let read = |bytes: &[u8]| {
                let options = Options::new(&bytes[options..]);
                options.map(|(number, value)| (number, value.to_vec())).collect::<Vec<_>>()
            };
            prop_assert_eq!(read(&again), read(&datagram));
            prop_assert_eq!(&again[rewritten.payload..], &datagram[layout.payload..]);
        }
    }
}
