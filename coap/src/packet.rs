//! A message as one datagram, of which the parts are read and written in place.

use alloc::vec::Vec;

use edgerm_protocol::codec::Encode;
use edgerm_protocol::encode;

use crate::code::Code;
use crate::codec::{HEADER, Layout, Malformed, Options, PAYLOAD_MARKER, VERSION, push_head};
use crate::header::{Envelope, MessageId, MessageType, Token};
use crate::oscore::Context;

/// A well-formed CoAP message, held as the bytes of its datagram: what is sent needs no other
/// buffer, nor does the payload of what is received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    bytes: Vec<u8>,
    layout: Layout,
}

impl Packet {
    /// A message with this header, no options and no payload, and room for so many bytes of
    /// them, and for what protection adds.
    pub(crate) fn new(envelope: Envelope, code: Code, room: usize) -> Self {
        let token = envelope.token.as_bytes();
        let payload = HEADER + token.len();
        let mut bytes = Vec::with_capacity(payload + room + Context::MAX_OVERHEAD);
        let [high, low] = envelope.message_id.0.to_be_bytes();
        let first = VERSION << 6 | envelope.kind.bits() << 4 | envelope.token.length();
        bytes.extend_from_slice(&[first, u8::from(code), high, low]);
        bytes.extend_from_slice(token);
        let layout = Layout {
            last_option: 0,
            payload,
        };
        Self { bytes, layout }
    }

    /// The message in a datagram.
    ///
    /// # Errors
    ///
    /// [`Malformed`], by the rule that the datagram breaks.
    pub fn from_bytes(datagram: &[u8]) -> Result<Self, Malformed> {
        let layout = Layout::of(datagram)?;
        Ok(Self {
            bytes: datagram.to_vec(),
            layout,
        })
    }

    /// The message in a datagram, in the buffer that it came in.
    pub(crate) fn from_vec(bytes: Vec<u8>) -> Result<Self, Malformed> {
        let layout = Layout::of(&bytes)?;
        Ok(Self { bytes, layout })
    }

    /// The datagram.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The datagram.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Its type.
    pub fn kind(&self) -> MessageType {
        MessageType::from_bits(self.byte(0) >> 4)
    }

    /// Its code.
    pub fn code(&self) -> Code {
        Code::from(self.byte(1))
    }

    /// Gives it another code.
    pub fn set_code(&mut self, code: Code) {
        if let Some(byte) = self.bytes.get_mut(1) {
            *byte = u8::from(code);
        }
    }

    /// Its message id.
    pub fn message_id(&self) -> MessageId {
        MessageId(u16::from_be_bytes([self.byte(2), self.byte(3)]))
    }

    /// Its token.
    pub fn token(&self) -> Token {
        let token = self.bytes.get(HEADER..self.options_at());
        token.and_then(Token::new).unwrap_or(Token::EMPTY)
    }

