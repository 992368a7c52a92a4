//! A server's side of one of its clients: the credential of both, and which of the client's runs
//! are over.

use alloc::vec::Vec;

use edgerm_protocol::Instant;

use super::binding::{ReplyBinding, RequestBinding};
use super::credential::Credential;
use super::keys::{Bound, Keys};
use super::layer;
use super::protect::ReplyForm;
use super::rekey::{Challenge, Challenges, Heard, Settled};
use super::unprotect::Protected;
use crate::code::Code;
use crate::endpoint::{Endpoint, Event};
use crate::error::Ignored;
use crate::header::{Envelope, MessageType};
use crate::packet::Packet;
use crate::response::Response;
use crate::security::{Channel, Security, SecurityError};

/// What a server keeps of a client beside its endpoint, for as long as it knows the credential:
/// were it forgotten sooner, keys of before could be established again.
#[derive(Debug)]
pub struct Client {
    credential: Credential,
    settled: Settled,
}

/// What a request of a client came to.
#[derive(Debug)]
pub struct Hearing {
    /// What the endpoint made of it.
    pub event: Result<Event, Ignored>,
    /// Whether it established fresh keys. Nothing that was asked with those of before is
    /// answered any more.
    pub established: bool,
    /// The datagram that answers it in the endpoint's stead, where it began fresh keys.
    pub challenge: Option<Vec<u8>>,
}

impl Client {
    /// A client with this credential, from which nothing was heard since it was made.
    pub const fn new(credential: Credential) -> Self {
        Self {
            credential,
            settled: Settled::NONE,
        }
    }

    /// Takes a request that names this client, from a `place` of at most 18 bytes that is its
    /// address. Of the two ways to answer one, at most one is there.
    pub fn handle_request(
        &mut self,
        endpoint: &mut Endpoint<Channel<Keys>>,
        challenges: &mut Challenges,
        place: &[u8],
        now: Instant,
        datagram: &[u8],
    ) -> Hearing {
        let (mut established, mut challenge) = (false, None);
        let event = endpoint.handle_datagram_by(now, datagram, |channel, packet| {
            let Channel::Protected(keys) = channel else {
                return Err(SecurityError::UnknownKey);
            };
            let envelope = acknowledgement(&packet);
            match self.unprotect(keys, challenges, place, packet)? {
                Unprotected::Request(packet, bound, fresh) => {
                    established = fresh;
                    Ok((packet, Some(bound)))
                }
                Unprotected::Beginning(begun) => {
                    challenge = protected(begun, envelope);
                    Err(SecurityError::Beginning)
                }
            }
        });
        if established {
            endpoint.cancel();
        }
        Hearing {
            event,
            established,
            challenge,
        }
    }

    fn unprotect(
        &mut self,
        keys: &mut Keys,
        challenges: &mut Challenges,
        place: &[u8],
        request: Packet,
    ) -> Result<Unprotected, SecurityError> {
        let confirmable = request.kind() == MessageType::Confirmable;
        let protected = Protected::parse(request.as_bytes())?;
        let option = protected.option();
        if keys.context().is_some_and(|keys| keys.is_named_by(option)) {
            let (packet, bound) = keys.unprotect_request(request)?;
            return Ok(Unprotected::Request(packet, bound, false));
        }
        if option.id_context.is_none() || !confirmable {
            return Err(SecurityError::NoKeys);
        }
        let keying = self.credential.of_master();
        let mut bytes = request.into_bytes();
        match challenges.handle_request(&keying, &mut self.settled, place, &mut bytes)? {
            Heard::Asked(challenge) => Ok(Unprotected::Beginning(challenge)),
            Heard::Established {
                context,
                length,
                reply,
            } => {
                keys.establish(context);
                let packet = layer::packet(bytes, length)?;
                Ok(Unprotected::Request(packet, keys.heard(reply), true))
            }
        }
    }
}

enum Unprotected {
    /// A request, what its answer is bound to, and whether it established the keys.
    Request(Packet, Bound, bool),
    /// One that is answered with this.
    Beginning(Challenge),
}

/// The 4.01 of a challenge. `None` where that cannot be protected, which has no reason to be.
fn protected(challenge: Challenge, envelope: Envelope) -> Option<Vec<u8>> {
    let response = Packet::new(envelope, Code::UNAUTHORIZED, 0);
    let (packet, ()) = layer::protect(response, |buffer, length| {
        Ok((challenge.protect(buffer, length)?, ()))
    })
    .ok()?;
    Some(packet.into_bytes())
}

/// Answers a request once more, and otherwise than before: with a Partial IV of its own. It is for
/// a request that the endpoint knew for a duplicate of one that it unprotected. `None` where that
/// was with other keys than the present ones.
pub fn answer_again(
    endpoint: &mut Endpoint<Channel<Keys>>,
    request: &[u8],
    response: &Response<'_>,
) -> Option<Vec<u8>> {
    let Channel::Protected(keys) = endpoint.security_mut() else {
        return None;
    };
    let context = keys.present().ok()?;
    let protected = Protected::parse(request).ok()?;
    let option = protected.option();
    if !context.is_named_by(option) {
        return None;
    }
    let mut reply = ReplyBinding {
        request: RequestBinding {
            key_id: context.recipient_id(),
            partial_iv: option.partial_iv?,
        },
        nonce: None,
    };
    let response = response.to_packet(acknowledgement(&Packet::from_bytes(request).ok()?));
    let (packet, ()) = layer::protect(response, |buffer, length| {
        let form = ReplyForm::default();
        let length = context.protect_response(&mut reply, buffer, length, form)?;
        Ok((length, ()))
    })
    .ok()?;
    Some(packet.into_bytes())
}

/// An error in the clear, in place of the answer to a confirmable request that cannot be
/// unprotected (RFC 8613 section 8.2): 4.01 where its keys are lost or its sender unknown, 4.00
/// where it does not verify. It has no payload, and is shorter than any protected request.
pub fn reject(request: &[u8], code: Code) -> Option<Vec<u8>> {
    let request = Packet::from_bytes(request).ok()?;
    let envelope = acknowledgement(&request);
    let is_asked = request.kind() == MessageType::Confirmable;
    is_asked.then(|| Packet::new(envelope, code, 0).into_bytes())
}

/// How the answer to a confirmable request is headed.
fn acknowledgement(request: &Packet) -> Envelope {
    Envelope {
        kind: MessageType::Acknowledgement,
        message_id: request.message_id(),
        token: request.token(),
    }
}
