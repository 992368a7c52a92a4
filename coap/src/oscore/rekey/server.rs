//! The server's side: stateless until a client proves that it is there now.

use core::fmt;

use zeroize::Zeroize;

use super::super::binding::ReplyBinding;
use super::super::bstr;
use super::super::bytes::{Bytes, IdContext, KeyId};
use super::super::context::{Context, Keying};
use super::super::error::ProtectError;
use super::super::kdf::hmac;
use super::super::protect::ReplyForm;
use super::super::unprotect::Protected;
use super::client::wrap;
use super::{NONCE, RekeyError};
use crate::code::Code;
use crate::option::Echo;

/// Bytes of the number in an R2. At 100,000 a second they last for 89 years.
const NUMBER: usize = 6;

/// Bytes of the code that authenticates it.
const CODE: usize = 8;

/// Bytes of an R2. With the client's random bytes they fit an [`IdContext`].
const R2: usize = NUMBER + CODE;
const _: () = assert!(R2 + NONCE <= IdContext::MAX);

/// Most bytes of a place: an IPv6 address and a port.
const PLACE: usize = 18;

/// What the code authenticates: the number, the length of the client's id, the place and the id.
type Message = Bytes<{ NUMBER + 1 + PLACE + KeyId::MAX }>;

/// The number that is no R2's, but stands for where a client is.
const PROOF: [u8; NUMBER] = [0xff; NUMBER];

/// The R2 of one boot of a server, for all its clients: a number that counts up, and a code
/// over it, the client's id and where that is, made with a key that this boot drew. None is
/// given twice, which is what the keys of a challenge depend upon.
pub struct Challenges {
    key: [u8; 32],
    next: u64,
}

/// What a server keeps of one client beside its keys: every R2 before this one is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled(u64);

/// What a request came to.
#[derive(Debug)]
pub enum Heard {
    /// A request 1, which is not to be acted upon: to be answered with 4.01.
    Asked(Challenge),
    /// A request 2: the client is there, and these are its keys from now on.
    Established {
        /// In place of the context of before.
        context: Context,
        /// The request, unprotected, has so many bytes.
        length: usize,
        /// What its response is protected with.
        reply: ReplyBinding,
    },
}

/// An answer to a request 1, good for one response.
#[derive(Debug)]
pub struct Challenge {
    /// Of R2 and R1.
    context: Context,
    r2: [u8; R2],
    reply: ReplyBinding,
}

impl Settled {
    /// No client's R2 is over.
    pub const NONE: Self = Self(0);
}

