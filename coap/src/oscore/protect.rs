//! Protecting: options are told apart by class, what is private moves behind the payload
//! marker together with the code, and is encrypted there.
//!
//! ```text
//!  header token | E and U options | FF payload |
//!  header token | U options, OSCORE | FF | code  E options  FF payload | tag
//!                                        '-------- encrypted ---------'
//! ```

use edgerm_protocol::planted::{Bug, is_planted};

use super::aad::Aad;
use super::binding::{ReplyBinding, RequestBinding};
use super::context::Context;
use super::error::ProtectError;
use super::key::TAG;
use super::message::{Class, Kind, NoRoom, OBSERVE, OSCORE, Parts, Writer, copy_within};
use super::nonce::{PartialIv, SealNonce};
use super::option::OscoreOption;
use crate::codec::PAYLOAD_MARKER;
use crate::option::PROXY_URI;

/// What an answer says beside itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplyForm<'a> {
    /// Whether it has a Partial IV of its own, though it might use its request's nonce. An
    /// answer with Observe has one anyway, and so has every answer but the first.
    pub own_partial_iv: bool,
    /// The kid context to send with it.
    pub id_context: Option<&'a [u8]>,
}

impl Context {
    /// Most bytes that protection adds to a message without Uri-Host, Uri-Port and Observe,
    /// where a kid context of up to 34 bytes goes with it.
    pub const MAX_OVERHEAD: usize = (2 + OscoreOption::MAX) + 1 + 1 + TAG;

    /// Protects the request in the first `length` bytes of a buffer, in place, and gives its
    /// new length and what its response is bound to. `id_context` is the kid context to send.
    ///
    /// # Errors
    ///
    /// [`ProtectError`]; a Partial IV may be used up all the same.
    pub fn protect_request(
        &mut self,
        buffer: &mut [u8],
        length: usize,
        id_context: Option<&[u8]>,
    ) -> Result<(usize, RequestBinding), ProtectError> {
        let plan = Plan::of(buffer, length, Kind::Request)?;
        let (partial_iv, nonce) = self.next_nonce()?;
        let key_id = self.sender.id;
        let option = OscoreOption {
            partial_iv: Some(partial_iv),
            key_id: Some(key_id.as_bytes()),
            id_context,
        };
        let request = RequestBinding { key_id, partial_iv };
        let length = self.seal(buffer, &plan, &option, &request, nonce)?;
        if is_planted(Bug::ReuseBinding) && partial_iv.number() & 7 == 7 {
            let partial_iv = PartialIv::new(partial_iv.number() - 1).unwrap_or(partial_iv);
            return Ok((length, RequestBinding { key_id, partial_iv }));
        }
        Ok((length, request))
    }

    /// Protects the response in the first `length` bytes of a buffer, in place, and gives its
    /// new length. `binding` is what [`Self::unprotect_request`] gave with its request.
    ///
    /// # Errors
    ///
    /// [`ProtectError`]; the next answer to the same request may then bear a Partial IV of its
    /// own.
    pub fn protect_response(
        &mut self,
        binding: &mut ReplyBinding,
        buffer: &mut [u8],
        length: usize,
        form: ReplyForm<'_>,
    ) -> Result<usize, ProtectError> {
        let plan = Plan::of(buffer, length, Kind::Response)?;
        let own = form.own_partial_iv || plan.observe;
        let of_request = if own { None } else { binding.nonce.take() };
        let (partial_iv, nonce) = match of_request {
            Some(nonce) => (None, nonce),
            None => {
                let (partial_iv, nonce) = self.next_nonce()?;
                (Some(partial_iv), nonce)
            }
        };
        let option = OscoreOption {
            partial_iv,
            key_id: None,
            id_context: form.id_context,
        };
        self.seal(buffer, &plan, &option, &binding.request, nonce)
    }

    fn next_nonce(&mut self) -> Result<(PartialIv, SealNonce), ProtectError> {
        let number = self.sender.sequence.take().ok_or(ProtectError::Exhausted)?;
        let partial_iv = number.partial_iv();
        let nonce = number.into_nonce(&self.common.iv.0, &self.sender.id);
        Ok((partial_iv, nonce))
    }

    fn seal(
        &self,
        buffer: &mut [u8],
        plan: &Plan,
        option: &OscoreOption<'_>,
        request: &RequestBinding,
        nonce: SealNonce,
    ) -> Result<usize, ProtectError> {
        let (start, end) = plan.rearrange(buffer, option)?;
        let sealed = buffer
            .get_mut(start..end + TAG)
            .and_then(|sealed| sealed.split_last_chunk_mut::<TAG>());
        let (plaintext, tag) = sealed.ok_or(ProtectError::TooLong)?;
        *tag = self
            .sender
            .key
            .seal(nonce, &Aad::new(request), plaintext)
            .ok_or(ProtectError::TooLong)?;
        Ok(end + TAG)
    }
}

/// What is known of a message before anything moves.
struct Plan {
    kind: Kind,
    parts: Parts,
    length: usize,
    observe: bool,
}

