//! A token as its bearer has it, and what the master keeps of it.

use std::fmt::{self, Write};

use sha2::{Digest as _, Sha256};

/// What secrets begin with, so that people and scanners know one when they see it.
const PREFIX: &str = "edgerm_";

/// Bytes of entropy.
const LENGTH: usize = 32;

/// A bearer's secret. Shown to nobody by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret of this entropy, which nobody else may know.
    pub fn from_entropy(entropy: [u8; LENGTH]) -> Self {
        let mut text = PREFIX.to_owned();
        for byte in entropy {
            // Writing to a string does not fail.
            let _written = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// As it is written behind `Authorization: Bearer`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the master keeps of it.
    pub(super) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The SHA-256 of a secret.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// Of whatever a caller shows.
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Whether both are of the same secret, in a time that does not tell where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        subtle::ConstantTimeEq::ct_eq(&self.0[..], &other.0[..]).into()
    }

    /// Which token it is.
    pub(super) fn id(&self) -> TokenId {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        TokenId(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }
}

/// Which token: of its digest, so it gives nothing away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub(super) u64);

impl TokenId {
    /// The token of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// The number, the same as long as the token lives.
    pub const fn number(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_recognised_and_not_shown() {
        let secret = Secret::from_entropy([0xa5; LENGTH]);
        assert_eq!(secret.as_str(), format!("edgerm_{}", "a5".repeat(LENGTH)));
        assert!(secret.digest().is(&Digest::of(secret.as_str())));
        let mut other = secret.as_str().to_owned();
        other.pop();
        assert!(!secret.digest().is(&Digest::of(&other)));
        assert!(!format!("{secret:?}").contains("a5"));
    }
}
