//! Partial IVs, where ours come from, and the AEAD nonces made of them.
//!
//! A key and a nonce never meet twice: what encrypts takes a [`SealNonce`] by value, and that
//! is neither `Copy` nor `Clone`. It is made of a [`SequenceNumber`], of which [`Sequence`]
//! gives each once, or of a peer's request, once for each that was accepted.

use core::fmt;

use edgerm_protocol::planted::{Bug, is_planted};

use super::bytes::KeyId;

pub(crate) use super::ccm::NONCE;

/// A Partial IV: a Sender Sequence Number of the end that sent it, at most [`PartialIv::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartialIv(u64);

impl PartialIv {
    /// The first one.
    pub const FIRST: Self = Self(0);

    /// The number of the last one: five bytes of ones (RFC 8613 section 7.2.1).
    pub const MAX: u64 = (1 << 40) - 1;

    /// Bytes of the longest.
    pub const MAX_LENGTH: usize = 5;

    /// The Partial IV of this number, unless it is over [`Self::MAX`].
    pub const fn new(number: u64) -> Option<Self> {
        if number > Self::MAX {
            return None;
        }
        Some(Self(number))
    }

    /// The Partial IV of one to five bytes in the shortest form, as RFC 8613 section 5 has it.
    /// Any other form would be another name for the same message.
    pub(crate) fn from_wire(bytes: &[u8]) -> Option<Self> {
        let number = bytes
            .iter()
            .fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        let shortest = match bytes {
            [] | [0, _, ..] => false,
            _ => bytes.len() <= Self::MAX_LENGTH,
        };
        shortest.then_some(Self(number))
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// All five bytes.
    const fn padded(self) -> [u8; Self::MAX_LENGTH] {
        let [_, _, _, a, b, c, d, e] = self.0.to_be_bytes();
        [a, b, c, d, e]
    }

    /// What goes on the wire: no leading zeros, but one byte at least.
    pub(crate) fn to_wire(self) -> WirePartialIv {
        let bytes = self.padded();
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        WirePartialIv {
            bytes,
            from: leading.min(Self::MAX_LENGTH - 1),
        }
    }
}

/// The bytes of a Partial IV on the wire.
pub(crate) struct WirePartialIv {
    bytes: [u8; PartialIv::MAX_LENGTH],
    from: usize,
}

impl WirePartialIv {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.from..).unwrap_or(&[])
    }
}

/// Gives Sender Sequence Numbers, each once, and then no more.
pub(crate) struct Sequence {
    next: u64,
}

impl Sequence {
    pub(crate) const fn starting_at(first: PartialIv) -> Self {
        Self { next: first.0 }
    }

    /// The next number; none after the one of [`PartialIv::MAX`].
    pub(crate) fn take(&mut self) -> Option<SequenceNumber> {
        let number = PartialIv::new(self.next)?;
        self.next += 1;
        if is_planted(Bug::ReuseNonce) {
            self.next %= 8;
        }
        Some(SequenceNumber(number))
    }

    /// How many were given, and those before the start.
    pub(crate) const fn next(&self) -> u64 {
        self.next
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence({})", self.next)
    }
}

/// A Sender Sequence Number that protected nothing yet.
#[derive(Debug)]
pub(crate) struct SequenceNumber(PartialIv);

impl SequenceNumber {
    pub(crate) const fn partial_iv(&self) -> PartialIv {
        self.0
    }

    /// The nonce for the one message that this number protects.
    pub(crate) fn into_nonce(self, common_iv: &[u8; NONCE], sender: &KeyId) -> SealNonce {
        SealNonce(nonce(common_iv, sender, self.0))
    }
}

/// A nonce that encrypted nothing yet.
pub(crate) struct SealNonce([u8; NONCE]);

impl SealNonce {
    /// The nonce of a request, for one response to it. To be made once for each request, which
    /// is when the replay window takes it.
    pub(crate) const fn of_request(nonce: [u8; NONCE]) -> Self {
        Self(nonce)
    }

    pub(crate) const fn into_bytes(self) -> [u8; NONCE] {
        self.0
    }
}

/// The nonce of a message (RFC 8613 section 5.2): length of the id, the id and the Partial IV,
/// both padded at the left, over the Common IV.
pub(crate) fn nonce(common_iv: &[u8; NONCE], id: &KeyId, partial_iv: PartialIv) -> [u8; NONCE] {
    let padding = core::iter::repeat_n(&0, KeyId::MAX.saturating_sub(id.as_bytes().len()));
    let length = [id.length()];
    let number = partial_iv.padded();
    let parts = length
        .iter()
        .chain(padding)
        .chain(id.as_bytes())
        .chain(&number);
    let mut nonce = *common_iv;
    for (byte, part) in nonce.iter_mut().zip(parts) {
        *byte ^= part;
    }
    nonce
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iv(number: u64) -> PartialIv {
        PartialIv::new(number).expect("in range")
    }

    #[test]
    fn a_partial_iv_has_one_form_on_the_wire() {
        for (number, wire) in [
            (0, &[0][..]),
            (1, &[1]),
            (255, &[255]),
            (256, &[1, 0]),
            (PartialIv::MAX, &[255; 5]),
        ] {
            assert_eq!(iv(number).to_wire().as_bytes(), wire);
            assert_eq!(PartialIv::from_wire(wire), Some(iv(number)));
        }
        for other in [&[][..], &[0, 0], &[0, 1], &[1, 0, 0, 0, 0, 0]] {
            assert_eq!(PartialIv::from_wire(other), None, "{other:?}");
        }
        assert_eq!(PartialIv::new(PartialIv::MAX + 1), None);
    }

    #[test]
    fn the_sequence_stops_before_it_would_repeat() {
        let mut sequence = Sequence::starting_at(iv(PartialIv::MAX - 1));
        let mut given = core::iter::from_fn(|| sequence.take()).map(|number| number.0);
        assert_eq!(given.next(), Some(iv(PartialIv::MAX - 1)));
        assert_eq!(given.next(), Some(iv(PartialIv::MAX)));
        assert_eq!(given.next(), None);
        assert_eq!(given.next(), None);
    }

    #[test]
    fn ids_of_unlike_length_make_unlike_nonces() {
        let ids = [&[][..], &[0], &[0, 0], &[1], &[0, 1], &[0; 7], &[1; 7]];
        let nonces = ids.map(|id| nonce(&[0; NONCE], &KeyId::new(id).expect("short"), iv(1)));
        for (index, one) in nonces.iter().enumerate() {
            assert_eq!(nonces.iter().position(|other| other == one), Some(index));
        }
    }
}
