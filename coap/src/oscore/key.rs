//! AES-CCM-16-64-128 (RFC 8152 section 10.2): a key of 16 bytes, a nonce of 13, a tag of 8.

use core::fmt;

use zeroize::Zeroize;

use super::aad::Aad;
use super::ccm;
use super::nonce::SealNonce;

pub(crate) use super::ccm::{KEY, TAG, Unauthentic};

/// A key, wiped when dropped. Its schedule is made anew for each message: kept, it would be
/// ten times as long as the key.
pub(crate) struct Key([u8; KEY]);

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
        let nonce = nonce.into_bytes();
        #[cfg(feature = "audit")]
        super::audit::record(&self.0, &nonce);
        ccm::seal(&self.0, &nonce, aad.as_bytes(), message)
    }

    /// Decrypts in place what verifies. Where it does not, `message` holds nothing of use.
    pub(crate) fn open(
        &self,
        nonce: &[u8; ccm::NONCE],
        aad: &Aad,
        message: &mut [u8],
        tag: [u8; TAG],
    ) -> Result<(), Unauthentic> {
        ccm::open(&self.0, nonce, aad.as_bytes(), message, tag)
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
