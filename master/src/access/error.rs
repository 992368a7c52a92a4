//! Why a token is not issued, or not revoked.

use edgerm_protocol::codec::TextError;

use super::StoreError;
use crate::refusal::Refuse;

/// Why nothing was done with a token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The name is no name.
    #[error("the name is {0}")]
    Name(TextError),
    /// The name has other characters.
    #[error("the name {0:?} may have letters, digits, '-', '_' and '.' alone")]
    Characters(String),
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

impl Refuse for TokenError {
    fn status(&self) -> u16 {
        match self {
            Self::Name(_) | Self::Characters(_) => 422,
            Self::NameUsed(_) | Self::FirstNotOperator | Self::LastOperator(_) => 409,
            Self::TooMany(_) | Self::Store(_) => 503,
            Self::Unknown(_) => 404,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Name(_) | Self::Characters(_) => "badName",
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
            Self::Name(_) | Self::Characters(_) | Self::NameUsed(_) => Some("name".to_owned()),
            Self::FirstNotOperator => Some("role".to_owned()),
            Self::LastOperator(_) | Self::TooMany(_) | Self::Unknown(_) | Self::Store(_) => None,
        }
    }
}
