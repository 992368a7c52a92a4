//! Requests and responses as the application sees them, and their way into and out of packets.

use alloc::string::String;
use alloc::vec::Vec;

use coap_lite::{CoapOption, Packet};

use crate::block::{BlockOption, BlockSlice};
use crate::code::{Code, ContentFormat, Method};
use crate::error::{Refusal, RequestError};
use crate::header::{MessageId, MessageType, Token};
use crate::inbox::Envelope;
use crate::option::{
    BLOCK2, CONTENT_FORMAT, MAX_SEGMENT, PROXY_SCHEME, PROXY_URI, SIZE2, URI_HOST, URI_PATH,
    URI_PORT, decode_uint, encode_uint, is_critical,
};

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

    pub(crate) fn to_packet(
        self,
        message_id: MessageId,
        token: Token,
    ) -> Result<Packet, RequestError> {
        let mut packet = packet(
            MessageType::Confirmable,
            self.method.code(),
            message_id,
            token,
        );
        for segment in self.path {
            if segment.len() > MAX_SEGMENT || segment.contains('/') {
                return Err(RequestError::PathSegment(segment.len()));
            }
            packet.add_option(CoapOption::UriPath, segment.as_bytes().to_vec());
        }
        add_content(&mut packet, self.content_format, self.block2, self.payload);
        Ok(packet)
    }
}

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
        let Envelope {
            kind,
            message_id,
            token,
        } = envelope;
        let mut packet = packet(kind, self.code, message_id, token);
        add_content(&mut packet, self.content_format, self.block2, self.payload);
        if let Some(total) = self.size2 {
            packet.add_option(CoapOption::Size2, encode_uint(total));
        }
        packet
    }
}

fn packet(kind: MessageType, code: Code, message_id: MessageId, token: Token) -> Packet {
    let mut packet = Packet::new();
    packet.header.set_type(kind.into());
    packet.header.code = u8::from(code).into();
    packet.header.message_id = message_id.0;
    packet.set_token(token.as_bytes().to_vec());
    packet
}

fn add_content(
    packet: &mut Packet,
    content_format: Option<ContentFormat>,
    block2: Option<BlockOption>,
    payload: &[u8],
) {
    if let Some(ContentFormat(number)) = content_format {
        packet.add_option(CoapOption::ContentFormat, encode_uint(u32::from(number)));
    }
    if let Some(block) = block2 {
        packet.add_option(CoapOption::Block2, block.encode());
    }
    packet.payload = payload.to_vec();
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
        let code = Code::from(u8::from(packet.header.code));
        let mut request = Self {
            method: Method::from_code(code).ok_or(Refusal::Method(code))?,
            path: String::new(),
            content_format: None,
            block2: None,
            payload: Vec::new(),
        };
        for (&number, values) in packet.options() {
            let Some(first) = values.front() else {
                continue;
            };
            match number {
                // Whom the URI names was settled when the datagram reached this endpoint.
                URI_HOST | URI_PORT => {}
                URI_PATH => request.path = join(values)?,
                CONTENT_FORMAT => request.content_format = content_format(first),
                BLOCK2 if values.len() > 1 => return Err(Refusal::CriticalOption(number)),
                BLOCK2 => {
                    request.block2 = Some(BlockOption::decode(first).map_err(Refusal::Block2)?);
                }
                PROXY_URI | PROXY_SCHEME => return Err(Refusal::Proxy),
                _ if is_critical(number) => return Err(Refusal::CriticalOption(number)),
                _ => {}
            }
        }
        request.payload = packet.payload;
        Ok(request)
    }
}

fn join<'a>(segments: impl IntoIterator<Item = &'a Vec<u8>>) -> Result<String, Refusal> {
    let mut path = String::new();
    for (index, segment) in segments.into_iter().enumerate() {
        let text = core::str::from_utf8(segment)
            .ok()
            .filter(|text| text.len() <= MAX_SEGMENT)
            .ok_or(Refusal::PathSegment)?;
        if text.contains('/') {
            return Err(Refusal::SlashInSegment);
        }
        if index > 0 {
            path.push('/');
        }
        path.push_str(text);
    }
    Ok(path)
}

/// An elective option, so ignored where it is out of range (RFC 7252 section 5.4.3).
fn content_format(value: &[u8]) -> Option<ContentFormat> {
    let number = decode_uint(value)?;
    u16::try_from(number).ok().map(ContentFormat)
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
            code: Code::from(u8::from(packet.header.code)),
            content_format: None,
            block2: None,
            size2: None,
            payload: Vec::new(),
        };
        for (&number, values) in packet.options() {
            let Some(first) = values.front() else {
                continue;
            };
            match number {
                CONTENT_FORMAT => response.content_format = content_format(first),
                SIZE2 => response.size2 = decode_uint(first),
                BLOCK2 if values.len() == 1 => {
                    response.block2 = Some(BlockOption::decode(first).map_err(|_| number)?);
                }
                _ if is_critical(number) => return Err(number),
                _ => {}
            }
        }
        response.payload = packet.payload;
        Ok(response)
    }
}
