//! AES-CCM-16-64-128 (RFC 8152 section 10.2): a key of 16 bytes, a nonce of 13, a tag of 8.

use core::fmt;

use aes::Aes128;
use ccm::aead::{AeadInOut, KeyInit};
use ccm::consts::{U8, U13};
use ccm::{Ccm, Tag};
use zeroize::Zeroize;

use super::aad::Aad;
use super::nonce::{NONCE, SealNonce};

type Cipher = Ccm<Aes128, U8, U13>;

/// Bytes of a key.
pub(crate) const KEY: usize = 16;

/// Bytes that a ciphertext has more than its plaintext.
pub(crate) const TAG: usize = 8;

/// A key, wiped when dropped. Its schedule is made anew for each message: kept, it would be
/// ten times as long as the key.
pub(crate) struct Key([u8; KEY]);

/// A message is not what its sender made with this key, nonce and binding.
pub(crate) struct Unauthentic;

impl Key {
    pub(crate) const fn new(bytes: [u8; KEY]) -> Self {
        Self(bytes)
    }

    /// Encrypts in place, and gives the tag; `None` where the message is too long for CCM,
    /// 64 KiB.
    pub(crate) fn seal(
        &self,
        nonce: SealNonce,
        aad: &Aad,
        message: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let nonce = nonce.into_bytes().into();
        Cipher::new(&self.0.into())
            .encrypt_inout_detached(&nonce, aad.as_bytes(), message.into())
            .ok()
            .map(Into::into)
    }

    /// Decrypts in place what verifies. Where it does not, `message` holds nothing of use.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE],
        aad: &Aad,
        message: &mut [u8],
        tag: [u8; TAG],
    ) -> Result<(), Unauthentic> {
        let tag = Tag::<U8>::from(tag);
        Cipher::new(&self.0.into())
            .decrypt_inout_detached(&(*nonce).into(), aad.as_bytes(), message.into(), &tag)
            .map_err(|_| Unauthentic)
    }

    #[cfg(test)]
    pub(crate) const fn bytes(&self) -> [u8; KEY] {
        self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}