    /// Its options in the order of their numbers, with their values.
    pub fn options(&self) -> Options<'_> {
        Options::new(self.bytes.get(self.options_at()..).unwrap_or(&[]))
    }

    /// Its payload, empty where it has none.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(self.layout.payload..).unwrap_or(&[])
    }

    /// Its payload, in the buffer that it came in.
    pub fn into_payload(mut self) -> Vec<u8> {
        self.bytes
            .drain(..self.layout.payload.min(self.bytes.len()));
        self.bytes
    }

    /// Gives it another payload; none where that is empty.
    pub fn set_payload(&mut self, payload: &[u8]) {
        // The marker goes with the payload that it announces.
        let marker = usize::from(self.layout.payload < self.bytes.len());
        self.bytes.truncate(self.layout.payload - marker);
        if !payload.is_empty() {
            self.bytes.push(PAYLOAD_MARKER);
        }
        self.layout.payload = self.bytes.len();
        self.bytes.extend_from_slice(payload);
    }

    /// Gives a message without a payload the encoding of `body`, which has so many bytes.
    pub(crate) fn encode_payload(&mut self, length: usize, body: &dyn Encode) {
        self.bytes.push(PAYLOAD_MARKER);
        self.layout.payload = self.bytes.len();
        self.bytes.resize(self.layout.payload + length, 0);
        let place = self.bytes.get_mut(self.layout.payload..);
        let encoded = place.map(|place| encode(body, place).map(<[u8]>::len));
        debug_assert_eq!(encoded, Some(Ok(length)));
    }

    /// Adds an option behind those that are there, before there is a payload. Its number is not
    /// below theirs, and its value has at most 255 bytes.
    pub(crate) fn push_option(&mut self, number: u16, value: &[u8]) {
        let delta = number.saturating_sub(self.layout.last_option);
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        push_head(&mut self.bytes, delta, length);
        self.bytes.extend_from_slice(value);
        self.layout.last_option = number;
        self.layout.payload = self.bytes.len();
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    fn options_at(&self) -> usize {
        HEADER + usize::from(self.byte(0) & 0x0f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7252 figure 16: a GET of `temperature`, and its piggybacked response.
    const REQUEST: &[u8] = b"\x40\x01\x7d\x34\xbbtemperature";
    const RESPONSE: &[u8] = b"\x60\x45\x7d\x34\xff22.3 C";

    fn envelope(kind: MessageType, token: &[u8]) -> Envelope {
        Envelope {
            kind,
            message_id: MessageId(0x7d34),
            token: Token::new(token).expect("a token"),
        }
    }

    #[test]
    fn the_rfcs_messages_have_these_bytes() {
        let head = envelope(MessageType::Confirmable, &[]);
        let mut request = Packet::new(head, Code::new(0, 1), 0);
        request.push_option(11, b"temperature");
        assert_eq!(request.as_bytes(), REQUEST);
        let head = envelope(MessageType::Acknowledgement, &[]);
        let mut response = Packet::new(head, Code::CONTENT, 0);
        response.set_payload(b"22.3 C");
        assert_eq!(response.as_bytes(), RESPONSE);
        // With the token of figure 17.
        let head = envelope(MessageType::Confirmable, &[0x20]);
        let tokened = Packet::new(head, Code::new(0, 1), 0);
        assert_eq!(tokened.as_bytes(), b"\x41\x01\x7d\x34\x20");
        assert_eq!(tokened.token().as_bytes(), [0x20]);
    }

    #[test]
    fn what_was_built_is_read_again_as_the_same() {
        let head = envelope(MessageType::NonConfirmable, &[1, 2, 3]);
        let mut packet = Packet::new(head, Code::CHANGED, 32);
        for (number, value) in [(11, &b"a"[..]), (11, b""), (12, &[60]), (300, &[7; 255])] {
            packet.push_option(number, value);
        }
        packet.set_payload(b"body");
        let again = Packet::from_bytes(packet.as_bytes()).expect("well formed");
        assert_eq!(again, packet);
        assert_eq!(again.kind(), MessageType::NonConfirmable);
        assert_eq!(again.code(), Code::CHANGED);
        assert_eq!(again.message_id(), MessageId(0x7d34));
        assert_eq!(again.options().count(), 4);
        assert_eq!(again.payload(), b"body");
        assert_eq!(again.into_payload(), b"body");
    }

    #[test]
    fn a_payload_takes_the_place_of_the_one_before() {
        let mut packet = Packet::from_bytes(RESPONSE).expect("well formed");
        for payload in [&b"longer than before"[..], b"", b"x", b""] {
            packet.set_payload(payload);
            packet.set_code(Code::CREATED);
            let again = Packet::from_bytes(packet.as_bytes()).expect("well formed");
            assert_eq!((again.code(), again.payload()), (Code::CREATED, payload));
        }
        assert_eq!(packet.as_bytes(), b"\x60\x41\x7d\x34");
    }
}
