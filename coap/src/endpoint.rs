//! One endpoint toward one peer: tells messages apart by their type and code (RFC 7252 table
//! 1) and hands each to the machine it belongs to.
//!
//! | | request | response | empty |
//! |---|---|---|---|
//! | `Confirmable` | inbox | exchange, then acknowledged; else reset | ping: reset |
//! | `NonConfirmable` | inbox | exchange | forbidden |
//! | `Acknowledgement` | forbidden | exchange | exchange |
//! | `Reset` | forbidden | forbidden | exchange |

use alloc::vec::Vec;

use edgerm_protocol::codec::{Encode, encoded_length};
use edgerm_protocol::{Instant, words};

use crate::code::{Class, Code};
use crate::config::Config;
use crate::empty::EmptyMessages;
use crate::error::{Ignored, Refusal, RequestError, RespondError};
use crate::exchange::{Exchange, ExchangeId, State};
use crate::header::{Envelope, MessageId, MessageType, Token};
use crate::ids::Ids;
use crate::inbox::{Inbox, RequestId};
use crate::option::Echo;
use crate::packet::Packet;
use crate::request::{ReceivedRequest, Request};
use crate::response::{ReceivedResponse, Response};
use crate::security::{Plain, RequestKey, Security, SecurityError};

/// What a datagram or the passing of time meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The peer asks; to be answered with [`Endpoint::respond`]. Told once, however often the
    /// request arrives.
    Request(RequestId, ReceivedRequest),
    /// The peer answered our request.
    Response(ExchangeId, ReceivedResponse),
    /// The peer has our request and will answer later; it is not retransmitted any more.
    Acknowledged(ExchangeId),
    /// The peer could not make sense of our request, or lost it in a reboot. It is over.
    Reset(ExchangeId),
    /// The peer was silent through all retransmissions, or never sent the response that it
    /// promised. It is over; whether the request was acted upon is unknown.
    TimedOut(ExchangeId),
    /// The peer has not acted upon our request: it wants to know first that we are here, which
    /// the next request, the same or another, tells it by itself (RFC 9175 section 2.3).
    Repeat(ExchangeId),
}

/// A CoAP client and server toward one peer, on one socket pair.
///
/// Drive it with [`Self::handle_datagram`] and [`Self::handle_timeout`]; after any call that
/// takes `now`, drain [`Self::poll_transmit`] and set a timer for [`Self::poll_timeout`].
///
/// It holds a buffer only for a request in flight and for the last replies, as [`Config`]
/// bounds them. Message ids start at random and count up; tokens are two random bytes.
#[derive(Debug)]
pub struct Endpoint<S: Security = Plain> {
    config: Config,
    security: S,
    ids: Ids,
    next_exchange: u32,
    exchange: Option<Exchange<S::Binding>>,
    /// The last separate response that was acknowledged, for when it comes again.
    last_separate: Option<MessageId>,
    inbox: Inbox<S::Binding>,
    empty: EmptyMessages,
    /// What the peer wants our next request to repeat.
    echo: Option<Echo>,
}

impl<S: Security> Endpoint<S> {
    /// An endpoint that draws its jitter, tokens and first message id from `seed`, which must
    /// differ from boot to boot.
    pub fn new(config: Config, security: S, seed: u64) -> Self {
        Self {
            config,
            security,
            ids: Ids::new(seed),
            next_exchange: 0,
            exchange: None,
            last_separate: None,
            inbox: Inbox::new(),
            empty: EmptyMessages::default(),
            echo: None,
        }
    }

    /// The numbers it was made with.
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The security layer.
    pub const fn security(&self) -> &S {
        &self.security
    }

    /// The security layer, to give it new keys.
    pub const fn security_mut(&mut self) -> &mut S {
        &mut self.security
    }

