//! What lasts of the trust between a node and its master: one secret, and who the node is.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use zeroize::Zeroize;

use super::bytes::KeyId;
use super::context::Keying;
use super::kdf::Secret;
use super::key::KEY;

/// Bytes of a node's key id, its `kid` in every request.
const KEY_ID: usize = 4;

/// Bytes of the Master Salt.
const SALT: usize = 8;

/// The first byte of a credential as bytes: the form of the rest.
const FORM: u8 = 1;

/// A node's credential, of which its master has the same: the key id that names the node, the
/// Master Secret and the Master Salt (RFC 8613 section 3.2.1). It is wiped when dropped, and
/// not printed.
///
/// It never protects a message by itself: each boot of either end derives fresh keys from it
/// (see [`rekey`](super::rekey)).
///
/// As bytes, it is the number of this form (1), the key id (4 bytes), the secret (16) and the
/// salt (8); as text, those 29 bytes in hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    key_id: [u8; KEY_ID],
    secret: [u8; KEY],
    salt: [u8; SALT],
}

/// Why something is no credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialError {
    /// It has so many bytes, or half as many digits, instead of [`Credential::LENGTH`].
    Length(usize),
    /// Its form has this number; the one known is 1.
    Form(u8),
    /// A character of it is no hexadecimal digit.
    Digit,
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => {
                write!(f, "{length} bytes instead of {}", Credential::LENGTH)
            }
            Self::Form(form) => write!(f, "of form {form}, which a newer version may know"),
            Self::Digit => f.write_str("not all hexadecimal digits"),
        }
    }
}

impl core::error::Error for CredentialError {}

impl Credential {
    /// Bytes that it has as bytes.
    pub const LENGTH: usize = 1 + KEY_ID + KEY + SALT;

    /// The credential of these parts. The secret is drawn at random for this node alone.
    pub const fn new(key_id: [u8; KEY_ID], secret: [u8; KEY], salt: [u8; SALT]) -> Self {
        Self {
            key_id,
            secret,
            salt,
        }
    }

    /// The credential of the node of this name that joined with a token: its secret is
    /// HKDF-SHA-256 of the token's, with the node's salt, its key id and name as info. So both
    /// ends have it, and it was never sent.
    pub fn joined(token: &[u8; KEY], key_id: [u8; KEY_ID], salt: [u8; SALT], name: &str) -> Self {
        let info: [&[u8]; 3] = [b"edgerm join 1", &key_id, name.as_bytes()];
        let secret = Secret::extract(&salt, token).expand(&info);
        Self::new(key_id, secret, salt)
    }

    /// Reads the bytes that [`Self::to_bytes`] gives.
    ///
    /// # Errors
    ///
    /// [`CredentialError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CredentialError> {
        let length = CredentialError::Length(bytes.len());
        let (form, rest) = bytes.split_first().ok_or(length)?;
        if *form != FORM {
            return Err(CredentialError::Form(*form));
        }
        let (key_id, rest) = rest.split_first_chunk().ok_or(length)?;
        let (secret, rest) = rest.split_first_chunk().ok_or(length)?;
        let salt = rest.try_into().map_err(|_| length)?;
        Ok(Self::new(*key_id, *secret, salt))
    }

    /// The credential as bytes, for whoever keeps it secret.
    pub fn to_bytes(&self) -> [u8; Self::LENGTH] {
        let parts = [FORM]
            .into_iter()
            .chain(self.key_id)
            .chain(self.secret)
            .chain(self.salt);
        let mut bytes = [0; Self::LENGTH];
        for (slot, byte) in bytes.iter_mut().zip(parts) {
            *slot = byte;
        }
        bytes
    }

    /// The credential as hexadecimal digits, for whoever keeps it secret.
    pub fn to_text(&self) -> String {
        self.to_bytes()
            .into_iter()
            .flat_map(|byte| [byte >> 4, byte & 0xf])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    }

    /// The bytes of the key id.
    pub const fn key_id(&self) -> [u8; KEY_ID] {
        self.key_id
    }

    /// The bytes of the salt.
    pub const fn salt(&self) -> [u8; SALT] {
        self.salt
    }

    /// What the node derives its keys of.
    pub fn of_node(&self) -> Keying<'_> {
        Keying {
            secret: &self.secret,
            salt: &self.salt,
            sender: self.node_id(),
            recipient: KeyId::EMPTY,
        }
    }

    /// What the master derives its keys of. Its id is empty: there is one master, and a
    /// request of its own is the shorter for it.
    pub fn of_master(&self) -> Keying<'_> {
        Keying {
            sender: KeyId::EMPTY,
            recipient: self.node_id(),
            ..self.of_node()
        }
    }

    fn node_id(&self) -> KeyId {
        KeyId::new(&self.key_id).unwrap_or(KeyId::EMPTY)
    }
}

