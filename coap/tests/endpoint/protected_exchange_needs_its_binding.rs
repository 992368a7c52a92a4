//! The security seam, proven with a toy layer that counts, masks and tags: what OSCORE will
//! need of the endpoint, the toy needs too.

use edgerm_coap::{
    Code, Config, Endpoint, Event, Ignored, MessageType, Method, Packet, Request, RequestKey,
    Response, Security, SecurityError,
};

use crate::pair::{End, Network, Outcome, Pair, START, at, drain, transmit};

/// The payload is `counter, tag, masked(code, payload)`; the code outside is always POST or
/// 2.04, as OSCORE has it. Anyone can break it, but not by accident.
#[derive(Debug, Default)]
struct Toy {
    counter: u8,
    /// Highest counter accepted: anything not above it is a replay.
    accepted: Option<u8>,
}

/// The counter of the request. Neither `Clone` nor `Copy`.
#[derive(Debug)]
struct Binding(u8);

const KEY: u8 = 0x5a;
const OUTER_REQUEST: u8 = 0x02;
const OUTER_RESPONSE: u8 = 0x44;

fn seal(mut packet: Packet, outer: u8, counter: u8) -> Packet {
    let inner = [&[u8::from(packet.code())], packet.payload()].concat();
    let tag = inner
        .iter()
        .fold(counter ^ KEY, |tag, byte| tag.rotate_left(3) ^ byte);
    let masked = inner.iter().map(|byte| byte ^ KEY ^ counter);
    let sealed: Vec<u8> = [counter, tag].into_iter().chain(masked).collect();
    packet.set_payload(&sealed);
    packet.set_code(outer.into());
    packet
}

fn open(mut packet: Packet, counter: u8) -> Result<Packet, SecurityError> {
    let [_, tag, masked @ ..] = packet.payload() else {
        return Err(SecurityError::Unprotected);
    };
    let inner: Vec<u8> = masked.iter().map(|byte| byte ^ KEY ^ counter).collect();
    let expected = inner
        .iter()
        .fold(counter ^ KEY, |tag, byte| tag.rotate_left(3) ^ byte);
    let (code, payload) = inner.split_first().ok_or(SecurityError::Malformed)?;
    if *tag != expected {
        return Err(SecurityError::Unauthentic);
    }
    packet.set_code((*code).into());
    packet.set_payload(payload);
    Ok(packet)
}

impl Security for Toy {
    type Binding = Binding;

    fn protect_request(&mut self, request: Packet) -> Result<(Packet, Binding), SecurityError> {
        let counter = self.counter;
        self.counter = counter.checked_add(1).ok_or(SecurityError::Exhausted)?;
        Ok((seal(request, OUTER_REQUEST, counter), Binding(counter)))
    }

    fn unprotect_request(&mut self, request: Packet) -> Result<(Packet, Binding), SecurityError> {
        let counter = *request
            .payload()
            .first()
            .ok_or(SecurityError::Unprotected)?;
        if self.accepted.is_some_and(|accepted| counter <= accepted) {
            return Err(SecurityError::Replayed);
        }
        let request = open(request, counter)?;
        self.accepted = Some(counter);
        Ok((request, Binding(counter)))
    }

    fn protect_response(
        &mut self,
        Binding(counter): &mut Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        Ok(seal(response, OUTER_RESPONSE, *counter))
    }

    fn unprotect_response(
        &mut self,
        Binding(counter): &Binding,
        response: Packet,
    ) -> Result<Packet, SecurityError> {
        open(response, *counter)
    }

    fn request_key(&self, request: &Packet) -> Option<RequestKey> {
        RequestKey::protected(b"toy", request.payload().get(..1)?)
    }
}

fn pair(network: Network) -> Pair<Toy> {
    Pair::secured(5, network, Toy::default(), Toy::default())
}

/// The agent asked; the master has the request, and has not answered.
fn asked() -> (Pair<Toy>, Vec<u8>, edgerm_coap::RequestId) {
    let mut pair = pair(Network::default());
    let request = Request::new(Method::Get, &["a"]);
    pair.agent.request(START, &request).expect("idle");
    let datagram = transmit(&mut pair.agent);
    let event = pair.master.handle_datagram(START, &datagram);
    let Ok(Event::Request(id, received)) = event else {
        panic!("{event:?}");
    };
    assert_eq!((received.method, received.path()), (Method::Get, "a"));
    (pair, datagram, id)
}

#[test]
fn a_lossy_network_does_not_disturb_it() {
    let mut pair = pair(Network {
        loss: 200,
        duplication: 200,
        delay: 3_000,
    });
    for number in 0..100u8 {
        let payload = [number];
        let request = Request::post_cbor(&["a"], &payload);
        pair.agent.request(pair.now, &request).expect("idle");
        while pair.agent.is_busy() {
            let outcome = pair.step().expect("an exchange ends");
            match outcome {
                Outcome {
                    end: End::Master,
                    result: Ok(Event::Request(id, request)),
                } => {
                    assert_eq!(request.payload, [number], "each is told once");
                    let now = pair.now;
                    let response = Response::with_payload(Code::CHANGED, &request.payload);
                    pair.master.respond(now, id, &response).expect("it waits");
                }
                Outcome {
                    end: End::Agent,
                    result: Ok(Event::Response(_, response)),
                } => assert_eq!(
                    (response.code, response.payload),
                    (Code::CHANGED, vec![number])
                ),
                Outcome { .. } => {}
            }
        }
    }
}

