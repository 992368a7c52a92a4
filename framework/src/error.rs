//! What a call can end in, if not in its answer.

use std::error::Error as StdError;
use std::time::Duration;

use edgerm_protocol::api::Refusal;

/// Anything an error may wrap.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why a call has no answer, or none that was hoped for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is no address of a master.
    #[error(
        "{url:?} is no address of a master: {reason}; write it as http://host:port or https://host:port"
    )]
    Address {
        /// The text.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text cannot be a token.
    #[error("the token has characters that no token has: is it whole, and on one line?")]
    Token,
    /// The certificates of authorities are no use.
    #[error("no authorities to trust a master by: {0}; give a file of certificates in PEM")]
    Authorities(String),
    /// No connection came about, so nothing was asked: the call may be made again.
    #[error("cannot reach the master at {url}: {}", root(source.as_ref()))]
    Unreachable {
        /// The master's address.
        url: String,
        /// What the network said.
        source: BoxError,
    },
    /// The connection broke before the whole answer was here: the call may have been done.
    #[error("the connection to the master at {url} broke during {call}, which may or may not have been done: {}", root(source.as_ref()))]
    Broken {
        /// The master's address.
        url: String,
        /// The call: `POST /v1/offers`.
        call: String,
        /// What the network said.
        source: BoxError,
    },
    /// The master did not answer in time: the call may have been done.
    #[error("the master at {url} has not answered {call} within {} s, which may or may not have been done", patience.as_secs())]
    Silent {
        /// The master's address.
        url: String,
        /// The call: `POST /v1/offers`.
        call: String,
        /// How long was waited.
        patience: Duration,
    },
    /// The master refused the call, which has changed nothing.
    #[error("{}{}", refusal.message, field(refusal))]
    Refused {
        /// The call: `POST /v1/offers`.
        call: String,
        /// The HTTP status, 400 to 599.
        status: u16,
        /// The rule that was broken, for programs and for people.
        refusal: Refusal,
    },
    /// What answered speaks another protocol.
    #[error(
        "what answers at {url} is no EdgeRM master that this client understands: {call} gave {what}"
    )]
    Protocol {
        /// The master's address.
        url: String,
        /// The call: `POST /v1/offers`.
        call: String,
        /// What was wrong with the answer.
        what: Malformed,
    },
    /// The system has no entropy to draw an id from.
    #[error("no entropy to draw a task id from: {0}")]
    Entropy(getrandom::Error),
}

/// What is wrong with an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The body is not the JSON that the API promises.
    #[error("JSON that does not fit: {0}")]
    Json(#[from] serde_json::Error),
    /// A failure without the API's refusal in its body.
    #[error("HTTP status {0} without a refusal that says why")]
    Status(u16),
    /// More bytes than any answer has.
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// A list without the members that it must have.
    #[error("an empty list")]
    Empty,
    /// A list whose pages go round in a circle.
    #[error("a page whose `next` is not beyond the one before")]
    Circular,
}

impl Error {
    /// Whether the call may have been done although there is no answer.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Silent { .. } => true,
            Self::Address { .. }
            | Self::Token
            | Self::Authorities(_)
            | Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Protocol { .. }
            | Self::Entropy(_) => false,
        }
    }

    /// The rule that the call broke, where it was refused: `offerExpired`.
    pub fn refusal_code(&self) -> Option<&str> {
        match self {
            Self::Refused { refusal, .. } => Some(&refusal.code),
            Self::Address { .. }
            | Self::Token
            | Self::Authorities(_)
            | Self::Unreachable { .. }
            | Self::Broken { .. }
            | Self::Silent { .. }
            | Self::Protocol { .. }
            | Self::Entropy(_) => None,
        }
    }

    /// Whether the call was refused because what it names is not there (any more).
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                status: 404 | 410,
                ..
            }
        )
    }
}

/// The innermost cause, which is the one that tells people something.
fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

fn field(refusal: &Refusal) -> String {
    match &refusal.field {
        Some(field) => format!(" (field {field})"),
        None => String::new(),
    }
}
