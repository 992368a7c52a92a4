//! Fresh keys at each boot of either end, out of one secret that lasts (RFC 8613 appendix B.2):
//! both ends put random bytes into the ID Context.
//!
//! ```text
//!  client (node)                                  server (master)
//!    Asking                                         Challenges
//!       | -- request 1, kid context R1 -------------->  |  ID Context R1: verifies
//!       | <- 4.01, kid context R2 --------------------  |  ID Context R2 || R1
//!    Confirming                                         |
//!       | -- request 2, kid context R2 || R3 -------->  |  ID Context R2 || R3: established
//!       | <- response 2 ------------------------------  |
//!    Established
//! ```
//!
//! Request 1 proves nothing but that its sender had the secret once, so it is never acted
//! upon. Request 2 is fresh for the server, whose R2 is in its key, and response 2 is fresh for
//! the client, whose R3 is. Either may be any request and response.
//!
//! A server keeps nothing for a request 1, which anybody may replay: it knows its own R2 again
//! by a code of authentication, and keeps one number for each client, of which R2 are over.
//!
//! What a server does with a datagram from a client that has a context already: where
//! [`Context::is_named_by`](super::Context::is_named_by) is true, the datagram is that
//! context's; else, where it has a kid context, it is [`Challenges::handle_request`]'s; else
//! its sender is to begin anew, for which an unprotected 4.01 is the hint.

use core::fmt;

use super::context::DeriveError;
use super::error::UnprotectError;
use crate::code::Code;
use crate::security::SecurityError;

mod client;
mod server;

pub use client::{Answer, ClientRekey};
pub use server::{Challenge, Challenges, Heard, Settled};

/// Random bytes of one of R1 and R3, and the fewest accepted of a peer's.
pub const NONCE: usize = 8;

/// Why a message did not bring new keys nearer. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RekeyError {
    /// It was not unprotected.
    Unprotect(UnprotectError),
    /// No context could be derived with the keying.
    Derive(DeriveError),
    /// It has no kid context that is a byte string of CBOR.
    NoIdContext,
    /// Its kid context has so many random bytes, which is too few to be new, or more than an
    /// ID Context holds with ours.
    IdContextLength(usize),
    /// A request 2 whose R2 is over: a replay, or of a run that another one overtook.
    Settled,
    /// The response to request 1 has this code, which is not 4.01.
    Code(Code),
    /// Our driver gave random bytes that it had given before, and keys would be used twice.
    StaleEntropy,
    /// The exchange is over.
    Established,
    /// This boot of the server has given out every R2 that it may.
    Exhausted,
}

impl fmt::Display for RekeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unprotect(error) => error.fmt(f),
            Self::Derive(error) => error.fmt(f),
            Self::NoIdContext => f.write_str("no kid context to derive keys with"),
            Self::IdContextLength(len) => write!(f, "kid context has {len} random bytes"),
            Self::Settled => f.write_str("kid context was for keys of before"),
            Self::Code(code) => write!(f, "code {code} instead of 4.01"),
            Self::StaleEntropy => f.write_str("random bytes are those of before"),
            Self::Established => f.write_str("keys are established"),
            Self::Exhausted => f.write_str("challenges are used up"),
        }
    }
}

impl core::error::Error for RekeyError {}

impl From<RekeyError> for SecurityError {
    fn from(error: RekeyError) -> Self {
        match error {
            RekeyError::Unprotect(error) => error.into(),
            RekeyError::Settled => Self::Replayed,
            RekeyError::Exhausted => Self::Exhausted,
            RekeyError::Derive(_)
            | RekeyError::NoIdContext
            | RekeyError::IdContextLength(_)
            | RekeyError::Code(_)
            | RekeyError::StaleEntropy
            | RekeyError::Established => Self::Malformed,
        }
    }
}

impl From<UnprotectError> for RekeyError {
    fn from(error: UnprotectError) -> Self {
        Self::Unprotect(error)
    }
}

impl From<DeriveError> for RekeyError {
    fn from(error: DeriveError) -> Self {
        Self::Derive(error)
    }
}
