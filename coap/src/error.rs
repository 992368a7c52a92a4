//! What can go wrong: the peer's fault ([`Ignored`], [`Refusal`]) and the driver's
//! ([`RequestError`], [`RespondError`]) never share a type.

use core::fmt;

use edgerm_protocol::words::{self, Say, Words};

use crate::block::BlockOptionError;
use crate::code::Code;
use crate::codec::Malformed;
use crate::header::{MessageId, MessageType, Token};
use crate::inbox::RequestId;
use crate::security::SecurityError;

/// Why a datagram made no event. Nothing for the driver to do but to count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// Longer than this endpoint accepts.
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The most accepted.
        max: usize,
    },
    /// Not a CoAP message.
    Malformed(Malformed),
    /// A type that may not carry this code (RFC 7252 table 1).
    Forbidden(MessageType, Code),
    /// A code of a reserved class: 1, 3, 6 or 7. Reset where it was confirmable.
    ReservedClass(Code),
    /// An empty confirmable message, answered with a reset as the sender hoped.
    Ping,
    /// A request that still waits for our application's answer.
    DuplicatePending(RequestId),
    /// A request answered before; where confirmable, its reply goes out again.
    DuplicateAnswered,
    /// A separate response taken before; its acknowledgement goes out again.
    DuplicateResponse(MessageId),
    /// So many requests wait already; the peer's retransmission may find room.
    Overloaded(usize),
    /// The security layer did not accept it.
    Security(SecurityError),
    /// A request that no application would understand. Answered, unless the option is
    /// critical and the request not confirmable (RFC 7252 section 5.4.1).
    Refused(Refusal),
    /// A response with an option that is critical and unknown, or known and unreadable.
    BadResponseOption(u16),
    /// A response to no request of ours that is outstanding. Reset where it was confirmable.
    UnmatchedResponse(Token),
    /// An acknowledgement of no message of ours that waits for one.
    UnmatchedAcknowledgement(MessageId),
    /// A reset of no message of ours that waits.
    UnmatchedReset(MessageId),
}

impl Ignored {
    /// A short constant name in `snake_case`, for the label of a counter.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Malformed(_) => "malformed",
            Self::Forbidden(..) => "forbidden",
            Self::ReservedClass(_) => "reserved_class",
            Self::Ping => "ping",
            Self::DuplicatePending(_) => "duplicate_pending",
            Self::DuplicateAnswered => "duplicate_answered",
            Self::DuplicateResponse(_) => "duplicate_response",
            Self::Overloaded(_) => "overloaded",
            Self::Security(_) => "security",
            Self::Refused(_) => "refused",
            Self::BadResponseOption(_) => "bad_response_option",
            Self::UnmatchedResponse(_) => "unmatched_response",
            Self::UnmatchedAcknowledgement(_) => "unmatched_acknowledgement",
            Self::UnmatchedReset(_) => "unmatched_reset",
        }
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { len, max } => write!(f, "datagram of {len} bytes, over {max}"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Forbidden(kind, code) => write!(f, "{kind:?} message may not carry {code}"),
            Self::ReservedClass(code) => write!(f, "code {code} is of a reserved class"),
            Self::Ping => f.write_str("ping"),
            Self::DuplicatePending(id) => write!(f, "duplicate of {id}, not answered yet"),
            Self::DuplicateAnswered => f.write_str("duplicate of an answered request"),
            Self::DuplicateResponse(id) => write!(f, "duplicate of separate response {id}"),
            Self::Overloaded(waiting) => write!(f, "{waiting} requests wait already"),
            Self::Security(error) => error.fmt(f),
            Self::Refused(refusal) => write!(f, "request refused: {refusal}"),
            Self::BadResponseOption(number) => write!(f, "response with bad option {number}"),
            Self::UnmatchedResponse(token) => write!(f, "response to unknown token {token}"),
            Self::UnmatchedAcknowledgement(id) => write!(f, "acknowledgement of unknown {id}"),
            Self::UnmatchedReset(id) => write!(f, "reset of unknown {id}"),
        }
    }
}

