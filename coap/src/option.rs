//! Option numbers (RFC 7252 section 12.2, RFC 7959 section 6, RFC 9175 section 5), values that are numbers, and
//! the options that tell about a payload.

use alloc::vec::Vec;

use crate::block::BlockOption;
use crate::code::ContentFormat;
use crate::oscore::Bytes;
use crate::packet::Packet;

/// The value of an Echo option (RFC 9175 section 2.2.1): 1 to 40 bytes by which a server knows
/// that the client is there now, and where it said to be.
pub type Echo = Bytes<40>;

pub(crate) const URI_HOST: u16 = 3;
pub(crate) const URI_PORT: u16 = 7;
pub(crate) const URI_PATH: u16 = 11;
pub(crate) const CONTENT_FORMAT: u16 = 12;
pub(crate) const BLOCK2: u16 = 23;
pub(crate) const SIZE2: u16 = 28;
pub(crate) const PROXY_URI: u16 = 35;
pub(crate) const PROXY_SCHEME: u16 = 39;
/// The number of the Echo option (RFC 9175 section 2.2.1).
pub const ECHO: u16 = 252;

/// Longest segment of a path, in bytes (RFC 7252 table 4).
pub(crate) const MAX_SEGMENT: usize = 255;

/// Bytes that Content-Format, Block2 and Size2 take at most, heads included.
pub(crate) const MAX_CONTENT_OPTIONS: usize = (1 + 2) + (1 + 3) + (1 + 4);

/// Bytes that an Echo of ours takes at most, its head included.
pub(crate) const MAX_ECHO_OPTION: usize = 3 + Echo::MAX;

/// Whether a message with this option must be rejected by who does not know it: the lowest
/// bit says (RFC 7252 section 5.4.6).
pub(crate) const fn is_critical(number: u16) -> bool {
    number & 1 == 1
}

/// The `uint` format: big-endian without leading zeros, so 0 is no bytes at all.
pub(crate) fn encode_uint(value: u32) -> Vec<u8> {
    let mut bytes = [0; 4];
    shortest(value, &mut bytes).to_vec()
}

/// Adds an option whose value is a `uint`.
pub(crate) fn push_uint(packet: &mut Packet, number: u16, value: u32) {
    let mut bytes = [0; 4];
    packet.push_option(number, shortest(value, &mut bytes));
}

fn shortest(value: u32, bytes: &mut [u8; 4]) -> &[u8] {
    *bytes = value.to_be_bytes();
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(leading..).unwrap_or(&[])
}

/// A `uint` of at most four bytes; leading zeros are accepted, as the RFC asks.
pub(crate) fn decode_uint(bytes: &[u8]) -> Option<u32> {
    (bytes.len() <= 4).then(|| {
        bytes
            .iter()
            .fold(0, |value, byte| value << 8 | u32::from(*byte))
    })
}

/// Puts what says something about a body into a packet.
pub(crate) fn push_content(
    packet: &mut Packet,
    content_format: Option<ContentFormat>,
    block2: Option<BlockOption>,
) {
    if let Some(ContentFormat(number)) = content_format {
        push_uint(packet, CONTENT_FORMAT, number.into());
    }
    if let Some(block) = block2 {
        push_uint(packet, BLOCK2, block.bits());
    }
}

/// Puts an Echo into a packet, whose options are all below it.
pub(crate) fn push_echo(packet: &mut Packet, echo: &Option<Echo>) {
    if let Some(echo) = echo {
        packet.push_option(ECHO, echo.as_bytes());
    }
}

/// Echo is elective, so ignored where it is of another length than it may be.
pub(crate) fn echo(value: &[u8]) -> Option<Echo> {
    Echo::new(value).filter(|_| !value.is_empty())
}

/// Content-Format is elective, so ignored where it is out of range (RFC 7252 section 5.4.3).
pub(crate) fn content_format(value: &[u8]) -> Option<ContentFormat> {
    let number = decode_uint(value)?;
    u16::try_from(number).ok().map(ContentFormat)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_uint_is_as_short_as_can_be() {
        for (value, bytes) in [
            (0, &[][..]),
            (60, &[60]),
            (255, &[0xff]),
            (256, &[1, 0]),
            (0xff_ffff, &[0xff, 0xff, 0xff]),
            (u32::MAX, &[0xff, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(encode_uint(value), bytes);
        }
        assert_eq!(decode_uint(&[0, 0, 60]), Some(60), "leading zeros");
        assert_eq!(decode_uint(&[0; 5]), None);
    }

    proptest! {
        #[test]
        fn a_uint_survives_the_wire(value: u32) {
            prop_assert_eq!(decode_uint(&encode_uint(value)), Some(value));
        }
    }
}
