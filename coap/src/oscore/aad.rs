//! What a message is bound to beside its ciphertext (RFC 8613 section 5.4): the version of
//! OSCORE, the algorithm, and the request's key id and Partial IV.

use super::binding::RequestBinding;
use super::bytes::KeyId;
use super::nonce::PartialIv;

/// The Encrypt0 structure up to the byte string of the external AAD, whose length follows:
/// an array of "Encrypt0", no protected header, and that string (RFC 8152 section 5.3).
const ENCRYPT0: [u8; 11] = *b"\x83\x68Encrypt0\x40";

/// Its beginning: an array of five, version 1, algorithms AES-CCM-16-64-128 (10).
const EXTERNAL: [u8; 4] = [0x85, 0x01, 0x81, 0x0a];

/// No options of class I: none is defined.
const NO_OPTIONS: u8 = 0x40;

/// The head of a short byte string.
const BSTR: u8 = 0x40;

const MAX: usize = ENCRYPT0.len() + 1 + MAX_EXTERNAL;
const MAX_EXTERNAL: usize = EXTERNAL.len() + 1 + KeyId::MAX + 1 + PartialIv::MAX_LENGTH + 1;

/// The additional authenticated data of a message.
pub(crate) struct Aad {
    length: usize,
    bytes: [u8; MAX],
}

impl Aad {
    /// That of a request, and of every response to it.
    pub(crate) fn new(request: &RequestBinding) -> Self {
        let partial_iv = request.partial_iv.to_wire();
        let (id, number) = (request.key_id.as_bytes(), partial_iv.as_bytes());
        let external = EXTERNAL.len() + 1 + id.len() + 1 + number.len() + 1;
        let mut aad = Self {
            length: 0,
            bytes: [0; MAX],
        };
        aad.push(&ENCRYPT0);
        aad.push_head(external);
        aad.push(&EXTERNAL);
        aad.push_head(id.len());
        aad.push(id);
        aad.push_head(number.len());
        aad.push(number);
        aad.push(&[NO_OPTIONS]);
        aad
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }

    /// The head of a byte string that is shorter than 24 bytes.
    fn push_head(&mut self, length: usize) {
        let length = u8::try_from(length).unwrap_or(0);
        self.push(&[BSTR | length]);
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(bytes);
            self.length = end;
        }
    }
}

// What is written as a short byte string is one.
const _: () = assert!(MAX_EXTERNAL < 24);

#[cfg(test)]
mod tests {
    use super::*;

    fn aad(key_id: &[u8], number: u64) -> Aad {
        Aad::new(&RequestBinding {
            key_id: KeyId::new(key_id).expect("short"),
            partial_iv: PartialIv::new(number).expect("in range"),
        })
    }

    /// RFC 8613 section 5.4, C.4 and C.5.
    #[test]
    fn it_is_the_rfcs() {
        let example = b"\x83\x68Encrypt0\x40\x49\x85\x01\x81\x0a\x41\0\x41\x25\x40";
        assert_eq!(aad(&[0], 0x25).as_bytes(), example);
        let c4 = b"\x83\x68Encrypt0\x40\x48\x85\x01\x81\x0a\x40\x41\x14\x40";
        assert_eq!(aad(&[], 0x14).as_bytes(), c4);
        let c5 = b"\x83\x68Encrypt0\x40\x49\x85\x01\x81\x0a\x41\0\x41\x14\x40";
        assert_eq!(aad(&[0], 0x14).as_bytes(), c5);
    }

    #[test]
    fn the_longest_fits() {
        let longest = aad(&[7; 7], PartialIv::MAX);
        assert_eq!(longest.as_bytes().len(), MAX);
        assert_eq!(longest.as_bytes().last(), Some(&NO_OPTIONS));
    }
}