impl core::error::Error for Ignored {}

impl From<Malformed> for Ignored {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<SecurityError> for Ignored {
    fn from(error: SecurityError) -> Self {
        Self::Security(error)
    }
}

/// Why a well-formed request is answered with an error before any application sees it.
/// Its `Display` is the diagnostic payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A method that is none of GET, POST, PUT and DELETE: 4.05.
    Method(Code),
    /// A critical option that is unknown, or repeated where it may not be: 4.02.
    CriticalOption(u16),
    /// A segment of the path that is not UTF-8 or over 255 bytes: 4.02.
    PathSegment,
    /// A segment of the path with a slash inside, which no resource here is called: 4.04.
    SlashInSegment,
    /// A Block2 option that says nothing: 4.00 for the reserved size (RFC 7959 section 2.2),
    /// 4.02 for one too long.
    Block2(BlockOptionError),
    /// We are asked to be a proxy: 5.05.
    Proxy,
}

impl Refusal {
    /// The code of the answer.
    pub const fn code(&self) -> Code {
        match self {
            Self::Method(_) => Code::METHOD_NOT_ALLOWED,
            Self::CriticalOption(_) | Self::PathSegment => Code::BAD_OPTION,
            Self::SlashInSegment => Code::NOT_FOUND,
            Self::Block2(BlockOptionError::ReservedSize) => Code::BAD_REQUEST,
            Self::Block2(BlockOptionError::TooLong(_)) => Code::BAD_OPTION,
            Self::Proxy => Code::PROXYING_NOT_SUPPORTED,
        }
    }
}

impl Say for Refusal {
    fn say(&self, words: &mut Words<'_>) {
        match *self {
            Self::Method(code) => words
                .text("method ")
                .of(&code)
                .text(" is not one of 0.01 to 0.04"),
            Self::CriticalOption(number) => words
                .text("option ")
                .number(number.into())
                .text(" is not understood"),
            Self::PathSegment => words.text("Uri-Path is not UTF-8 of at most 255 bytes"),
            Self::SlashInSegment => words.text("Uri-Path segment has a slash in it"),
            Self::Block2(error) => words.of(&error),
            Self::Proxy => words.text("this is not a proxy"),
        };
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        words::display(self, f)
    }
}

impl core::error::Error for Refusal {}

/// Why a request of ours was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// One is outstanding, and a peer is asked one thing at a time (`NSTART`, RFC 7252
    /// section 4.7): wait for its event, or cancel it.
    Busy,
    /// The datagram would be longer than may be sent.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The most that may be sent.
        max: usize,
    },
    /// A segment of the path has this many bytes, over 255, or a slash in it.
    PathSegment(usize),
    /// The security layer would not protect it.
    Security(SecurityError),
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("a request is outstanding"),
            Self::TooLarge { len, max } => {
                write!(f, "request takes {len} bytes, at most {max} may be sent")
            }
            Self::PathSegment(len) => {
                write!(
                    f,
                    "path segment of {len} bytes is over 255 or has a slash in it"
                )
            }
            Self::Security(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RequestError {}

/// Why an answer was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RespondError {
    /// No request of this id waits: it was answered, or is older than the exchange lifetime.
    UnknownRequest(RequestId),
    /// The code is not one of a response. The request still waits for an answer.
    NotAResponse(Code),
    /// The datagram would be longer than may be sent. The request still waits for an answer.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The most that may be sent.
        max: usize,
    },
    /// The security layer would not protect it. The request still waits for an answer.
    Security(SecurityError),
}

impl fmt::Display for RespondError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRequest(id) => write!(f, "{id} waits for no answer"),
            Self::NotAResponse(code) => write!(f, "code {code} is not a response's"),
            Self::TooLarge { len, max } => {
                write!(f, "response takes {len} bytes, at most {max} may be sent")
            }
            Self::Security(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for RespondError {}
