//! Unprotecting: what verifies is decrypted where it is, and its options are merged with those
//! outside that are for everybody; all others outside are dropped (RFC 8613 section 8.2).

use super::aad::Aad;
use super::binding::{ReplyBinding, RequestBinding};
use super::context::Context;
use super::error::UnprotectError;
use super::key::TAG;
use super::message::{Class, Found, Kind, NoRoom, OBSERVE, OSCORE, Parts, Reader, Writer};
use super::nonce::{NONCE, PartialIv, SealNonce};
use super::option::OscoreOption;
use crate::security::RequestKey;

/// A datagram with an OSCORE option, of which nothing is proven: what it says of itself finds
/// its context, and tells whether it was here before.
#[derive(Clone, Copy, Debug)]
pub struct Protected<'a> {
    option: OscoreOption<'a>,
    tag: [u8; TAG],
    parts: Parts,
}

impl<'a> Protected<'a> {
    /// Looks at a datagram.
    ///
    /// # Errors
    ///
    /// [`UnprotectError`], where no context could unprotect it.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, UnprotectError> {
        let parts = Parts::of(datagram).map_err(UnprotectError::Malformed)?;
        let mut value = None;
        let mut options = parts.reader();
        while let Some(option) = options.next(datagram) {
            if option.number == OSCORE && value.replace(option.value).is_some() {
                return Err(UnprotectError::Repeated);
            }
        }
        let value = value.and_then(|value| datagram.get(value));
        let option = OscoreOption::decode(value.ok_or(UnprotectError::Unprotected)?)
            .map_err(UnprotectError::Option)?;
        let payload = datagram.get(parts.payload..).unwrap_or(&[]);
        let tag = match payload.split_last_chunk::<TAG>() {
            Some(([_, ..], tag)) => *tag,
            _ => return Err(UnprotectError::TooShort(payload.len())),
        };
        Ok(Self { option, tag, parts })
    }

    /// Its OSCORE option.
    pub const fn option(&self) -> &OscoreOption<'a> {
        &self.option
    }

    /// What tells its duplicates, among the requests of one peer: its Partial IV and its tag.
    ///
    /// The tag is there because contexts follow one another, and each begins with the same
    /// Partial IVs: a request of a new boot must not get the reply to one of the boot before.
    /// `None` for what is no request.
    pub fn request_key(&self) -> Option<RequestKey> {
        let partial_iv = self.option.partial_iv?.to_wire();
        let [_, tag @ ..] = &self.tag;
        RequestKey::protected(tag, partial_iv.as_bytes())
    }
}

impl Context {
    /// Unprotects the peer's request, which is all of `datagram`, in place; gives its length,
    /// and what its answers are protected with. It is accepted once.
    ///
    /// # Errors
    ///
    /// [`UnprotectError`]; the replay window moves for nothing that does not verify.
    pub fn unprotect_request(
        &mut self,
        datagram: &mut [u8],
    ) -> Result<(usize, ReplyBinding), UnprotectError> {
        let (parts, option) = self.parse(datagram, Kind::Request, Self::is_named_by)?;
        let (Some(partial_iv), true) = option else {
            return Err(UnprotectError::Incomplete);
        };
        let window = &self.recipient.window;
        window
            .check(partial_iv)
            .map_err(|_| UnprotectError::Replayed(partial_iv))?;
        let key_id = self.recipient.id;
        let request = RequestBinding { key_id, partial_iv };
        let nonce = self.nonce(&key_id, partial_iv);
        let plaintext = self.open(datagram, &parts, &nonce, &request)?;
        self.recipient.window.commit(partial_iv);
        let length = merge(datagram, &parts, plaintext, Kind::Request, None)?;
        let binding = ReplyBinding {
            request,
            nonce: Some(SealNonce::of_request(nonce)),
        };
        Ok((length, binding))
    }

    /// Unprotects the peer's response, which is all of `datagram`, to the request of ours that
    /// gave `request`; in place. Gives its length.
    ///
    /// Its order among the notifications to one request is the caller's to watch: the Observe
    /// option that comes out of one is the end of its Partial IV.
    ///
    /// # Errors
    ///
    /// [`UnprotectError`].
    pub fn unprotect_response(
        &self,
        request: &RequestBinding,
        datagram: &mut [u8],
    ) -> Result<usize, UnprotectError> {
        let named = Self::is_named_by;
        let (parts, (partial_iv, _)) = self.parse(datagram, Kind::Response, named)?;
        self.open_response(request, datagram, &parts, partial_iv)
    }

    /// As [`Self::unprotect_response`], for a response that names this context by a part of its
    /// ID Context, by which it was derived (RFC 8613 appendix B.2).
    pub(crate) fn unprotect_response_of_r2(
        &self,
        request: &RequestBinding,
        datagram: &mut [u8],
    ) -> Result<usize, UnprotectError> {
        let named = Self::is_from_recipient;
        let (parts, (partial_iv, _)) = self.parse(datagram, Kind::Response, named)?;
        self.open_response(request, datagram, &parts, partial_iv)
    }

    fn open_response(
        &self,
        request: &RequestBinding,
        datagram: &mut [u8],
        parts: &Parts,
        partial_iv: Option<PartialIv>,
    ) -> Result<usize, UnprotectError> {
        let nonce = match partial_iv {
            Some(partial_iv) => self.nonce(&self.recipient.id, partial_iv),
            None => self.nonce(&request.key_id, request.partial_iv),
        };
        let plaintext = self.open(datagram, parts, &nonce, request)?;
        merge(datagram, parts, plaintext, Kind::Response, partial_iv)
    }