    /// Takes a datagram from the peer. `Err` says why it made no event; there may be something
    /// to transmit in either case.
    ///
    /// What does not parse is met with silence, though RFC 7252 section 4.2 would reset it
    /// where it seems confirmable: garbage has no message id worth an answer.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8]) -> Result<Event, Ignored> {
        self.handle_datagram_by(now, datagram, S::unprotect_request)
    }

    /// As [`Self::handle_datagram`], with another way to unprotect a request: for what needs
    /// more than the security layer has, such as the keys of whoever begins anew. It is called
    /// for requests that were not here before, and for which there is room.
    pub fn handle_datagram_by(
        &mut self,
        now: Instant,
        datagram: &[u8],
        unprotect: impl FnOnce(&mut S, Packet) -> Result<(Packet, S::Binding), SecurityError>,
    ) -> Result<Event, Ignored> {
        let max = self.config.max_datagram;
        if datagram.len() > max {
            let len = datagram.len();
            return Err(Ignored::TooLong { len, max });
        }
        let packet = Packet::from_bytes(datagram)?;
        let (kind, code, message_id) = (packet.kind(), packet.code(), packet.message_id());
        match (kind, code.kind()) {
            (MessageType::Confirmable | MessageType::NonConfirmable, Class::Request) => {
                self.on_request(now, kind, packet, unprotect)
            }
            (
                MessageType::Confirmable
                | MessageType::NonConfirmable
                | MessageType::Acknowledgement,
                Class::Response,
            ) => self.on_response(kind, packet),
            (MessageType::Acknowledgement, Class::Empty) => {
                self.on_acknowledgement(now, message_id)
            }
            (MessageType::Reset, Class::Empty) => self.on_reset(message_id),
            (MessageType::Confirmable, Class::Empty) => {
                self.empty.push(MessageType::Reset, message_id);
                Err(Ignored::Ping)
            }
            (_, Class::Reserved) => {
                self.reject(kind, message_id);
                Err(Ignored::ReservedClass(code))
            }
            (MessageType::NonConfirmable, Class::Empty)
            | (MessageType::Acknowledgement, Class::Request)
            | (MessageType::Reset, Class::Request | Class::Response) => {
                Err(Ignored::Forbidden(kind, code))
            }
        }
    }

    /// Lets time pass: retransmits what is due, gives up what is over.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Event> {
        let over = self
            .exchange
            .take_if(|exchange| exchange.handle_timeout(now))?;
        Some(Event::TimedOut(over.id))
    }

    /// Sends a confirmable request, whose end will be told by an event. One at a time.
    pub fn request(
        &mut self,
        now: Instant,
        request: &Request<'_>,
    ) -> Result<ExchangeId, RequestError> {
        let mut packet = self.packet(request, request.payload.len())?;
        packet.set_payload(request.payload);
        self.send(now, packet)
    }

    /// Sends a POST as [`Self::request`] does, with a body that is encoded where it is sent from
    /// and so needs no buffer of its own.
    pub fn post_cbor(
        &mut self,
        now: Instant,
        path: &[&str],
        body: &dyn Encode,
    ) -> Result<ExchangeId, RequestError> {
        let length = encoded_length(body);
        let mut packet = self.packet(&Request::post_cbor(path, &[]), length)?;
        packet.encode_payload(length, body);
        self.send(now, packet)
    }

    /// A request with everything but its payload, for which it has room.
    fn packet(&mut self, request: &Request<'_>, room: usize) -> Result<Packet, RequestError> {
        if self.is_busy() {
            return Err(RequestError::Busy);
        }
        let message_id = self.ids.message_id();
        let token = self.ids.token();
        let echo = self.echo.take();
        request.to_packet(message_id, token, &echo, room)
    }

    fn send(&mut self, now: Instant, packet: Packet) -> Result<ExchangeId, RequestError> {
        let message_id = packet.message_id();
        let token = packet.token();
        let (packet, binding) = self
            .security
            .protect_request(packet)
            .map_err(RequestError::Security)?;
        let max = self.config.max_datagram;
        let datagram = packet.into_bytes();
        if datagram.len() > max {
            let len = datagram.len();
            return Err(RequestError::TooLarge { len, max });
        }
        let id = ExchangeId(self.next_exchange);
        self.next_exchange = self.next_exchange.wrapping_add(1);
        let wait = self.ids.first_wait(&self.config);
        self.exchange = Some(Exchange {
            id,
            message_id,
            token,
            binding,
            state: State::new(now, datagram, wait, &self.config),
        });
        Ok(id)
    }

    /// Whether a request of ours is outstanding.
    pub const fn is_busy(&self) -> bool {
        self.exchange.is_some()
    }

    /// The peer is heard that was silent: a request that it did not acknowledge goes out again, unless
    /// it was just sent. So a peer that sleeps is asked as soon as it is awake. What is outstanding
    /// is given up when it would have been.
    pub fn hasten(&mut self, now: Instant) {
        if let Some(exchange) = &mut self.exchange {
            exchange.on_peer_heard(now, &self.config);
        }
    }

    /// Forgets the outstanding request, if any. No event will tell its end, and a response
    /// that still comes is ignored, or reset where it is confirmable.
    pub fn cancel(&mut self) {
        self.exchange = None;
    }

    /// Answers a request. The reply goes out now, and again whenever the request is repeated.
    /// One that the security layer does not protect an answer to waits no longer.
    pub fn respond(
        &mut self,
        now: Instant,
        id: RequestId,
        response: &Response<'_>,
    ) -> Result<(), RespondError> {
        if response.code.kind() != Class::Response {
            return Err(RespondError::NotAResponse(response.code));
        }
        self.inbox.expire(now, self.config.exchange_lifetime);
        let (envelope, binding) = self
            .inbox
            .envelope(id)
            .ok_or(RespondError::UnknownRequest(id))?;
        let protected = self
            .security
            .protect_response(binding, response.to_packet(envelope));
        let packet = protected.map_err(|error| {
            self.inbox.forget(id);
            RespondError::Security(error)
        })?;
        let max = self.config.max_datagram;
        let reply = packet.into_bytes();
        if reply.len() > max {
            let len = reply.len();
            return Err(RespondError::TooLarge { len, max });
        }
        self.inbox
            .answer(id, reply, response.repeatable, &self.config);
        Ok(())
    }

    /// The next datagram to send to the peer. Call until `None`.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.empty
            .poll_transmit()
            .or_else(|| self.inbox.poll_transmit())
            .or_else(|| self.exchange.as_mut()?.poll_transmit())
    }

    /// When [`Self::handle_timeout`] is to be called, at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.exchange.as_ref().map(Exchange::poll_timeout)
    }

    /// How many of the peer's requests wait to be answered. Never more than
    /// [`Config::pending`].
    pub fn waiting(&self) -> usize {
        self.inbox.waiting()
    }

    /// Bytes of datagrams held: the request in flight and the replies kept. Never more than
    /// [`Config::max_buffered`].
    pub fn buffered(&self) -> usize {
        self.exchange.as_ref().map_or(0, Exchange::buffered) + self.inbox.reply_bytes()
    }

    fn on_request(
        &mut self,
        now: Instant,
        kind: MessageType,
        packet: Packet,
        unprotect: impl FnOnce(&mut S, Packet) -> Result<(Packet, S::Binding), SecurityError>,
    ) -> Result<Event, Ignored> {
        let key = self
            .security
            .request_key(&packet)
            .unwrap_or_else(|| RequestKey::of_message(&packet));
        self.inbox.expire(now, self.config.exchange_lifetime);
        if let Some(duplicate) = self.inbox.on_duplicate(&key) {
            return Err(duplicate);
        }
        let waiting = self.inbox.waiting();
        if waiting >= self.config.pending {
            return Err(Ignored::Overloaded(waiting));
        }
        let (message_id, token) = (packet.message_id(), packet.token());
        let (packet, binding) = unprotect(&mut self.security, packet)?;
        let confirmable = kind == MessageType::Confirmable;
        let envelope = if confirmable {
            Envelope {
                kind: MessageType::Acknowledgement,
                message_id,
                token,
            }
        } else {
            Envelope {
                kind: MessageType::NonConfirmable,
                message_id: self.ids.message_id(),
                token,
            }
        };
        let id = self.inbox.begin(now, key, envelope, binding);
        match ReceivedRequest::from_packet(packet) {
            Ok(request) => Ok(Event::Request(id, request)),
            Err(refusal) => {
                self.refuse(now, id, confirmable, refusal);
                Err(Ignored::Refused(refusal))
            }
        }
    }

    /// Answers in the application's stead, or not at all where the RFC wants silence.
    fn refuse(&mut self, now: Instant, id: RequestId, confirmable: bool, refusal: Refusal) {
        let silent = !confirmable && matches!(refusal, Refusal::CriticalOption(_));
        let diagnostic = words::text(&refusal);
        let response = Response::error(refusal.code(), &diagnostic).repeatable();
        if silent || self.respond(now, id, &response).is_err() {
            self.inbox.forget(id);
        }
    }

    fn on_response(&mut self, kind: MessageType, packet: Packet) -> Result<Event, Ignored> {
        let (message_id, token) = (packet.message_id(), packet.token());
        let Some(exchange) = self
            .exchange
            .as_ref()
            .filter(|exchange| exchange.is_answered_by(kind, message_id, token))
        else {
            return Err(self.on_unmatched_response(kind, message_id, token));
        };
        // A forged response must not end the exchange, so it is over only after this.
        let packet = self
            .security
            .unprotect_response(&exchange.binding, packet)?;
        let code = packet.code();
        if code.kind() != Class::Response {
            return Err(Ignored::Forbidden(kind, code));
        }
        let id = exchange.id;
        let response = ReceivedResponse::from_packet(packet).map_err(|option| {
            self.reject(kind, message_id);
            Ignored::BadResponseOption(option)
        })?;
        if kind == MessageType::Confirmable {
            self.last_separate = Some(message_id);
            self.empty.push(MessageType::Acknowledgement, message_id);
        }
        self.exchange = None;
        if response.code == Code::UNAUTHORIZED && response.echo.is_some() {
            self.echo = response.echo;
            return Ok(Event::Repeat(id));
        }
        Ok(Event::Response(id, response))
    }

    fn on_unmatched_response(
        &mut self,
        kind: MessageType,
        message_id: MessageId,
        token: Token,
    ) -> Ignored {
        if kind == MessageType::Confirmable && self.last_separate == Some(message_id) {
            self.empty.push(MessageType::Acknowledgement, message_id);
            return Ignored::DuplicateResponse(message_id);
        }
        self.reject(kind, message_id);
        Ignored::UnmatchedResponse(token)
    }

    fn on_acknowledgement(
        &mut self,
        now: Instant,
        message_id: MessageId,
    ) -> Result<Event, Ignored> {
        self.exchange
            .as_mut()
            .filter(|exchange| exchange.message_id == message_id)
            .and_then(|exchange| {
                let news = exchange.on_acknowledgement(now, &self.config);
                news.then_some(Event::Acknowledged(exchange.id))
            })
            .ok_or(Ignored::UnmatchedAcknowledgement(message_id))
    }

    fn on_reset(&mut self, message_id: MessageId) -> Result<Event, Ignored> {
        self.exchange
            .take_if(|exchange| exchange.message_id == message_id)
            .map(|exchange| Event::Reset(exchange.id))
            .ok_or(Ignored::UnmatchedReset(message_id))
    }

    /// Rejects a message that nothing here has the context for: with a reset where it is
    /// confirmable, in silence otherwise (RFC 7252 sections 4.2 and 4.3).
    fn reject(&mut self, kind: MessageType, message_id: MessageId) {
        if kind == MessageType::Confirmable {
            self.empty.push(MessageType::Reset, message_id);
        }
    }
}
