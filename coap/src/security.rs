//! The seam where OSCORE sits: a layer that turns packets into protected ones and back.
//!
//! The layer works below retransmission and deduplication. What it protected once is sent
//! again as the same bytes, never protected again, so no nonce is used twice; and a duplicate
//! is recognised by [`Security::request_key`] before the layer's replay check could refuse it.

use core::fmt;

use crate::packet::Packet;

/// Protects and unprotects the messages of one endpoint.
///
/// Type, message id and token of a packet are the endpoint's: the layer leaves them alone.
pub trait Security {
    /// What of a request its response is bound to (OSCORE: key id and partial IV). The client
    /// keeps it in the exchange, the server beside the request that waits for its answer.
    type Binding;

    /// Protects a request of ours.
    fn protect_request(
        &mut self,
        request: Packet,
    ) -> Result<(Packet, Self::Binding), SecurityError>;

    /// Unprotects the peer's request, and refuses what is forged, replayed or in the clear.
    fn unprotect_request(
        &mut self,
        request: Packet,
    ) -> Result<(Packet, Self::Binding), SecurityError>;

    /// Protects our response to the request that left `binding`.
    ///
    /// Called again for one binding where the response did not fit a datagram, and the
    /// application answers with another.
    fn protect_response(
        &mut self,
        binding: &mut Self::Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError>;

    /// Unprotects the peer's response to our request that left `binding`.
    fn unprotect_response(
        &mut self,
        binding: &Self::Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError>;

    /// How a protected request names itself, whatever address it came from. `None` where it
    /// does not, and its message id and token tell duplicates.
    ///
    /// It is read before anything is proven, so it must not change the layer. A forger who
    /// repeats a key is given the reply that its owner was given already, still protected.
    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        let _ = request;
        None
    }
}

/// No protection: messages go as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain;

impl Security for Plain {
    type Binding = ();

    fn protect_request(&mut self, request: Packet) -> Result<(Packet, ()), SecurityError> {
        Ok((request, ()))
    }

    fn unprotect_request(&mut self, request: Packet) -> Result<(Packet, ()), SecurityError> {
        Ok((request, ()))
    }

    fn protect_response(&mut self, (): &mut (), response: Packet) -> Result<Packet, SecurityError> {
        Ok(response)
    }

    fn unprotect_response(&mut self, (): &(), response: Packet) -> Result<Packet, SecurityError> {
        Ok(response)
    }
}

/// A layer that is there or not, as the driver chose: either all messages are protected, or
/// none is.
#[derive(Debug)]
pub enum Channel<S> {
    /// No protection.
    Plain,
    /// Nothing in the clear is accepted.
    Protected(S),
}

impl<S: Security> Security for Channel<S> {
    type Binding = Option<S::Binding>;

    fn protect_request(
        &mut self,
        request: Packet,
    ) -> Result<(Packet, Self::Binding), SecurityError> {
        match self {
            Self::Plain => Ok((request, None)),
            Self::Protected(layer) => {
                let (packet, binding) = layer.protect_request(request)?;
                Ok((packet, Some(binding)))
            }
        }
    }

    fn unprotect_request(
        &mut self,
        request: Packet,
    ) -> Result<(Packet, Self::Binding), SecurityError> {
        match self {
            Self::Plain => Ok((request, None)),
            Self::Protected(layer) => {
                let (packet, binding) = layer.unprotect_request(request)?;
                Ok((packet, Some(binding)))
            }
        }
    }

    fn protect_response(
        &mut self,
        binding: &mut Self::Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        match (self, binding) {
            (Self::Plain, None) => Ok(response),
            (Self::Protected(layer), Some(binding)) => layer.protect_response(binding, response),
            (Self::Plain, Some(_)) | (Self::Protected(_), None) => Err(SecurityError::UnknownKey),
        }
    }

    fn unprotect_response(
        &mut self,
        binding: &Self::Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        match (self, binding) {
            (Self::Plain, None) => Ok(response),
            (Self::Protected(layer), Some(binding)) => layer.unprotect_response(binding, response),
            (Self::Plain, Some(_)) | (Self::Protected(_), None) => Err(SecurityError::UnknownKey),
        }
    }

    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        match self {
            Self::Plain => None,
            Self::Protected(layer) => layer.request_key(request),
        }
    }
}