impl Challenges {
    /// None given yet. The random bytes are this boot's.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key, next: 0 }
    }

    /// Takes a request with a kid context that is not its client's present one, in place.
    /// `keying` is that of its kid, `settled` what was kept of it, and `place` where it came
    /// from, at most 18 bytes: an R2 is good for the place alone that it was given to, so who
    /// answers it is there.
    ///
    /// # Errors
    ///
    /// [`RekeyError`]: the client keeps the keys that it had.
    pub fn handle_request(
        &mut self,
        keying: &Keying<'_>,
        settled: &mut Settled,
        place: &[u8],
        datagram: &mut [u8],
    ) -> Result<Heard, RekeyError> {
        let protected = Protected::parse(datagram)?;
        let name = protected.option().id_context.and_then(bstr::unwrap);
        let name = name.ok_or(RekeyError::NoIdContext)?;
        let theirs = match self.number_in(&keying.recipient, place, name) {
            Some((number, _)) if number < settled.0 => return Err(RekeyError::Settled),
            Some((_, r3)) => r3.len(),
            None => name.len(),
        };
        let is_second = theirs < name.len();
        let id_context = IdContext::new(name).filter(|_| theirs >= NONCE);
        let id_context = id_context.ok_or(RekeyError::IdContextLength(theirs))?;
        let mut context = Context::derive(keying, Some(id_context))?;
        let (length, reply) = context.unprotect_request(datagram)?;
        if !is_second {
            return self
                .challenge(keying, place, &id_context, reply)
                .map(Heard::Asked);
        }
        // All that were given out, for other runs of the same client too.
        *settled = Settled(self.next);
        Ok(Heard::Established {
            context,
            length,
            reply,
        })
    }

    fn challenge(
        &mut self,
        keying: &Keying<'_>,
        place: &[u8],
        id1: &IdContext,
        reply: ReplyBinding,
    ) -> Result<Challenge, RekeyError> {
        let r2 = self.r2(&keying.recipient, place, self.next);
        let r2 = r2.ok_or(RekeyError::Exhausted)?;
        let id2 = IdContext::joined(&r2, id1.as_bytes());
        let id2 = id2.ok_or(RekeyError::IdContextLength(id1.as_bytes().len()))?;
        let context = Context::derive(keying, Some(id2))?;
        self.next += 1;
        // The nonce of the request is of other keys; the response bears its own Partial IV.
        let reply = ReplyBinding {
            request: reply.request,
            nonce: None,
        };
        Ok(Challenge { context, r2, reply })
    }

    /// The number of the R2 that an ID Context begins with, and what follows it, where that R2
    /// was given to this client.
    fn number_in<'a>(
        &self,
        client: &KeyId,
        place: &[u8],
        name: &'a [u8],
    ) -> Option<(u64, &'a [u8])> {
        let (r2, r3) = name.split_first_chunk::<R2>()?;
        let [a, b, c, d, e, f, ..] = *r2;
        let number = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let ours = self
            .r2(client, place, number)
            .filter(|_| number < self.next)?;
        let difference = ours
            .iter()
            .zip(r2)
            .fold(0, |difference, (one, other)| difference | (one ^ other));
        (difference == 0).then_some((number, r3))
    }

    /// The R2 of this number for this client at this place; `None` beyond the last number, and
    /// where the place has more bytes than may be.
    fn r2(&self, client: &KeyId, place: &[u8], number: u64) -> Option<[u8; R2]> {
        let [0, 0, number @ ..] = number.to_be_bytes() else {
            return None;
        };
        if number == PROOF {
            return None;
        }
        let code = self.code(&number, client, place)?;
        let mut r2 = [0; R2];
        for (slot, byte) in r2.iter_mut().zip(number.iter().chain(&code)) {
            *slot = *byte;
        }
        Some(r2)
    }

    /// What proves to us that this client is at this place, once it repeats it from there: an
    /// Echo (RFC 9175 section 2.3) that nothing is kept for. `None` where the place has more
    /// bytes than may be.
    pub fn proof(&self, client: &KeyId, place: &[u8]) -> Option<Echo> {
        let code = self.code(&PROOF, client, place)?;
        Echo::new(&code)
    }

    fn code(&self, number: &[u8; NUMBER], client: &KeyId, place: &[u8]) -> Option<[u8; CODE]> {
        let [a, b, c, d, e, f] = *number;
        let head = [a, b, c, d, e, f, client.length()];
        let head = Bytes::<{ NUMBER + 1 + PLACE }>::joined(&head, place)?;
        let message = Message::joined(head.as_bytes(), client.as_bytes())?;
        Some(hmac(&self.key, message.as_bytes()))
    }
}

impl Challenge {
    /// Protects the 4.01 in the first `length` bytes of a buffer, in place; gives its length.
    ///
    /// # Errors
    ///
    /// [`ProtectError`], also where the code is another.
    pub fn protect(mut self, buffer: &mut [u8], length: usize) -> Result<usize, ProtectError> {
        let code = Code::from(buffer.get(1).copied().unwrap_or(0));
        if code != Code::UNAUTHORIZED {
            return Err(ProtectError::Code(code));
        }
        let wrapped = wrap(&self.r2);
        let form = ReplyForm {
            own_partial_iv: true,
            id_context: Some(wrapped.as_bytes()),
        };
        self.context
            .protect_response(&mut self.reply, buffer, length, form)
    }
}

impl Drop for Challenges {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

impl fmt::Debug for Challenges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenges")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}
