//! Why a message was not protected, which is our driver's doing, or not unprotected, which is
//! the peer's.

use core::fmt;

use super::nonce::PartialIv;
use super::option::OptionError;
use crate::code::Code;
use crate::codec::Malformed;
use crate::security::SecurityError;

/// Why a message was not protected. The buffer holds it as it was, but for
/// [`ProtectError::TooLong`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtectError {
    /// It is not a CoAP message, or its buffer is shorter than was said.
    Malformed(Malformed),
    /// Its code is not one of such a message.
    Code(Code),
    /// It has an OSCORE option already.
    AlreadyProtected,
    /// It has a Proxy-Uri option, which must be taken apart first (RFC 8613 section 4.1.3.3).
    ProxyUri,
    /// The buffer must have this many bytes.
    Capacity {
        /// Bytes from the buffer's beginning.
        needed: usize,
    },
    /// The kid context has more than 255 bytes, or does not fit the option.
    IdContext,
    /// The message is longer than the cipher takes, 64 KiB. It may be in pieces.
    TooLong,
    /// The context has protected all the messages it may: derive another.
    Exhausted,
}

impl fmt::Display for ProtectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Code(code) => write!(f, "code {code} is not one of such a message"),
            Self::AlreadyProtected => f.write_str("message is protected already"),
            Self::ProxyUri => f.write_str("message has a Proxy-Uri"),
            Self::Capacity { needed } => write!(f, "buffer must have {needed} bytes"),
            Self::IdContext => f.write_str("kid context is too long"),
            Self::TooLong => f.write_str("message is over 64 KiB"),
            Self::Exhausted => f.write_str("sequence numbers are used up"),
        }
    }
}

impl core::error::Error for ProtectError {}

impl From<ProtectError> for SecurityError {
    fn from(error: ProtectError) -> Self {
        match error {
            ProtectError::Exhausted => Self::Exhausted,
            ProtectError::Malformed(_)
            | ProtectError::Code(_)
            | ProtectError::AlreadyProtected
            | ProtectError::ProxyUri
            | ProtectError::Capacity { .. }
            | ProtectError::IdContext
            | ProtectError::TooLong => Self::Malformed,
        }
    }
}

/// Why a message was not unprotected. Its buffer holds nothing of use afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnprotectError {
    /// It is not a CoAP message.
    Malformed(Malformed),
    /// Its code is not one of such a message.
    Code(Code),
    /// It has no OSCORE option.
    Unprotected,
    /// It has two OSCORE options.
    Repeated,
    /// Its OSCORE option cannot be read.
    Option(OptionError),
    /// A request without a Partial IV or without a kid.
    Incomplete,
    /// Its payload is shorter than a code and a tag.
    TooShort(usize),
    /// Its kid or kid context is not that of this context.
    UnknownContext,
    /// A request that was accepted before, or is too old to tell.
    Replayed(PartialIv),
    /// It does not verify: another key, another request, or tampered with.
    Unauthentic,
    /// It verifies, and the code inside is not one of such a message.
    InnerCode(Code),
    /// It verifies, and what is inside is not options and a payload.
    InnerMalformed(Malformed),
    /// It verifies, and this option is inside, which belongs outside.
    InnerOption(u16),
}

impl fmt::Display for UnprotectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::Code(code) => write!(f, "code {code} is not one of such a message"),
            Self::Unprotected => f.write_str("message is not protected"),
            Self::Repeated => f.write_str("two OSCORE options"),
            Self::Option(error) => write!(f, "OSCORE option: {error}"),
            Self::Incomplete => f.write_str("request without partial IV or kid"),
            Self::TooShort(len) => write!(f, "{len} bytes are no ciphertext"),
            Self::UnknownContext => f.write_str("message is of another security context"),
            Self::Replayed(partial_iv) => {
                write!(f, "request {} is a replay", partial_iv.number())
            }
            Self::Unauthentic => f.write_str("message does not verify"),
            Self::InnerCode(code) => write!(f, "code {code} inside a message unlike it"),
            Self::InnerMalformed(malformed) => write!(f, "inside: {malformed}"),
            Self::InnerOption(number) => write!(f, "option {number} inside"),
        }
    }
}

impl core::error::Error for UnprotectError {}

impl From<UnprotectError> for SecurityError {
    fn from(error: UnprotectError) -> Self {
        match error {
            UnprotectError::Unprotected => Self::Unprotected,
            UnprotectError::UnknownContext => Self::UnknownKey,
            UnprotectError::Replayed(_) => Self::Replayed,
            UnprotectError::Unauthentic => Self::Unauthentic,
            UnprotectError::Malformed(_)
            | UnprotectError::Code(_)
            | UnprotectError::Repeated
            | UnprotectError::Option(_)
            | UnprotectError::Incomplete
            | UnprotectError::TooShort(_)
            | UnprotectError::InnerCode(_)
            | UnprotectError::InnerMalformed(_)
            | UnprotectError::InnerOption(_) => Self::Malformed,
        }
    }
}