/// Why the layer would not protect or unprotect a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecurityError {
    /// The message came in the clear where protection is required.
    Unprotected,
    /// No key of ours answers to the name it gives.
    UnknownKey,
    /// It was accepted before, or is older than the replay window.
    Replayed,
    /// It does not verify: another key, another binding, or tampered with.
    Unauthentic,
    /// What the layer adds to a message is not there or not well formed.
    Malformed,
    /// The keys have protected all the messages they may.
    Exhausted,
    /// No keys are established yet.
    NoKeys,
    /// It begins fresh keys, and is answered with nothing but that.
    Beginning,
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unprotected => "message is not protected",
            Self::UnknownKey => "message is protected with an unknown key",
            Self::Replayed => "message is a replay",
            Self::Unauthentic => "message does not verify",
            Self::Malformed => "protected message is malformed",
            Self::Exhausted => "keys are used up",
            Self::NoKeys => "no keys are established",
            Self::Beginning => "message begins fresh keys",
        })
    }
}

impl core::error::Error for SecurityError {}

/// Names one request among those of a peer: equal for a request and its retransmissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Bytes used, the first telling the kind of key.
    len: u8,
    bytes: [u8; RequestKey::CAPACITY],
}

impl RequestKey {
    /// Longest key id that fits, in bytes: RFC 8613 section 3.3 allows 7 with AES-CCM-16-64-128.
    pub const MAX_KEY_ID: usize = 7;
    /// Longest partial IV, in bytes (RFC 8613 section 6.1).
    pub const MAX_PARTIAL_IV: usize = 5;

    const CAPACITY: usize = 1 + Self::MAX_KEY_ID + Self::MAX_PARTIAL_IV;
    const OF_MESSAGE: u8 = 0xff;

    /// The key of a protected request, unless a part is longer than can be.
    pub fn protected(key_id: &[u8], partial_iv: &[u8]) -> Option<Self> {
        let kind = u8::try_from(key_id.len()).ok()?;
        let fits = key_id.len() <= Self::MAX_KEY_ID && partial_iv.len() <= Self::MAX_PARTIAL_IV;
        fits.then(|| Self::new(kind, key_id, partial_iv))
    }

    /// The key of a request that does not name itself. The token is in it because a peer that
    /// rebooted may meet a message id of its former life, and must not get that one's reply.
    pub(crate) fn of_message(packet: &Packet) -> Self {
        Self::new(
            Self::OF_MESSAGE,
            &packet.message_id().0.to_be_bytes(),
            packet.token().as_bytes(),
        )
    }

    fn new(kind: u8, first: &[u8], second: &[u8]) -> Self {
        let mut key = Self {
            len: 0,
            bytes: [0; Self::CAPACITY],
        };
        let parts = core::iter::once(&kind).chain(first).chain(second);
        for (slot, byte) in key.bytes.iter_mut().zip(parts) {
            *slot = *byte;
            key.len += 1;
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_differ_where_their_parts_do() {
        let packet = |datagram: &[u8]| Packet::from_bytes(datagram).expect("a packet");
        let keys = [
            RequestKey::protected(&[1, 2], &[3]),
            RequestKey::protected(&[1], &[2, 3]),
            RequestKey::protected(&[], &[1, 2, 3]),
            RequestKey::protected(&[1, 2], &[]),
            RequestKey::protected(&[1, 2], &[0]),
            Some(RequestKey::of_message(&packet(&[0x41, 1, 1, 2, 3]))),
            Some(RequestKey::of_message(&packet(&[0x40, 1, 1, 2]))),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(key.is_some());
            let same = keys.iter().position(|other| other == key);
            assert_eq!(same, Some(index), "{key:?}");
        }
    }

    #[test]
    fn the_longest_parts_fit_and_no_longer_ones() {
        assert!(RequestKey::protected(&[1; 7], &[2; 5]).is_some());
        assert_eq!(RequestKey::protected(&[1; 8], &[]), None);
        assert_eq!(RequestKey::protected(&[], &[2; 6]), None);
    }
}
