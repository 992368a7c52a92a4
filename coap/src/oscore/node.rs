//! A node's side of all that OSCORE does, as the security layer of its endpoint: keys for this
//! boot, others where the master has lost them, and everything protected with those.

use core::fmt;

use zeroize::Zeroize;

use super::binding::RequestBinding;
use super::credential::Credential;
use super::kdf::hmac;
use super::keys::{Bound, Keys};
use super::layer;
use super::rekey::{Answer, ClientRekey, NONCE};
use crate::code::Code;
use crate::packet::Packet;
use crate::security::{RequestKey, Security, SecurityError};

/// A node with a credential.
///
/// Its driver asks [`Self::needs_keys`] before it asks the peer for anything, and if so calls
/// [`Self::begin`] and makes any request. The answer to that is 4.01; whatever is asked next,
/// [`Self::may_confirm`] being true, is answered with keys that are then established. A run
/// that came to nothing is left by [`Self::renew`]. Meanwhile the keys of before, if any, hold
/// for what the peer asks.
#[derive(Debug)]
pub struct Node {
    credential: Credential,
    nonces: Nonces,
    keys: Keys,
    run: Option<ClientRekey>,
    needs_keys: bool,
    hint: Option<Code>,
}

/// What a node keeps of a request.
#[derive(Debug)]
pub enum NodeBinding {
    /// Of one on the way to fresh keys.
    Beginning(RequestBinding),
    /// Of one with the keys that are established.
    Bound(Bound),
}

/// Random bytes for R1 and R3, none of them twice: HMAC of how many there were, keyed with the
/// entropy of this boot.
struct Nonces {
    key: [u8; 32],
    drawn: u32,
}

impl Nonces {
    fn draw(&mut self) -> [u8; NONCE] {
        let nonce = hmac(&self.key, &self.drawn.to_be_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        nonce
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for Nonces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nonces")
            .field("drawn", &self.drawn)
            .finish_non_exhaustive()
    }
}

impl Node {
    /// A node that needs keys. `entropy` is that of a generator fit for keys, and another at
    /// each boot: with the same, and a master that has forgotten, keys would be used twice.
    pub const fn new(credential: Credential, entropy: [u8; 32]) -> Self {
        Self {
            credential,
            nonces: Nonces {
                key: entropy,
                drawn: 0,
            },
            keys: Keys::new(),
            run: None,
            needs_keys: true,
            hint: None,
        }
    }

    /// Whether fresh keys are to be established before anything else is asked.
    pub const fn needs_keys(&self) -> bool {
        self.needs_keys
    }

    /// Begins to establish keys, with random bytes that were not used before.
    pub fn begin(&mut self) {
        let r1 = self.nonces.draw();
        // No credential has a secret too short or the id of the master.
        self.run = ClientRekey::new(&self.credential.of_node(), r1).ok();
    }

    /// Whether the peer is there, and the next request is the one that establishes the keys.
    pub fn may_confirm(&self) -> bool {
        self.run.as_ref().is_some_and(ClientRekey::is_confirming)
    }

    /// Fresh keys are needed; a run that was begun is over.
    pub fn renew(&mut self) {
        self.run = None;
        self.needs_keys = true;
    }

    /// The error in the clear that came in place of an answer, if one did since the last call.
    /// It proves nothing: anybody may have said it. A peer that lost the keys has no other way.
    pub const fn take_hint(&mut self) -> Option<Code> {
        self.hint.take()
    }

    fn on_beginning(
        &mut self,
        request: &RequestBinding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let run = self.run.as_mut().ok_or(SecurityError::NoKeys)?;
        let r3 = self.nonces.draw();
        let mut bytes = response.into_bytes();
        let answer = run.handle_response(&self.credential.of_node(), request, &mut bytes, r3)?;
        let length = match answer {
            Answer::AskAgain(length) => length,
            Answer::Established(length) => {
                if let Some(context) = self.run.take().and_then(ClientRekey::into_context) {
                    self.keys.establish(context);
                    self.needs_keys = false;
                }
                length
            }
        };
        layer::packet(bytes, length)
    }
}

impl Security for Node {
    type Binding = NodeBinding;

    fn protect_request(&mut self, request: Packet) -> Result<(Packet, NodeBinding), SecurityError> {
        match &mut self.run {
            Some(run) => layer::protect(request, |buffer, length| {
                let (length, binding) = run.protect_request(buffer, length)?;
                Ok((length, NodeBinding::Beginning(binding)))
            }),
            None => {
                let (packet, bound) = self.keys.protect_request(request)?;
                Ok((packet, NodeBinding::Bound(bound)))
            }
        }
    }

    fn unprotect_request(
        &mut self,
        request: Packet,
    ) -> Result<(Packet, NodeBinding), SecurityError> {
        let (packet, bound) = self.keys.unprotect_request(request)?;
        Ok((packet, NodeBinding::Bound(bound)))
    }

    fn protect_response(
        &mut self,
        binding: &mut NodeBinding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        match binding {
            NodeBinding::Beginning(_) => Err(SecurityError::Malformed),
            NodeBinding::Bound(bound) => self.keys.protect_response(bound, response),
        }
    }

    fn unprotect_response(
        &mut self,
        binding: &NodeBinding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let code = response.code();
        let unprotected = match binding {
            NodeBinding::Beginning(request) => self.on_beginning(request, response),
            NodeBinding::Bound(bound) => self.keys.unprotect_response(bound, response),
        };
        if unprotected == Err(SecurityError::Unprotected) && code.class() == 4 {
            self.hint = Some(code);
        }
        unprotected
    }

    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        layer::request_key(request)
    }
}
