//! Tokens with which nodes join, and how each end proves to the other that it has one.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Credential;
use super::kdf::Secret;

/// What a token as text begins with, so that people and scanners know one when they see it.
const PREFIX: &str = "edgermjoin_";

/// Bytes of a token's id.
const ID: usize = 8;

/// Bytes of a token's secret.
const SECRET: usize = 16;

/// Bytes of what a node makes up for each time that it joins.
pub const NONCE: usize = 16;

/// Bytes of a proof.
pub const PROOF: usize = 32;

/// A token with which nodes join. It is never sent: a node proves that it has the token by a
/// MAC over its name and a nonce, its master by one over what it gives the node, and the secret of
/// the node's [`Credential`] comes of the token's. It is wiped when dropped, and not printed.
///
/// As text, it is `edgermjoin_`, and the id (8 bytes) and the secret (16) in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinToken {
    id: [u8; ID],
    secret: [u8; SECRET],
}

/// The text is no token with which nodes join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoJoinToken;

impl fmt::Display for NoJoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not {PREFIX} and {} hexadecimal digits",
            2 * (ID + SECRET)
        )
    }
}

impl core::error::Error for NoJoinToken {}

impl JoinToken {
    /// The token of these parts, both drawn at random.
    pub const fn new(id: [u8; ID], secret: [u8; SECRET]) -> Self {
        Self { id, secret }
    }

    /// Which token it is, which is no secret.
    pub const fn id(&self) -> [u8; ID] {
        self.id
    }

    /// Its secret, for whoever keeps it secret.
    pub const fn secret(&self) -> &[u8; SECRET] {
        &self.secret
    }

    /// The token as text, for whoever keeps it secret.
    pub fn to_text(&self) -> String {
        let digits = self.id.iter().chain(&self.secret);
        let digits = digits.flat_map(|byte| [byte >> 4, byte & 0xf]);
        let digits = digits.filter_map(|digit| char::from_digit(digit.into(), 16));
        PREFIX.chars().chain(digits).collect()
    }

    /// What the node `name` shows that it has the token.
    pub fn proof(&self, nonce: &[u8; NONCE], name: &str) -> [u8; PROOF] {
        self.mac(&[b"edgerm join proof 1", nonce, name.as_bytes()])
    }

    /// Whether a node `name` that shows `proof` has the token, in a time that does not tell how
    /// much of the proof is right.
    pub fn proves(&self, nonce: &[u8; NONCE], name: &str, proof: &[u8]) -> bool {
        self.proof(nonce, name)[..].ct_eq(proof).into()
    }

    /// What the master shows the node `name` that it has the token and gives these.
    pub fn answer(
        &self,
        nonce: &[u8; NONCE],
        name: &str,
        key_id: [u8; 4],
        salt: [u8; 8],
    ) -> [u8; PROOF] {
        let label = b"edgerm join answer 1";
        self.mac(&[label, nonce, &key_id, &salt, name.as_bytes()])
    }

    /// The credential that a master gives, unless its proof is wrong: then it has not the token.
    pub fn accept(
        &self,
        nonce: &[u8; NONCE],
        name: &str,
        key_id: [u8; 4],
        salt: [u8; 8],
        proof: &[u8],
    ) -> Option<Credential> {
        let ours = self.answer(nonce, name, key_id, salt);
        let is_right: bool = ours[..].ct_eq(proof).into();
        is_right.then(|| Credential::joined(&self.secret, key_id, salt, name))
    }

    /// All but the last part have a fixed length, so that no two lists of parts are the same.
    fn mac(&self, parts: &[&[u8]]) -> [u8; PROOF] {
        Secret::extract(&[], &self.secret).expand(parts)
    }
}

impl FromStr for JoinToken {
    type Err = NoJoinToken;

    /// Reads the text that [`Self::to_text`] gives, with digits of either case.
    fn from_str(text: &str) -> Result<Self, NoJoinToken> {
        let digits = text.strip_prefix(PREFIX).ok_or(NoJoinToken)?.as_bytes();
        if digits.len() != 2 * (ID + SECRET) {
            return Err(NoJoinToken);
        }
        let mut token = Self::new([0; ID], [0; SECRET]);
        let bytes = token.id.iter_mut().chain(&mut token.secret);
        for (byte, pair) in bytes.zip(digits.chunks_exact(2)) {
            for digit in pair {
                let value = char::from(*digit).to_digit(16);
                let value = value.and_then(|value| u8::try_from(value).ok());
                *byte = *byte << 4 | value.ok_or(NoJoinToken)?;
            }
        }
        Ok(token)
    }
}

impl fmt::Debug for JoinToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinToken")
            .field("id", &u64::from_be_bytes(self.id))
            .finish_non_exhaustive()
    }
}

impl Drop for JoinToken {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    const NONCE_1: [u8; NONCE] = [1; NONCE];

    fn sample() -> JoinToken {
        JoinToken::new([0xab; ID], [0x5e; SECRET])
    }

    #[test]
    fn its_text_is_read_again() {
        let text = format!("edgermjoin_{}{}", "ab".repeat(8), "5e".repeat(16));
        assert_eq!(sample().to_text(), text);
        assert_eq!(text.parse(), Ok(sample()));
        let digits = text.trim_start_matches("edgermjoin_");
        for none in [
            "",
            digits,
            &text[..58],
            &format!("{text}0"),
            &text.replace("ab", "ag"),
        ] {
            assert_eq!(none.parse::<JoinToken>(), Err(NoJoinToken), "{none}");
        }
        assert!(!format!("{:?}", sample()).contains("5e"));
    }

    #[test]
    fn a_proof_is_of_one_token_nonce_and_name() {
        let proof = sample().proof(&NONCE_1, "a");
        let proves = |token: JoinToken, nonce, name| token.proves(&nonce, name, &proof);
        assert!(proves(sample(), NONCE_1, "a"));
        assert!(!proves(sample(), [2; NONCE], "a"));
        assert!(!proves(sample(), NONCE_1, "b"));
        assert!(!proves(JoinToken::new([0xab; ID], [0; 16]), NONCE_1, "a"));
        assert!(!sample().proves(&NONCE_1, "a", &proof[..31]));
        assert!(!sample().proves(&NONCE_1, "a", &[]));
    }

    #[test]
    fn a_node_takes_what_a_master_with_its_token_gives_and_nothing_else() {
        let answer = sample().answer(&NONCE_1, "a", [3; 4], [4; 8]);
        let taken = sample().accept(&NONCE_1, "a", [3; 4], [4; 8], &answer);
        let expected = Credential::joined(&[0x5e; SECRET], [3; 4], [4; 8], "a");
        assert_eq!(taken, Some(expected));
        let accept =
            |nonce, name, key_id, salt| sample().accept(&nonce, name, key_id, salt, &answer);
        assert_eq!(accept([2; NONCE], "a", [3; 4], [4; 8]), None);
        assert_eq!(accept(NONCE_1, "b", [3; 4], [4; 8]), None);
        assert_eq!(accept(NONCE_1, "a", [9; 4], [4; 8]), None);
        assert_eq!(accept(NONCE_1, "a", [3; 4], [9; 8]), None);
        let own = sample().proof(&NONCE_1, "a");
        let reflected = sample().accept(&NONCE_1, "a", [3; 4], [4; 8], &own);
        assert_eq!(reflected, None);
    }
}