impl Plan {
    fn of(buffer: &[u8], length: usize, kind: Kind) -> Result<Self, ProtectError> {
        let message = buffer
            .get(..length)
            .ok_or(ProtectError::Capacity { needed: length })?;
        let parts = Parts::of(message).map_err(ProtectError::Malformed)?;
        if !kind.has(parts.code) {
            return Err(ProtectError::Code(parts.code));
        }
        let mut plan = Self {
            kind,
            parts,
            length,
            observe: false,
        };
        let mut options = parts.reader();
        while let Some(option) = options.next(message) {
            match option.number {
                OSCORE => return Err(ProtectError::AlreadyProtected),
                PROXY_URI => return Err(ProtectError::ProxyUri),
                OBSERVE => plan.observe = true,
                _ => {}
            }
        }
        Ok(plan)
    }

    /// Lays the message out anew, not yet encrypted, and tells where its plaintext begins and
    /// ends; there is room for a tag after it. It is off the stack when the cipher comes.
    #[inline(never)]
    fn rearrange(
        &self,
        buffer: &mut [u8],
        option: &OscoreOption<'_>,
    ) -> Result<(usize, usize), ProtectError> {
        let mut value = [0; OscoreOption::MAX];
        let oscore = option.encode(&mut value).ok_or(ProtectError::IdContext)?;
        let needed = self.needed(buffer, oscore.len());
        if needed > buffer.len() {
            return Err(ProtectError::Capacity { needed });
        }
        // Nothing fails from here on: `needed` has it all.
        self.move_parts(buffer, oscore)
            .map_err(|NoRoom| ProtectError::Capacity { needed })
    }

    /// Bytes that the buffer must have: for the protected message, and for options and payload
    /// to be put out of the way while the options that stay outside are written.
    fn needed(&self, buffer: &[u8], oscore: usize) -> usize {
        let mut outer = Writer::new(self.parts.options);
        let mut inner = Writer::new(0);
        let mut oscore = Some(oscore);
        let mut options = self.parts.reader();
        while let Some(option) = options.next(buffer) {
            if option.number > OSCORE
                && let Some(length) = oscore.take()
            {
                outer.count(OSCORE, length);
            }
            let length = option.value.len();
            match Class::of(option.number) {
                Class::Unprotected => outer.count(option.number, length),
                Class::Both => {
                    outer.count(option.number, length);
                    inner.count(option.number, length);
                }
                Class::Encrypted => inner.count(option.number, length),
                Class::Oscore => {}
            }
        }
        if let Some(length) = oscore {
            outer.count(OSCORE, length);
        }
        // A marker and a code.
        let plaintext = outer.at.saturating_add(2);
        let moved = self.length - self.parts.options;
        let payload = self.length - self.parts.options_end;
        let sealed = inner.at.saturating_add(payload).saturating_add(TAG);
        plaintext.saturating_add(moved.max(sealed))
    }

    fn move_parts(&self, buffer: &mut [u8], oscore: &[u8]) -> Result<(usize, usize), NoRoom> {
        let Parts { code, options, .. } = self.parts;
        let by = buffer.len().checked_sub(self.length).ok_or(NoRoom)?;
        copy_within(buffer, options..self.length, options + by)?;
        let mut source = self.parts.reader();
        source.shift(by);

        let mut writer = Writer::new(options);
        self.write_outer(buffer, &mut writer, source.clone(), oscore)?;
        let outer_code = self.kind.outer_code(self.observe);
        *buffer.get_mut(1).ok_or(NoRoom)? = outer_code.into();
        writer.byte(buffer, PAYLOAD_MARKER)?;
        let start = writer.at;
        writer.byte(buffer, code.into())?;
        while let Some(option) = source.next(buffer) {
            match (Class::of(option.number), self.kind) {
                (Class::Unprotected | Class::Oscore, _) => {}
                // The Partial IV tells the order of notifications (RFC 8613 section 4.1.3.5).
                (Class::Both, Kind::Response) => {
                    writer.write(buffer, source.at, option.number, &[])?;
                }
                (Class::Both, Kind::Request) | (Class::Encrypted, _) => {
                    writer.copy(buffer, source.at, &option)?;
                }
            }
        }
        writer.payload(buffer, self.parts.payload + by..self.length + by)?;
        Ok((start, writer.at))
    }

    fn write_outer(
        &self,
        buffer: &mut [u8],
        writer: &mut Writer,
        mut source: super::message::Reader,
        oscore: &[u8],
    ) -> Result<(), NoRoom> {
        let limit = source.at;
        let mut oscore = Some(oscore);
        while let Some(option) = source.next(buffer) {
            if option.number > OSCORE
                && let Some(value) = oscore.take()
            {
                writer.write(buffer, limit, OSCORE, value)?;
            }
            match Class::of(option.number) {
                Class::Unprotected | Class::Both => writer.copy(buffer, limit, &option)?,
                Class::Encrypted | Class::Oscore => {}
            }
        }
        oscore.map_or(Ok(()), |value| writer.write(buffer, limit, OSCORE, value))
    }
}
