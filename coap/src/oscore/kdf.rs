//! HMAC and HKDF with SHA-256 (RFC 2104, RFC 5869). Keys have up to 32 bytes, so each is one
//! HMAC of a secret that is one itself.

use hmac::Hmac;
use hmac::digest::common::Key;
use hmac::digest::{Digest, FixedOutput, KeyInit, Update};
use sha2::Sha256;
use zeroize::Zeroize;

/// Bytes of a digest.
const DIGEST: usize = 32;

/// What keys are derived from, by HKDF-Extract. Wiped when dropped.
pub(crate) struct Secret([u8; DIGEST]);

impl Secret {
    /// That of a salt and key material.
    pub(crate) fn extract(salt: &[u8], material: &[u8]) -> Self {
        Self(digest(salt, &[material], &[]))
    }

    /// The key of a use that these parts tell, by HKDF-Expand.
    pub(crate) fn expand<const LENGTH: usize>(&self, info: &[&[u8]]) -> [u8; LENGTH] {
        const { assert!(LENGTH <= DIGEST) };
        first(&digest(&self.0, info, &[1]))
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// The first bytes of the HMAC of a message.
pub(crate) fn hmac<const LENGTH: usize>(key: &[u8], message: &[u8]) -> [u8; LENGTH] {
    const { assert!(LENGTH <= DIGEST) };
    first(&digest(key, &[message], &[]))
}

/// The HMAC of these parts and the last one. Not part of who calls it, lest its stack be.
#[inline(never)]
fn digest(key: &[u8], parts: &[&[u8]], last: &[u8]) -> [u8; DIGEST] {
    let mut hmac = Hmac::<Sha256>::new(&padded(key));
    for part in parts {
        hmac.update(part);
    }
    hmac.update(last);
    hmac.finalize_fixed().into()
}

/// A key as HMAC takes it: with zeros behind it, and what is longer hashed before.
fn padded(key: &[u8]) -> Key<Hmac<Sha256>> {
    let mut padded = Key::<Hmac<Sha256>>::default();
    match padded.get_mut(..key.len()) {
        Some(place) => place.copy_from_slice(key),
        None => {
            for (slot, byte) in padded.iter_mut().zip(hashed(key)) {
                *slot = byte;
            }
        }
    }
    padded
}

/// Hardly ever, so not in the stack of each.
#[inline(never)]
fn hashed(key: &[u8]) -> [u8; DIGEST] {
    Sha256::digest(key).into()
}

fn first<const LENGTH: usize>(digest: &[u8; DIGEST]) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    for (slot, byte) in bytes.iter_mut().zip(digest) {
        *slot = *byte;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use hkdf::Hkdf;
    use proptest::prelude::*;

    use super::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..=150)
    }

    proptest! {
        #[test]
        fn it_agrees_with_another_implementation(
            salt in bytes(),
            material in bytes(),
            info in bytes(),
            at: prop::sample::Index,
        ) {
            let (head, tail) = info.split_at(at.index(info.len() + 1));
            let ours: [u8; DIGEST] = Secret::extract(&salt, &material).expand(&[head, tail]);
            let (extracted, reference) = Hkdf::<Sha256>::extract(Some(&salt), &material);
            let mut theirs = [0; DIGEST];
            reference.expand(&info, &mut theirs).expect("short");
            prop_assert_eq!(ours, theirs);
            let code: [u8; 20] = hmac(&salt, &material);
            prop_assert_eq!(&code[..], &extracted[..20]);
        }
    }
}
