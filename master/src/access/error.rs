//! Why a token is not issued or not revoked, an agent not enrolled.

use std::io;

use edgerm_protocol::codec::TextError;

use super::{NameError, PolicyError, StoreError};
use crate::refusal::Refuse;

/// Why nothing was done with a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The name is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The policy is none.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Another token is called so.
    #[error("there is a token called {0:?} already: revoke it, or choose another name")]
    NameUsed(String),
    /// With it, nobody could issue another.
    #[error("the first token must be an operator's, or nobody could issue another")]
    FirstNotOperator,
    /// Without it, nobody could issue another.
    #[error(
        "{0:?} is the last operator's token: without it nobody could issue another; revoke the \
         other tokens first, or issue another operator's"
    )]
    LastOperator(String),
    /// So many were issued.
    #[error("{0} tokens were issued, as many as this master keeps: revoke one")]
    TooMany(usize),
    /// There is no such token.
    #[error("there is no token called {0:?}: list them with GET /v1/tokens")]
    Unknown(String),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing was done about an agent's enrolment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// The name is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The agent has a credential.
    #[error(
        "the agent {0:?} is enrolled already: rotate its credential, or revoke it first, or \
         choose another name"
    )]
    Enrolled(String),
    /// So many are enrolled.
    #[error("{0} agents are enrolled, as many as this master keeps: revoke one")]
    TooMany(usize),
    /// There is no such agent.
    #[error("no agent called {0:?} is enrolled: list them with GET /v1/enrollments")]
    Unknown(String),
    /// The system gives no entropy.
    #[error("the system gives no entropy: {0}")]
    Entropy(io::Error),
    /// The system gives the same entropy again and again.
    #[error("the system's entropy repeats itself, so no secret can be drawn from it")]
    Repeats,
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refuse for EnrollError {
    fn status(&self) -> u16 {
        match self {
            Self::Name(_) => 422,
            Self::Enrolled(_) => 409,
            Self::Unknown(_) => 404,
            Self::TooMany(_) | Self::Entropy(_) | Self::Repeats | Self::Store(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "badName",
            Self::Enrolled(_) => "alreadyEnrolled",
            Self::Unknown(_) => "notEnrolled",
            Self::TooMany(_) => "tooManyEnrolled",
            Self::Entropy(_) | Self::Repeats => "noEntropy",
            Self::Store(_) => "notKept",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Name(_) | Self::Enrolled(_) => Some("name".to_owned()),
            Self::Unknown(_)
            | Self::TooMany(_)
            | Self::Entropy(_)
            | Self::Repeats
            | Self::Store(_) => None,
        }
    }
}

/// Why nothing was done with a join token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinTokenError {
    /// Its label is no text of a name's length.
    #[error("the label is {0}")]
    Label(TextError),
    /// It would last so many seconds.
    #[error("expiresIn is {0} s: a join token lasts 1 to {1} s")]
    Expiry(u64, u64),
    /// So many agents could join with it.
    #[error("uses is {0}: 1 to {1} agents may join with one token")]
    Uses(u32, u32),
    /// So many were issued.
    #[error("{0} join tokens were issued, as many as this master keeps: revoke one")]
    TooMany(usize),
    /// There is no such token.
    #[error("there is no join token with the id {0:?}: list them with GET /v1/join-tokens")]
    Unknown(String),
    /// The system gives no entropy.
    #[error("the system gives no entropy: {0}")]
    Entropy(io::Error),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Refuse for JoinTokenError {
    fn status(&self) -> u16 {
        match self {
            Self::Label(_) | Self::Expiry(..) | Self::Uses(..) => 422,
            Self::Unknown(_) => 404,
            Self::TooMany(_) | Self::Entropy(_) | Self::Store(_) => 503,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Label(_) => "badLabel",
            Self::Expiry(..) => "badExpiry",
            Self::Uses(..) => "badUses",
            Self::Unknown(_) => "unknownJoinToken",
            Self::TooMany(_) => "tooManyJoinTokens",
            Self::Entropy(_) => "noEntropy",
            Self::Store(_) => "notKept",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Label(_) => Some("label".to_owned()),
            Self::Expiry(..) => Some("expiresIn".to_owned()),
            Self::Uses(..) => Some("uses".to_owned()),
            Self::Unknown(_) | Self::TooMany(_) | Self::Entropy(_) | Self::Store(_) => None,
        }
    }
}

/// Why an agent does not join.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// A field is not so many bytes in hexadecimal digits.
    #[error("{0} must be {1} hexadecimal digits")]
    Digits(&'static str, usize),
    /// The token is none, has expired, is used up, was revoked or is dead, or the proof is wrong:
    /// which, is not told.
    #[error(
        "nobody joins with this: the token is unknown, expired or used up, or the proof is not \
         of it; ask an operator for another token"
    )]
    Denied,
    /// The agent is not enrolled.
    #[error(transparent)]
    Enroll(#[from] EnrollError),
}

impl From<StoreError> for JoinError {
    fn from(error: StoreError) -> Self {
        Self::Enroll(error.into())
    }
}

impl Refuse for JoinError {
    fn status(&self) -> u16 {
        match self {
            Self::Digits(..) => 422,
            Self::Denied => 401,
            Self::Enroll(error) => error.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Digits(..) => "badDigits",
            Self::Denied => "joinDenied",
            Self::Enroll(error) => error.code(),
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Digits(field, _) => Some((*field).to_owned()),
            Self::Denied => None,
            Self::Enroll(error) => error.field(),
        }
    }
}

impl Refuse for TokenError {
    fn status(&self) -> u16 {
        match self {
            Self::Name(_) | Self::Policy(_) => 422,
            Self::NameUsed(_) | Self::FirstNotOperator | Self::LastOperator(_) => 409,
            Self::TooMany(_) | Self::Store(_) => 503,
            Self::Unknown(_) => 404,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "badName",
            Self::Policy(_) => "badPolicy",
            Self::NameUsed(_) => "nameUsed",
            Self::FirstNotOperator => "firstNotOperator",
            Self::LastOperator(_) => "lastOperator",
            Self::TooMany(_) => "tooManyTokens",
            Self::Unknown(_) => "unknownToken",
            Self::Store(_) => "notKept",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::Name(_) | Self::NameUsed(_) => Some("name".to_owned()),
            Self::Policy(error) => Some(error.field().to_owned()),
            Self::FirstNotOperator => Some("role".to_owned()),
            Self::LastOperator(_) | Self::TooMany(_) | Self::Unknown(_) | Self::Store(_) => None,
        }
    }
}
