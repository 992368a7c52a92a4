//! Responses as the application sees them, and their way into and out of packets.

use alloc::vec::Vec;

use crate::block::{BlockOption, BlockSlice};
use crate::code::{Code, ContentFormat};
use crate::header::Envelope;
use crate::option::{
    BLOCK2, CONTENT_FORMAT, ECHO, Echo, MAX_CONTENT_OPTIONS, MAX_ECHO_OPTION, SIZE2,
    content_format, decode_uint, echo, is_critical, push_content, push_echo, push_uint,
};
use crate::packet::Packet;

/// A response to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Response<'a> {
    /// What came of the request.
    pub code: Code,
    /// What the payload is; need not be told where the request decides it.
    pub content_format: Option<ContentFormat>,
    /// Which block of the body the payload is.
    pub block2: Option<BlockOption>,
    /// Length of the whole body in bytes, told with its first block.
    pub size2: Option<u32>,
    /// What the client is to repeat with its next request, by which we know where it is.
    pub echo: Option<Echo>,
    /// The body; none where empty.
    pub payload: &'a [u8],
    /// Whether the application may be asked the same again without harm. The reply is then
    /// kept for duplicates only until the peer's next request, not for the exchange lifetime.
    pub repeatable: bool,
}

impl<'a> Response<'a> {
    /// A response without a body.
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            content_format: None,
            block2: None,
            size2: None,
            echo: None,
            payload: &[],
            repeatable: false,
        }
    }

    /// A response with a body whose format the request decides.
    pub const fn with_payload(code: Code, payload: &'a [u8]) -> Self {
        Self {
            payload,
            ..Self::new(code)
        }
    }

    /// An error with a diagnostic text for people (RFC 7252 section 5.5.2).
    pub const fn error(code: Code, diagnostic: &'a str) -> Self {
        Self::with_payload(code, diagnostic.as_bytes())
    }

    /// A block of an immutable blob: 2.05, safe to repeat, with the total on the first block.
    pub fn block(slice: &BlockSlice<'a>) -> Self {
        Self {
            block2: Some(slice.option),
            size2: (slice.option.number() == 0).then_some(slice.total),
            repeatable: true,
            ..Self::with_payload(Code::CONTENT, slice.data)
        }
    }

    /// The same response, said to be safe to repeat.
    pub const fn repeatable(self) -> Self {
        Self {
            repeatable: true,
            ..self
        }
    }

    pub(crate) fn to_packet(self, envelope: Envelope) -> Packet {
        let room_of_echo = self.echo.map_or(0, |_| MAX_ECHO_OPTION);
        let room = MAX_CONTENT_OPTIONS + room_of_echo + 1 + self.payload.len();
        let mut packet = Packet::new(envelope, self.code, room);
        push_content(&mut packet, self.content_format, self.block2);
        if let Some(total) = self.size2 {
            push_uint(&mut packet, SIZE2, total);
        }
        push_echo(&mut packet, &self.echo);
        packet.set_payload(self.payload);
        packet
    }
}

/// The peer's response to a request of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedResponse {
    /// What came of the request.
    pub code: Code,
    /// What the payload is, where told.
    pub content_format: Option<ContentFormat>,
    /// Which block of the body the payload is.
    pub block2: Option<BlockOption>,
    /// Length of the whole body in bytes, where told.
    pub size2: Option<u32>,
    /// What the next request is to repeat. The endpoint does so by itself.
    pub echo: Option<Echo>,
    /// The body, or one block of it.
    pub payload: Vec<u8>,
}

impl ReceivedResponse {
    /// The text that tells people what was wrong, where the response is an error that has one.
    pub fn diagnostic(&self) -> Option<&str> {
        let told = !self.code.is_success()
            && self
                .content_format
                .is_none_or(|format| format == ContentFormat::TEXT)
            && !self.payload.is_empty();
        told.then(|| core::str::from_utf8(&self.payload).ok())
            .flatten()
    }

    /// The response in a packet, or the number of the critical option that spoils it.
    pub(crate) fn from_packet(packet: Packet) -> Result<Self, u16> {
        let mut response = Self {
            code: packet.code(),
            content_format: None,
            block2: None,
            size2: None,
            echo: None,
            payload: Vec::new(),
        };
        let mut before = None;
        for (number, value) in packet.options() {
            let is_repeated = before.replace(number) == Some(number);
            match number {
                // Elective, so a second one is passed over.
                CONTENT_FORMAT | SIZE2 | ECHO if is_repeated => {}
                CONTENT_FORMAT => response.content_format = content_format(value),
                SIZE2 => response.size2 = decode_uint(value),
                ECHO => response.echo = echo(value),
                BLOCK2 if !is_repeated => {
                    response.block2 = Some(BlockOption::decode(value).map_err(|_| number)?);
                }
                _ if is_critical(number) => return Err(number),
                _ => {}
            }
        }
        response.payload = packet.into_payload();
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{BlockSize, serve};

    #[test]
    fn the_total_is_told_with_the_first_block_alone() {
        let blob = [0; 100];
        for (number, size2) in [(0, Some(100)), (1, None)] {
            let requested = BlockOption::new(number, false, BlockSize::B64);
            let slice = serve(&blob, requested, BlockSize::B64).expect("in range");
            let response = Response::block(&slice);
            assert_eq!(response.size2, size2);
            assert!(response.repeatable);
        }
    }

    #[test]
    fn only_the_text_of_an_error_is_a_diagnostic() {
        let response = |code, content_format, payload: &[u8]| ReceivedResponse {
            code,
            content_format,
            block2: None,
            size2: None,
            echo: None,
            payload: payload.to_vec(),
        };
        let (text, cbor) = (Some(ContentFormat::TEXT), Some(ContentFormat::CBOR));
        for (response, diagnostic) in [
            (
                response(Code::NOT_FOUND, None, b"no such task"),
                Some("no such task"),
            ),
            (
                response(Code::NOT_FOUND, text, b"no such task"),
                Some("no such task"),
            ),
            (response(Code::NOT_FOUND, cbor, b"no such task"), None),
            (response(Code::NOT_FOUND, None, b""), None),
            (response(Code::NOT_FOUND, None, &[0xff]), None),
            (response(Code::CONTENT, None, b"22.3 C"), None),
        ] {
            assert_eq!(response.diagnostic(), diagnostic, "{response:?}");
        }
    }
}