#[test]
fn a_retransmission_is_the_same_bytes() {
    let mut agent = Endpoint::new(Config::default(), Toy::default(), 1);
    let request = Request::new(Method::Get, &["a"]);
    agent.request(START, &request).expect("idle");
    let first = transmit(&mut agent);
    let due = agent.poll_timeout().expect("a retransmission");
    assert_eq!(agent.handle_timeout(due), None);
    assert_eq!(transmit(&mut agent), first);
    assert_eq!(agent.security().counter, 1, "protected once");
}

#[test]
fn a_duplicate_is_known_by_its_key_before_it_could_be_a_replay() {
    let (mut pair, mut datagram, id) = asked();
    let pending = pair.master.handle_datagram(at(1), &datagram);
    assert_eq!(pending, Err(Ignored::DuplicatePending(id)));
    let response = Response::new(Code::CONTENT);
    pair.master.respond(at(2), id, &response).expect("it waits");
    let reply = transmit(&mut pair.master);

    // From a new address, through something that chose a message id of its own.
    datagram[2] ^= 0xff;
    let moved = pair.master.handle_datagram(at(3), &datagram);
    assert_eq!(moved, Err(Ignored::DuplicateAnswered));
    assert_eq!(transmit(&mut pair.master), reply);
}

#[test]
fn a_forged_request_is_dropped_and_takes_no_place() {
    let (mut pair, mut datagram, _) = asked();
    let counter = datagram.len() - 3;
    datagram[counter] += 1;
    for _ in 0..10 {
        let forged = pair.master.handle_datagram(at(1), &datagram);
        assert_eq!(forged, Err(Ignored::Security(SecurityError::Unauthentic)));
    }
    assert_eq!(pair.master.waiting(), 1);
    let clear = pair.master.handle_datagram(at(2), b"\x40\x01\0\0\xb1a");
    assert_eq!(clear, Err(Ignored::Security(SecurityError::Unprotected)));
    assert_eq!(drain(&mut pair.master), Vec::<Vec<u8>>::new());
}

#[test]
fn a_response_bound_to_another_request_does_not_end_the_exchange() {
    let (mut pair, request, id) = asked();
    let response = Response::new(Code::CONTENT);
    pair.master.respond(at(1), id, &response).expect("it waits");
    let reply = transmit(&mut pair.master);
    let event = pair.agent.handle_datagram(at(1), &reply);
    assert!(matches!(event, Ok(Event::Response(..))), "{event:?}");

    // The second exchange is offered the first one's reply, with ids that match.
    let again = Request::new(Method::Get, &["a"]);
    pair.agent.request(at(2), &again).expect("idle");
    let second = transmit(&mut pair.agent);
    assert_ne!(second, request);
    let mut replayed = reply;
    replayed[2..6].copy_from_slice(&second[2..6]);
    let event = pair.agent.handle_datagram(at(3), &replayed);
    assert_eq!(event, Err(Ignored::Security(SecurityError::Unauthentic)));
    assert!(pair.agent.is_busy(), "the true response may still come");

    pair.master
        .handle_datagram(at(4), &second)
        .expect("a request");
}

#[test]
fn a_response_with_a_request_inside_is_neither() {
    let (mut pair, request, _) = asked();
    let ack = [&[0x62, 0x01], &request[2..6]].concat();
    let inside = Packet::from_bytes(&ack).expect("a packet");
    let reply = seal(inside, OUTER_RESPONSE, 0).into_bytes();
    let event = pair.agent.handle_datagram(at(1), &reply);
    let get = Method::Get.code();
    assert_eq!(
        event,
        Err(Ignored::Forbidden(MessageType::Acknowledgement, get))
    );
    assert!(pair.agent.is_busy());
}

#[test]
fn a_refusal_is_protected_too() {
    let mut pair = pair(Network::default());
    let (forward, _) = pair
        .agent
        .security_mut()
        .protect_request(Packet::from_bytes(&[0x41, 0x05, 0, 1, 9]).expect("a packet"))
        .expect("protected");
    let datagram = forward.into_bytes();
    let event = pair.master.handle_datagram(START, &datagram);
    assert!(matches!(event, Err(Ignored::Refused(_))), "{event:?}");
    let reply = transmit(&mut pair.master);
    assert_eq!(reply[..2], [0x61, OUTER_RESPONSE]);
    let inner = open(Packet::from_bytes(&reply).expect("a packet"), 0).expect("it verifies");
    assert_eq!(u8::from(inner.code()), u8::from(Code::METHOD_NOT_ALLOWED));
}

#[test]
fn keys_used_up_are_told_to_the_driver() {
    let toy = Toy {
        counter: u8::MAX,
        accepted: None,
    };
    let mut agent = Endpoint::new(Config::default(), toy, 1);
    let error = agent.request(START, &Request::new(Method::Get, &["a"]));
    let exhausted = edgerm_coap::RequestError::Security(SecurityError::Exhausted);
    assert_eq!(error, Err(exhausted));
    assert!(!agent.is_busy());
}
