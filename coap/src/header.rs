//! What the first bytes of a message carry beside its code: type, message id, token.

use core::fmt;

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

impl MessageType {
    /// The two bits on the wire.
    pub(crate) const fn bits(self) -> u8 {
        match self {
            Self::Confirmable => 0,
            Self::NonConfirmable => 1,
            Self::Acknowledgement => 2,
            Self::Reset => 3,
        }
    }

    /// The type of the two lowest bits.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Confirmable,
            1 => Self::NonConfirmable,
            2 => Self::Acknowledgement,
            _ => Self::Reset,
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

    /// The token without bytes.
    pub(crate) const EMPTY: Self = Self {
        len: 0,
        bytes: [0; Self::MAX],
    };

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

    /// How many bytes it has.
    pub(crate) const fn length(self) -> u8 {
        self.len
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