impl FromStr for Credential {
    type Err = CredentialError;

    /// Reads the digits that [`Self::to_text`] gives, of either case.
    fn from_str(text: &str) -> Result<Self, CredentialError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * Self::LENGTH {
            return Err(CredentialError::Length(digits.len() / 2));
        }
        let mut bytes = [0; Self::LENGTH];
        let digit = |digit: &u8| char::from(*digit).to_digit(16);
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            for value in pair.iter().map(digit) {
                let value = value.and_then(|value| u8::try_from(value).ok());
                *byte = *byte << 4 | value.ok_or(CredentialError::Digit)?;
            }
        }
        let credential = Self::from_bytes(&bytes);
        bytes.zeroize();
        credential
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("key_id", &self.node_id())
            .finish_non_exhaustive()
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        self.secret.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    fn sample() -> Credential {
        Credential::new([1, 2, 3, 0xab], [0x5e; 16], [7; 8])
    }

    #[test]
    fn its_text_is_the_form_id_secret_and_salt_in_hex() {
        let text = "01010203ab5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e0707070707070707";
        assert_eq!(sample().to_text(), text);
        assert_eq!(text.parse(), Ok(sample()));
        assert_eq!(text.to_ascii_uppercase().parse(), Ok(sample()));
        assert_eq!(Credential::from_bytes(&sample().to_bytes()), Ok(sample()));
    }

    #[test]
    fn what_is_none_is_told() {
        let bytes = sample().to_bytes();
        let text = sample().to_text();
        for (fault, error) in [
            (Credential::from_bytes(&[]), CredentialError::Length(0)),
            (
                Credential::from_bytes(&bytes[..28]),
                CredentialError::Length(28),
            ),
            (
                Credential::from_bytes(&[&bytes[..], &[0]].concat()),
                CredentialError::Length(30),
            ),
            (Credential::from_bytes(&[2; 29]), CredentialError::Form(2)),
            (text[..56].parse(), CredentialError::Length(28)),
            (text.replace('5', "g").parse(), CredentialError::Digit),
            (
                text.replacen("01", "02", 1).parse(),
                CredentialError::Form(2),
            ),
        ] {
            assert_eq!(fault, Err(error));
        }
    }

    #[test]
    fn a_joined_secret_depends_on_all_that_it_is_made_of() {
        let made = [
            Credential::joined(&[1; 16], [1; 4], [1; 8], "a"),
            Credential::joined(&[2; 16], [1; 4], [1; 8], "a"),
            Credential::joined(&[1; 16], [2; 4], [1; 8], "a"),
            Credential::joined(&[1; 16], [1; 4], [2; 8], "a"),
            Credential::joined(&[1; 16], [1; 4], [1; 8], "b"),
        ];
        for (index, one) in made.iter().enumerate() {
            let same = made.iter().position(|other| other.secret == one.secret);
            assert_eq!(same, Some(index));
        }
    }

    #[test]
    fn its_secret_is_not_printed() {
        let printed = format!("{:?} {:x?}", sample(), sample());
        assert!(printed.contains("010203ab"), "{printed}");
        assert!(
            !printed.contains("5e") && !printed.contains("94"),
            "{printed}"
        );
    }

    #[test]
    fn both_ends_have_it_the_other_way_round() {
        let credential = sample();
        let (node, master) = (credential.of_node(), credential.of_master());
        assert_eq!(
            (node.sender, node.recipient),
            (master.recipient, master.sender)
        );
        assert_eq!((node.secret, node.salt), (master.secret, master.salt));
    }
}
