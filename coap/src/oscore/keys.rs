//! Keys that others may follow, as the security layer of an endpoint.

use super::binding::ReplyBinding;
use super::context::Context;
use super::layer::Binding;
use crate::packet::Packet;
use crate::security::{RequestKey, Security, SecurityError};

/// The keys of one end toward one peer: none until the first are established, each time until
/// others are.
///
/// What was asked or heard with keys of before is not answered with those that followed: its
/// nonce is not of them.
#[derive(Debug, Default)]
pub struct Keys {
    context: Option<Context>,
    /// How many contexts were established.
    generation: u32,
}

/// What either end keeps of a request, and of which keys it is.
#[derive(Debug)]
pub struct Bound {
    generation: u32,
    binding: Binding,
}

impl Keys {
    /// No keys yet.
    pub const fn new() -> Self {
        Self {
            context: None,
            generation: 0,
        }
    }

    /// The keys that messages are protected with, once there are some.
    pub const fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    /// Takes these keys in place of those of before.
    pub fn establish(&mut self, context: Context) {
        self.context = Some(context);
        self.generation = self.generation.wrapping_add(1);
    }

    /// What the answer to a request is bound to that was unprotected with the present keys.
    pub const fn heard(&self, reply: ReplyBinding) -> Bound {
        self.bound(Binding::Heard(reply))
    }

    const fn bound(&self, binding: Binding) -> Bound {
        Bound {
            generation: self.generation,
            binding,
        }
    }

    pub(super) fn present(&mut self) -> Result<&mut Context, SecurityError> {
        self.context.as_mut().ok_or(SecurityError::NoKeys)
    }

    fn present_of(&mut self, generation: u32) -> Result<&mut Context, SecurityError> {
        if generation != self.generation {
            return Err(SecurityError::UnknownKey);
        }
        self.present()
    }
}

impl Security for Keys {
    type Binding = Bound;

    fn protect_request(&mut self, request: Packet) -> Result<(Packet, Bound), SecurityError> {
        let (packet, binding) = Security::protect_request(self.present()?, request)?;
        Ok((packet, self.bound(binding)))
    }

    fn unprotect_request(&mut self, request: Packet) -> Result<(Packet, Bound), SecurityError> {
        let (packet, binding) = Security::unprotect_request(self.present()?, request)?;
        Ok((packet, self.bound(binding)))
    }

    fn protect_response(
        &mut self,
        bound: &mut Bound,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let context = self.present_of(bound.generation)?;
        Security::protect_response(context, &mut bound.binding, response)
    }

    fn unprotect_response(
        &mut self,
        bound: &Bound,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let context = self.present_of(bound.generation)?;
        Security::unprotect_response(context, &bound.binding, response)
    }

    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        super::layer::request_key(request)
    }
}
