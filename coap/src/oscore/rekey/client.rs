//! The client's side: two requests, each protected with keys that were never used.

use super::super::binding::RequestBinding;
use super::super::bstr;
use super::super::bytes::{Bytes, IdContext};
use super::super::context::{Context, DeriveError, Keying};
use super::super::error::ProtectError;
use super::super::unprotect::Protected;
use super::{NONCE, RekeyError};
use crate::code::Code;

/// An ID Context as a byte string of CBOR.
pub(super) type Wrapped = Bytes<{ IdContext::MAX + 2 }>;

/// What goes on the wire as kid context.
pub(super) fn wrap(bytes: &[u8]) -> Wrapped {
    let head = u8::try_from(bytes.len()).map(bstr::head);
    head.ok()
        .and_then(|head| Wrapped::joined(head.as_bytes(), bytes))
        .unwrap_or(Wrapped::EMPTY)
}

/// A client on its way to fresh keys: see [the module](super). Begun with each boot, and again
/// with another R1 whenever the server does not answer.
#[derive(Debug)]
pub struct ClientRekey {
    /// Of R1, then of R2 and R3.
    context: Context,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Asking { r1: [u8; NONCE] },
    Confirming,
    Established,
}

/// What a response came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The server's R2 is here: request again, to be answered with the new keys. The 4.01,
    /// unprotected, has so many bytes.
    AskAgain(usize),
    /// The new keys are established. The response, unprotected, has so many bytes.
    Established(usize),
}

impl ClientRekey {
    /// Begins with fresh random bytes.
    ///
    /// # Errors
    ///
    /// [`DeriveError`], where the keying is not safe.
    pub fn new(keying: &Keying<'_>, r1: [u8; NONCE]) -> Result<Self, DeriveError> {
        Ok(Self {
            context: Context::derive(keying, IdContext::new(&r1))?,
            step: Step::Asking { r1 },
        })
    }

    /// Protects a request as [`Context::protect_request`] does. The first one is not acted
    /// upon, so what it asks does not matter.
    ///
    /// # Errors
    ///
    /// [`ProtectError`].
    pub fn protect_request(
        &mut self,
        buffer: &mut [u8],
        length: usize,
    ) -> Result<(usize, RequestBinding), ProtectError> {
        let id_context = self.context.common.id_context.as_ref();
        let wrapped = wrap(id_context.map_or(&[], IdContext::as_bytes));
        self.context
            .protect_request(buffer, length, Some(wrapped.as_bytes()))
    }

    /// Takes the response to a request that was protected here, in place. `r3` are fresh random
    /// bytes, used where the response brings the server's R2.
    ///
    /// # Errors
    ///
    /// [`RekeyError`]: the true response may still come.
    pub fn handle_response(
        &mut self,
        keying: &Keying<'_>,
        request: &RequestBinding,
        datagram: &mut [u8],
        r3: [u8; NONCE],
    ) -> Result<Answer, RekeyError> {
        match self.step {
            Step::Asking { r1 } => {
                if r3 == r1 {
                    // The keys of response 1 would be those of everything after.
                    return Err(RekeyError::StaleEntropy);
                }
                let (r2, length) = challenged(keying, request, datagram, &r1)?;
                let id_context = with(r2.as_bytes(), &r3)?;
                self.context = Context::derive(keying, Some(id_context))?;
                self.step = Step::Confirming;
                Ok(Answer::AskAgain(length))
            }
            Step::Confirming => {
                let length = self.context.unprotect_response(request, datagram)?;
                self.step = Step::Established;
                Ok(Answer::Established(length))
            }
            Step::Established => Err(RekeyError::Established),
        }
    }

    /// Whether the next request is request 2.
    pub const fn is_confirming(&self) -> bool {
        matches!(self.step, Step::Confirming)
    }

    /// The keys, once they are established.
    pub fn into_context(self) -> Option<Context> {
        matches!(self.step, Step::Established).then_some(self.context)
    }
}

/// The server's R2, and the length of the response to request 1, where that verifies with the
/// keys of R2 and R1. These are off the stack when others are derived.
#[inline(never)]
fn challenged(
    keying: &Keying<'_>,
    request: &RequestBinding,
    datagram: &mut [u8],
    r1: &[u8; NONCE],
) -> Result<(IdContext, usize), RekeyError> {
    let protected = Protected::parse(datagram)?;
    let r2 = protected.option().id_context.and_then(bstr::unwrap);
    let r2 = r2.ok_or(RekeyError::NoIdContext)?;
    let context = Context::derive(keying, Some(with(r2, r1)?));
    let r2 = IdContext::new(r2).ok_or(RekeyError::IdContextLength(r2.len()))?;
    // Looked at where it is, not moved.
    let context = context.as_ref().map_err(|error| *error)?;
    let length = context.unprotect_response_of_r2(request, datagram)?;
    match datagram.get(1).copied().map(Code::from) {
        Some(Code::UNAUTHORIZED) => Ok((r2, length)),
        other => Err(RekeyError::Code(other.unwrap_or(Code::EMPTY))),
    }
}

/// The ID Context of the server's random bytes and ours.
fn with(r2: &[u8], ours: &[u8; NONCE]) -> Result<IdContext, RekeyError> {
    IdContext::joined(r2, ours)
        .filter(|_| r2.len() >= NONCE)
        .ok_or(RekeyError::IdContextLength(r2.len()))
}
