//! Who calls the API, and what they may do.
//!
//! A caller proves itself with a bearer token (RFC 6750), which is 32 bytes of entropy: no
//! password, so a plain SHA-256 of it may be kept. Where a master has no token at all, whoever
//! reaches it is an operator, and it listens on loopback alone. The first token ends that.
//!
//! | file | is |
//! |---|---|
//! | `secret` | a token as its bearer has it, and its digest |
//! | `caller` | who calls, and what is theirs |
//! | `tokens` | the tokens of a master |
//! | `store` | where they last |
//! | `error` | why a token is not issued or not revoked |

mod caller;
mod error;
mod secret;
mod store;
mod tokens;

pub use caller::{Caller, Denied, Scope};
pub use error::TokenError;
pub use secret::{Secret, TokenId};
pub use store::StoreError;
pub use tokens::Tokens;
