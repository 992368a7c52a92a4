//! From a datagram to whom it is of.
//!
//! | datagram | is for |
//! |---|---|
//! | a request with OSCORE | the enrolled agent whose key id it names, wherever it comes from |
//! | any other, from where such an agent proved to be | that agent |
//! | any other | whoever is at its address, who proves nothing |
//!
//! Who proves nothing is taken from loopback alone, and from there only while no agent is
//! enrolled; from anywhere where the master is `--insecure`.
//!
//! An agent that is heard from another address than before has proven itself, and not where it
//! is: a datagram may be sent on by anybody who catches it. So it is answered with an Echo (RFC
//! 9175) that is good for that address, and only a request that repeats it from there is acted
//! upon and moves the agent's path. Until then nothing goes to an address that is longer than
//! what came from it, and no request at all.

use std::net::SocketAddr;

use edgerm_coap::oscore::{KeyId, Protected, UnprotectError, answer_again, reject};
use edgerm_coap::{
    Code, Echo, Event, Ignored, ReceivedRequest, RequestId, Response, SecurityError,
};
use edgerm_protocol::Instant;

use super::{Master, Output};
use crate::peers::{Peer, PeerId, place};

impl Master {
    /// Takes a datagram.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let protected = is_request(datagram).then(|| Protected::parse(datagram));
        match protected {
            Some(Ok(protected)) => {
                let key = protected.option().key_id;
                let key = key.and_then(|key| <[u8; 4]>::try_from(key).ok());
                self.on_protected(now, from, key, datagram);
            }
            Some(Err(UnprotectError::Unprotected | UnprotectError::Malformed(_))) => {
                self.on_plain(now, from, datagram);
            }
            Some(Err(_)) => self.count("oscore_malformed"),
            None => match self.peers.proven_at(from) {
                Some(peer) => self.on_proven(now, from, peer, datagram),
                None => self.on_plain(now, from, datagram),
            },
        }
        self.allocate(now);
    }

    /// Somebody at an address, who proves nothing.
    fn on_plain(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let is_near = from.ip().to_canonical().is_loopback() && self.enrolled.is_empty();
        let trusted = self.config.insecure || is_near;
        if !trusted && !self.may_refuse(now, from) {
            return;
        }
        let id = PeerId::Address(from);
        let random = &mut self.random;
        let peer = self.peers.meet(from, || rand_core::Rng::next_u64(random));
        peer.heard = (from, datagram.len());
        peer.path = trusted.then_some(from);
        match peer.endpoint.handle_datagram(now, datagram) {
            Ok(Event::Request(request_id, request)) if trusted => {
                self.on_request(now, id, request_id, &request);
            }
            Ok(Event::Request(request, _)) => self.refuse_stranger(now, id, request),
            Ok(event) => self.on_answer(now, id, event),
            Err(ignored) => self.count(ignored.label()),
        }
        self.flush(id);
    }

    /// An acknowledgement, a reset or an answer, from where an enrolled agent is.
    fn on_proven(&mut self, now: Instant, from: SocketAddr, id: PeerId, datagram: &[u8]) {
        let Some(peer) = self.peers.get_mut(id) else {
            return;
        };
        peer.heard = (from, datagram.len());
        match peer.endpoint.handle_datagram(now, datagram) {
            Ok(event) => self.on_answer(now, id, event),
            Err(ignored) => self.count(ignored.label()),
        }
        self.flush(id);
    }

    /// A request with OSCORE, of which nothing is proven yet.
    fn on_protected(
        &mut self,
        now: Instant,
        from: SocketAddr,
        key: Option<[u8; 4]>,
        datagram: &[u8],
    ) {
        let named = key.and_then(|key| Some((key, self.enrolled.by_key_id(key)?.1)));
        let known = named.and_then(|(key, _)| self.peers.address(PeerId::Key(key)));
        // From where an agent proved to be, it may say as much as it likes.
        let limiter = match named {
            Some(_) => &mut self.unproven,
            None => &mut self.unknown,
        };
        if known != Some(from) && !limiter.allows(now, from.ip()) {
            return self.count("rate_limited");
        }
        let Some((key, credential)) = named else {
            self.count("unknown_key");
            tracing::debug!(%from, "refused an agent that is not enrolled");
            return self.reject(from, datagram, Code::UNAUTHORIZED);
        };
        let id = PeerId::Key(key);
        let random = &mut self.random;
        let draw = || rand_core::Rng::next_u64(random);
        let Peer {
            endpoint,
            client: Some(client),
            heard,
            agent,
            ..
        } = self.peers.know(credential, from, draw)
        else {
            return;
        };
        *heard = (from, datagram.len());
        let place = place(from);
        let hearing = client.handle_request(endpoint, &mut self.challenges, &place, now, datagram);
        if hearing.established {
            // What it was asked with the keys of before is not answered any more.
            let link = agent.and_then(|agent| self.links.get_mut(&agent));
            if let Some(link) = link
                && let Some(command) = link.take_asked()
            {
                link.push_again(command);
            }
            // It answered a challenge that was sent there.
            self.peers.prove(key, from);
            self.count("keys_established");
        }
        if let Some(datagram) = hearing.challenge {
            self.emitted
                .push_back(Output::Transmit { to: from, datagram });
        }
        match hearing.event {
            Ok(Event::Request(request_id, request)) => {
                if self.is_there(key, from, &request) {
                    self.on_request(now, id, request_id, &request);
                } else {
                    self.ask_for_proof(now, key, from, request_id);
                }
            }
            Ok(event) => self.on_answer(now, id, event),
            Err(Ignored::DuplicateAnswered) if self.peers.address(id) != Some(from) => {
                self.ask_for_proof_again(key, from, datagram);
            }
            Err(ignored) => self.on_ignored(now, key, from, datagram, &ignored),
        }
        self.flush(id);
    }

    /// Whether the agent with this key is at this address for certain, which a request may prove.
    fn is_there(&mut self, key: [u8; 4], from: SocketAddr, request: &ReceivedRequest) -> bool {
        if self.peers.address(PeerId::Key(key)) == Some(from) {
            return true;
        }
        let proof = self.proof(key, from);
        let is_proven = proof.is_some() && request.echo == proof;
        if is_proven {
            self.peers.prove(key, from);
            self.count("path_moved");
        }
        is_proven
    }

    /// Answers with what the next request is to repeat.
    fn ask_for_proof(&mut self, now: Instant, key: [u8; 4], from: SocketAddr, request: RequestId) {
        self.count("path_unproven");
        let response = self.want_proof(key, from);
        self.respond(now, PeerId::Key(key), request, &response);
    }

    /// The same for a request that was answered already: the agent did not get that, and sent it
    /// again from where it is now.
    fn ask_for_proof_again(&mut self, key: [u8; 4], from: SocketAddr, request: &[u8]) {
        self.count("path_unproven");
        let response = self.want_proof(key, from);
        let Some(peer) = self.peers.get_mut(PeerId::Key(key)) else {
            return;
        };
        // In place of the answer that is kept.
        peer.heard = (from, 0);
        let answer = answer_again(&mut peer.endpoint, request, &response);
        if let Some(datagram) = answer.filter(|answer| answer.len() <= request.len()) {
            self.emitted
                .push_back(Output::Transmit { to: from, datagram });
        }
    }

    fn want_proof(&self, key: [u8; 4], from: SocketAddr) -> Response<'static> {
        Response {
            echo: self.proof(key, from),
            ..Response::new(Code::UNAUTHORIZED).repeatable()
        }
    }

    fn proof(&self, key: [u8; 4], from: SocketAddr) -> Option<Echo> {
        self.challenges.proof(&KeyId::new(&key)?, &place(from))
    }

    /// Tells whoever speaks with keys that are not those of its agent, in the clear.
    fn on_ignored(
        &mut self,
        now: Instant,
        key: [u8; 4],
        from: SocketAddr,
        datagram: &[u8],
        ignored: &Ignored,
    ) {
        let Ignored::Security(error) = ignored else {
            return self.count(ignored.label());
        };
        match error {
            SecurityError::Beginning => self.count("keys_begun"),
            SecurityError::NoKeys | SecurityError::UnknownKey => {
                self.count("keys_unknown");
                self.reject(from, datagram, Code::UNAUTHORIZED);
            }
            SecurityError::Unauthentic => {
                self.warn_of_unauthentic(now, from, key);
                self.reject(from, datagram, Code::BAD_REQUEST);
            }
            SecurityError::Replayed => self.count("replayed"),
            SecurityError::Unprotected
            | SecurityError::Malformed
            | SecurityError::Exhausted
            | _ => self.count("oscore_malformed"),
        }
    }

    /// Sends an error in the clear.
    fn reject(&mut self, to: SocketAddr, request: &[u8], code: Code) {
        if let Some(datagram) = reject(request, code) {
            self.emitted.push_back(Output::Transmit { to, datagram });
        }
    }

    /// Sends what the endpoint of a peer has to send, and sets its timer.
    pub(super) fn flush(&mut self, id: PeerId) {
        let Some(peer) = self.peers.get_mut(id) else {
            return;
        };
        let (heard_at, length) = peer.heard;
        let (mut sent, mut dropped) = (Vec::new(), 0);
        while let Some(datagram) = peer.endpoint.poll_transmit() {
            let is_asked = is_request(&datagram);
            let to = if is_asked { peer.path } else { Some(heard_at) };
            let is_proven = to == peer.path;
            match to.filter(|_| is_proven || datagram.len() <= length) {
                Some(to) => {
                    let after = match is_asked {
                        // What answers it leaves first.
                        true => peer.asks_after.max(peer.answers_after),
                        false => peer.answers_after,
                    };
                    sent.push((after, Output::Transmit { to, datagram }));
                }
                None => dropped += 1,
            }
        }
        let timer = peer.endpoint.poll_timeout();
        let before = std::mem::replace(&mut peer.timer, timer);
        for (after, output) in sent {
            self.emit_after(after, output);
        }
        self.set_peer_timer(id, before, timer);
        for _ in 0..dropped {
            self.count("too_long_for_unproven");
        }
    }
}

/// Whether the code of a datagram is that of a request (RFC 7252 section 12.1).
fn is_request(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|code| *code != 0 && *code < 32)
}
