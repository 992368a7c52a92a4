//! Bytes to packets and back: `coap-lite`, behind the checks that it leaves to its caller.
//!
//! `coap-lite` 0.13.3 does not look at the version, takes a payload marker without a payload,
//! lets an empty message carry anything, allocates a list node for each of a thousand empty
//! options, and writes an option longer than 65,804 bytes with a wrong length. The layout of
//! a datagram is therefore checked before the codec sees it, without allocating.

use alloc::vec::Vec;
use core::fmt;

use coap_lite::Packet;

use crate::header::Token;

/// Most options in one message. Ours have five; the rest is room for other people's.
const MAX_OPTIONS: usize = 16;

const VERSION: u8 = 1;
const PAYLOAD_MARKER: u8 = 0xff;

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
    /// The codec refused what passed every check above.
    Codec,
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
            Self::Codec => f.write_str("message refused by the codec"),
        }
    }
}

impl core::error::Error for Malformed {}

/// The packet in a datagram.
pub(crate) fn decode(datagram: &[u8]) -> Result<Packet, Malformed> {
    check_layout(datagram)?;
    Packet::from_bytes(datagram).map_err(|_| Malformed::Codec)
}

/// The datagram of a packet, or its length where that is over `max`.
pub(crate) fn encode(packet: &Packet, max: usize) -> Result<Vec<u8>, usize> {
    match packet.to_bytes_unlimited() {
        Ok(datagram) if datagram.len() <= max => Ok(datagram),
        Ok(datagram) => Err(datagram.len()),
        // The codec's other failure is a buffer it allocated too short itself.
        Err(_) => Err(usize::MAX),
    }
}

fn check_layout(datagram: &[u8]) -> Result<(), Malformed> {
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
    if *code == 0 && (token_length, rest.len()) != (0, 0) {
        return Err(Malformed::EmptyWithContent(datagram.len()));
    }
    let options = rest.get(usize::from(token_length)..).ok_or(truncated)?;
    check_options(options, truncated)
}

fn check_options(mut rest: &[u8], truncated: Malformed) -> Result<(), Malformed> {
    let mut number = 0;
    let mut count = 0;
    while let Some((&first, after)) = rest.split_first() {
        if first == PAYLOAD_MARKER {
            return match after {
                [] => Err(Malformed::EmptyPayload),
                [..] => Ok(()),
            };
        }
        count += 1;
        if count > MAX_OPTIONS {
            return Err(Malformed::TooManyOptions);
        }
        let (delta, after) = extended(first >> 4, after, truncated)?;
        let (length, after) = extended(first & 0x0f, after, truncated)?;
        number += delta;
        if number > u32::from(u16::MAX) {
            return Err(Malformed::OptionNumber(number));
        }
        rest = usize::try_from(length)
            .ok()
            .and_then(|length| after.get(length..))
            .ok_or(truncated)?;
    }
    Ok(())
}

/// An option's delta or length (RFC 7252 section 3.1): up to 12 in its nibble, else after it.
fn extended(nibble: u8, rest: &[u8], truncated: Malformed) -> Result<(u32, &[u8]), Malformed> {
    match (nibble, rest) {
        (0..=12, rest) => Ok((u32::from(nibble), rest)),
        (13, [byte, rest @ ..]) => Ok((u32::from(*byte) + 13, rest)),
        (14, [high, low, rest @ ..]) => {
            Ok((u32::from(u16::from_be_bytes([*high, *low])) + 269, rest))
        }
        (13 | 14, _) => Err(truncated),
        (_, _) => Err(Malformed::ReservedNibble),
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
            assert_eq!(decode(datagram).err(), Some(fault), "{datagram:02x?}");
        }
    }

    #[test]
    fn extended_deltas_and_lengths_are_read() {
        let mut datagram = vec![0x40, 1, 0, 0, 0xdd, 0, 2];
        datagram.extend([7; 15]);
        datagram.extend([0xee, 0, 1, 0, 0]);
        datagram.extend([8; 269]);
        let packet = decode(&datagram).expect("well formed");
        let options: Vec<(u16, Vec<u8>)> = packet
            .options()
            .map(|(number, values)| (*number, values.front().cloned().expect("a value")))
            .collect();
        assert_eq!(options, [(13, vec![7; 15]), (13 + 270, vec![8; 269])]);
        assert_eq!(encode(&packet, datagram.len()), Ok(datagram.clone()));
        assert_eq!(encode(&packet, datagram.len() - 1), Err(datagram.len()));
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

        /// The check leaves the codec nothing to refuse, and what it passes is what it was.
        #[test]
        fn what_passes_the_check_survives_the_codec(datagram in datagram()) {
            match decode(&datagram) {
                Err(fault) => prop_assert_ne!(fault, Malformed::Codec),
                Ok(packet) => {
                    let again = encode(&packet, usize::MAX).expect("encodes");
                    prop_assert_eq!(decode(&again).expect("decodes"), packet);
                }
            }
        }

        /// The codec alone does not panic either, whatever it is given.
        #[test]
        fn the_codec_survives_anything(datagram in datagram()) {
            if let Ok(packet) = Packet::from_bytes(&datagram) {
                prop_assert!(packet.to_bytes_unlimited().is_ok());
            }
        }
    }
}