    /// The parts of a message of this kind that names this context, its Partial IV, and whether
    /// it has a kid.
    fn parse(
        &self,
        datagram: &[u8],
        kind: Kind,
        is_named_by: fn(&Self, &OscoreOption<'_>) -> bool,
    ) -> Result<(Parts, (Option<PartialIv>, bool)), UnprotectError> {
        let Protected { option, parts, .. } = Protected::parse(datagram)?;
        if !kind.has(parts.code) {
            return Err(UnprotectError::Code(parts.code));
        }
        if !is_named_by(self, &option) {
            return Err(UnprotectError::UnknownContext);
        }
        Ok((parts, (option.partial_iv, option.key_id.is_some())))
    }

    /// Decrypts the payload in place, and finds the parts of what is in it.
    fn open(
        &self,
        datagram: &mut [u8],
        parts: &Parts,
        nonce: &[u8; NONCE],
        request: &RequestBinding,
    ) -> Result<Parts, UnprotectError> {
        let (plaintext, tag) = datagram
            .get_mut(parts.payload..)
            .and_then(|payload| payload.split_last_chunk_mut::<TAG>())
            .ok_or(UnprotectError::TooShort(0))?;
        self.recipient
            .key
            .open(nonce, &Aad::new(request), plaintext, *tag)
            .map_err(|_| UnprotectError::Unauthentic)?;
        Parts::of_plaintext(plaintext, parts.payload).map_err(UnprotectError::InnerMalformed)
    }
}

/// Puts the message together again: the code inside, options of both sides in the order of
/// their numbers, the payload inside.
fn merge(
    datagram: &mut [u8],
    outside: &Parts,
    inside: Parts,
    kind: Kind,
    partial_iv: Option<PartialIv>,
) -> Result<usize, UnprotectError> {
    if !kind.has(inside.code) {
        return Err(UnprotectError::InnerCode(inside.code));
    }
    let mut options = inside.reader();
    while let Some(option) = options.next(datagram) {
        match Class::of(option.number) {
            Class::Encrypted | Class::Both => {}
            Class::Unprotected | Class::Oscore => {
                return Err(UnprotectError::InnerOption(option.number));
            }
        }
    }
    let end = datagram.len().saturating_sub(TAG);
    let mut merge = Merge {
        outer: outside.reader(),
        inner: inside.reader(),
        writer: Writer::new(outside.options),
        observe: observe(datagram, outside, kind, partial_iv),
    };
    // What is written is never longer than what was read, so this does not fail.
    let merged = merge.run(datagram, inside.payload..end);
    merged.map_err(|NoRoom| UnprotectError::TooShort(end))?;
    if let Some(code) = datagram.get_mut(1) {
        *code = inside.code.into();
    }
    Ok(merge.writer.at)
}

/// What becomes of the Observe option inside (RFC 8613 section 4.1.3.5).
enum Observe {
    /// Nobody asked outside for what is asked for inside, or a proxy took it away.
    Drop,
    Keep,
    /// A notification: its order is that of its Partial IV.
    Number([u8; 3]),
}

fn observe(datagram: &[u8], outside: &Parts, kind: Kind, partial_iv: Option<PartialIv>) -> Observe {
    let mut options = outside.reader();
    let found = core::iter::from_fn(|| options.next(datagram));
    match (kind, partial_iv) {
        _ if !{ found }.any(|option| option.number == OBSERVE) => Observe::Drop,
        (Kind::Response, Some(partial_iv)) => {
            let [.., high, middle, low] = partial_iv.number().to_be_bytes();
            Observe::Number([high, middle, low])
        }
        (Kind::Response, None) | (Kind::Request, _) => Observe::Keep,
    }
}

/// Two runs of options, the one behind the other, becoming one where the first began.
struct Merge {
    outer: Reader,
    inner: Reader,
    writer: Writer,
    observe: Observe,
}

impl Merge {
    fn run(&mut self, datagram: &mut [u8], payload: core::ops::Range<usize>) -> Result<(), NoRoom> {
        loop {
            let (mut outer, mut inner) = (self.outer.clone(), self.inner.clone());
            match (outer.next(datagram), inner.next(datagram)) {
                (Some(option), next)
                    if next
                        .as_ref()
                        .is_none_or(|next| option.number <= next.number) =>
                {
                    self.outer = outer;
                    if Class::of(option.number) == Class::Unprotected {
                        self.writer.copy(datagram, self.outer.at, &option)?;
                    }
                }
                (outside, Some(option)) => {
                    let from = self.inner.at;
                    self.inner = inner;
                    self.take_inner(datagram, option, from, outside.is_some())?;
                }
                (_, None) => break,
            }
        }
        self.writer.payload(datagram, payload)
    }

    /// Writes an option from inside, which began at `from`. Where options outside are still to
    /// come, it changes places with them, so as not to go over them.
    fn take_inner(
        &mut self,
        datagram: &mut [u8],
        mut option: Found,
        from: usize,
        swap: bool,
    ) -> Result<(), NoRoom> {
        let mut limit = self.inner.at;
        if swap {
            let length = self.inner.at.checked_sub(from).ok_or(NoRoom)?;
            let back = from.checked_sub(self.outer.at).ok_or(NoRoom)?;
            datagram
                .get_mut(self.outer.at..self.inner.at)
                .ok_or(NoRoom)?
                .rotate_right(length);
            self.outer.shift(length);
            limit = self.outer.at;
            option.value = option.value.start - back..option.value.end - back;
        }
        match (option.number, &self.observe) {
            (OBSERVE, Observe::Drop) => Ok(()),
            (OBSERVE, Observe::Number(bytes)) => {
                let leading = bytes.iter().take_while(|byte| **byte == 0).count();
                let value = bytes.get(leading..).unwrap_or(&[]);
                self.writer.write(datagram, limit, OBSERVE, value)
            }
            (_, _) => self.writer.copy(datagram, limit, &option),
        }
    }
}
