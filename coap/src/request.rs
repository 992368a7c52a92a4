//! Requests as the application sees them, and their way into and out of packets.

use alloc::string::String;
use alloc::vec::Vec;

use crate::block::BlockOption;
use crate::code::{ContentFormat, Method};
use crate::error::{Refusal, RequestError};
use crate::header::{Envelope, MessageId, MessageType, Token};
use crate::option::{
    BLOCK2, CONTENT_FORMAT, ECHO, Echo, MAX_CONTENT_OPTIONS, MAX_ECHO_OPTION, MAX_SEGMENT,
    PROXY_SCHEME, PROXY_URI, URI_HOST, URI_PATH, URI_PORT, content_format, echo, is_critical,
    push_content, push_echo,
};
use crate::packet::Packet;

/// A request to send; always confirmable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// What is asked for.
    pub method: Method,
    /// Segments of the path, each at most 255 bytes and without a slash.
    pub path: &'a [&'a str],
    /// What the payload is.
    pub content_format: Option<ContentFormat>,
    /// Which block of the response's body is wanted.
    pub block2: Option<BlockOption>,
    /// The body; none where empty.
    pub payload: &'a [u8],
}

impl<'a> Request<'a> {
    /// A request without a body.
    pub const fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self {
            method,
            path,
            content_format: None,
            block2: None,
            payload: &[],
        }
    }

    /// A POST of a CBOR body.
    pub const fn post_cbor(path: &'a [&'a str], payload: &'a [u8]) -> Self {
        Self {
            method: Method::Post,
            path,
            content_format: Some(ContentFormat::CBOR),
            block2: None,
            payload,
        }
    }

    /// A GET of one block of a body.
    pub const fn get_block(path: &'a [&'a str], block: BlockOption) -> Self {
        Self {
            method: Method::Get,
            path,
            content_format: None,
            block2: Some(block),
            payload: &[],
        }
    }

    /// The request without its payload, for which there is room, with the peer's Echo if any.
    pub(crate) fn to_packet(
        self,
        message_id: MessageId,
        token: Token,
        echo: &Option<Echo>,
        room: usize,
    ) -> Result<Packet, RequestError> {
        let envelope = Envelope {
            kind: MessageType::Confirmable,
            message_id,
            token,
        };
        let room_of_echo = echo.as_ref().map_or(0, |_| MAX_ECHO_OPTION);
        let room = self.room_of_options() + room_of_echo + 1 + room;
        let mut packet = Packet::new(envelope, self.method.code(), room);
        for segment in self.path {
            if segment.len() > MAX_SEGMENT || has_slash(segment.as_bytes()) {
                return Err(RequestError::PathSegment(segment.len()));
            }
            packet.push_option(URI_PATH, segment.as_bytes());
        }
        push_content(&mut packet, self.content_format, self.block2);
        push_echo(&mut packet, echo);
        Ok(packet)
    }

    /// Bytes of options at most, for a buffer that need not grow.
    fn room_of_options(&self) -> usize {
        let segments = self.path.iter().map(|segment| 3 + segment.len());
        segments.sum::<usize>() + MAX_CONTENT_OPTIONS
    }
}

/// A request of the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedRequest {
    /// What is asked for.
    pub method: Method,
    path: String,
    /// What the payload is, where told.
    pub content_format: Option<ContentFormat>,
    /// Which block of the response's body is wanted.
    pub block2: Option<BlockOption>,
    /// What a server said before to this client, if it is repeated to us.
    pub echo: Option<Echo>,
    /// The body.
    pub payload: Vec<u8>,
}

impl ReceivedRequest {
    /// The segments of the path joined by slashes, none at either end: `m/0a1b`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The segments of the path; none for the root.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.path.split('/').filter(|_| !self.path.is_empty())
    }

    pub(crate) fn from_packet(packet: Packet) -> Result<Self, Refusal> {
        let code = packet.code();
        let mut request = Self {
            method: Method::from_code(code).ok_or(Refusal::Method(code))?,
            path: String::new(),
            content_format: None,
            block2: None,
            echo: None,
            payload: Vec::new(),
        };
        let mut before = None;
        for (number, value) in packet.options() {
            let is_repeated = before.replace(number) == Some(number);
            match number {
                // Whom the URI names was settled when the datagram reached this endpoint.
                URI_HOST | URI_PORT => {}
                URI_PATH => push_segment(&mut request.path, value, is_repeated)?,
                // Elective, so a second one is passed over.
                CONTENT_FORMAT | ECHO if is_repeated => {}
                CONTENT_FORMAT => request.content_format = content_format(value),
                BLOCK2 if is_repeated => return Err(Refusal::CriticalOption(number)),
                BLOCK2 => {
                    request.block2 = Some(BlockOption::decode(value).map_err(Refusal::Block2)?);
                }
                ECHO => request.echo = echo(value),
                PROXY_URI | PROXY_SCHEME => return Err(Refusal::Proxy),
                _ if is_critical(number) => return Err(Refusal::CriticalOption(number)),
                _ => {}
            }
        }
        request.payload = packet.into_payload();
        Ok(request)
    }
}

fn push_segment(path: &mut String, segment: &[u8], follows: bool) -> Result<(), Refusal> {
    let text = core::str::from_utf8(segment)
        .ok()
        .filter(|text| text.len() <= MAX_SEGMENT)
        .ok_or(Refusal::PathSegment)?;
    if has_slash(segment) {
        return Err(Refusal::SlashInSegment);
    }
    if follows {
        path.push('/');
    }
    path.push_str(text);
    Ok(())
}

#[expect(
    clippy::manual_contains,
    reason = "that looks at words at a time, and is large for it"
)]
fn has_slash(segment: &[u8]) -> bool {
    segment.iter().any(|byte| *byte == b'/')
}
