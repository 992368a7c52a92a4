//! Who calls the API and what they may do, and who may be an agent.
//!
//! A caller proves itself with a bearer token (RFC 6750), which is 32 bytes of entropy: no
//! password, so a plain SHA-256 of it may be kept. Where a master has no token at all, whoever
//! reaches it is an operator, and it listens on loopback alone. The first token ends that.
//!
//! An agent proves itself with a [`Credential`](edgerm_coap::oscore::Credential), of which the
//! master has the same: there is no keeping a digest of it alone.
//!
//! | file | is |
//! |---|---|
//! | `secret` | a token as its bearer has it, and its digest |
//! | `caller` | who calls, and what is theirs |
//! | `tokens` | the tokens of a master |
//! | `agents` | the enrolled agents of a master |
//! | `join` | tokens with which agents enrol themselves |
//! | `name` | what tokens and agents are called |
//! | `policy` | what the policy of a token may say |
//! | `error` | why a token is not issued or not revoked, an agent not enrolled |

mod agents;
mod caller;
mod error;
mod join;
mod name;
mod policy;
mod secret;
mod tokens;

pub use agents::{Agents, Draw, Enrolled};
pub use caller::{Caller, Denied, Scope};
pub use error::{EnrollError, JoinError, JoinTokenError, TokenError};
pub(crate) use join::Entry;
pub(crate) use join::{JoinTokens, Shown};
pub use name::NameError;
pub use policy::PolicyError;
pub(crate) use secret::Digest;
pub use secret::{Secret, TokenId};
pub use tokens::Tokens;

use crate::store::{Store, StoreError};
