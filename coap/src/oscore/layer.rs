//! A context as the security layer of an endpoint: packets in, packets out.

use alloc::vec::Vec;

use super::binding::{ReplyBinding, RequestBinding};
use super::context::Context;
use super::error::ProtectError;
use super::protect::ReplyForm;
use super::unprotect::Protected;
use crate::packet::Packet;
use crate::security::{RequestKey, Security, SecurityError};

/// What either end keeps of a request.
#[derive(Debug)]
pub enum Binding {
    /// Of one of ours, for its response.
    Asked(RequestBinding),
    /// Of one of the peer's, for our response.
    Heard(ReplyBinding),
}

impl Security for Context {
    type Binding = Binding;

    fn protect_request(&mut self, request: Packet) -> Result<(Packet, Binding), SecurityError> {
        protect(request, |buffer, length| {
            let (length, binding) = self.protect_request(buffer, length, None)?;
            Ok((length, Binding::Asked(binding)))
        })
    }

    fn unprotect_request(&mut self, request: Packet) -> Result<(Packet, Binding), SecurityError> {
        let mut bytes = request.into_bytes();
        let (length, binding) = self.unprotect_request(&mut bytes)?;
        Ok((packet(bytes, length)?, Binding::Heard(binding)))
    }

    fn protect_response(
        &mut self,
        binding: &mut Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let Binding::Heard(binding) = binding else {
            return Err(SecurityError::Malformed);
        };
        let protected = protect(response, |buffer, length| {
            let form = ReplyForm::default();
            let length = self.protect_response(binding, buffer, length, form)?;
            Ok((length, ()))
        });
        protected.map(|(packet, ())| packet)
    }

    fn unprotect_response(
        &mut self,
        binding: &Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        let Binding::Asked(binding) = binding else {
            return Err(SecurityError::Malformed);
        };
        let mut bytes = response.into_bytes();
        let length = Self::unprotect_response(self, binding, &mut bytes)?;
        packet(bytes, length)
    }

    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        request_key(request)
    }
}

/// What tells the duplicates of a protected request.
pub(super) fn request_key(request: &Packet) -> Option<RequestKey> {
    Protected::parse(request.as_bytes()).ok()?.request_key()
}

/// Protects a packet where it is, with room for what comes to it. An endpoint's own messages
/// have no options that would need more.
pub(super) fn protect<Kept>(
    packet: Packet,
    protect: impl FnOnce(&mut [u8], usize) -> Result<(usize, Kept), ProtectError>,
) -> Result<(Packet, Kept), SecurityError> {
    let mut bytes = packet.into_bytes();
    let length = bytes.len();
    // Packets are made with room for this; others grow by no more.
    bytes.reserve_exact(Context::MAX_OVERHEAD);
    bytes.resize(length.saturating_add(Context::MAX_OVERHEAD), 0);
    let (length, kept) = protect(&mut bytes, length)?;
    Ok((self::packet(bytes, length)?, kept))
}

/// The message in the first `length` bytes.
pub(super) fn packet(mut bytes: Vec<u8>, length: usize) -> Result<Packet, SecurityError> {
    bytes.truncate(length);
    Packet::from_vec(bytes).map_err(|_| SecurityError::Malformed)
}
