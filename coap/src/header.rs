//! What the first bytes of a message carry beside its code: type, message id, token.

use coap_lite::Packet;
use core::fmt;

use crate::code::Code;

/// The type of a message (RFC 7252 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// To be acknowledged, else retransmitted.
    Confirmable,
    /// Not to be acknowledged.
    NonConfirmable,
    /// Acknowledges a confirmable message, and may carry the response.
    Acknowledgement,
    /// Says that a message was received and could not be processed.
    Reset,
}

impl From<coap_lite::MessageType> for MessageType {
    fn from(codec: coap_lite::MessageType) -> Self {
        match codec {
            coap_lite::MessageType::Confirmable => Self::Confirmable,
            coap_lite::MessageType::NonConfirmable => Self::NonConfirmable,
            coap_lite::MessageType::Acknowledgement => Self::Acknowledgement,
            coap_lite::MessageType::Reset => Self::Reset,
        }
    }
}

impl From<MessageType> for coap_lite::MessageType {
    fn from(ours: MessageType) -> Self {
        match ours {
            MessageType::Confirmable => Self::Confirmable,
            MessageType::NonConfirmable => Self::NonConfirmable,
            MessageType::Acknowledgement => Self::Acknowledgement,
            MessageType::Reset => Self::Reset,
        }
    }
}

/// Matches acknowledgements and resets to messages, and tells duplicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub u16);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// Matches a response to its request: 0 to 8 bytes that the requester chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token {
    len: u8,
    bytes: [u8; Token::MAX],
}

impl Token {
    /// Longest token, in bytes (RFC 7252 section 3).
    pub const MAX: usize = 8;

    /// The token of these bytes, unless they are more than [`Token::MAX`].
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut token = Self {
            len: u8::try_from(bytes.len()).ok()?,
            bytes: [0; Self::MAX],
        };
        token.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(token)
    }

    /// The two-byte token of a number: what this endpoint's own requests carry.
    pub(crate) fn short(number: u16) -> Self {
        let [high, low] = number.to_be_bytes();
        Self {
            len: 2,
            bytes: [high, low, 0, 0, 0, 0, 0, 0],
        }
    }

    /// The bytes on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// How a message of ours is headed, apart from its code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope {
    pub(crate) kind: MessageType,
    pub(crate) message_id: MessageId,
    pub(crate) token: Token,
}

impl Envelope {
    /// A packet with this header and nothing else.
    pub(crate) fn packet(self, code: Code) -> Packet {
        let mut packet = Packet::new();
        packet.header.set_type(self.kind.into());
        packet.header.code = u8::from(code).into();
        packet.header.message_id = self.message_id.0;
        packet.set_token(self.token.as_bytes().to_vec());
        packet
    }
}
