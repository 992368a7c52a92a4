//! Two endpoints with OSCORE between them, over a network that loses, doubles and reorders.

use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying};
use edgerm_coap::{Code, Endpoint, Event, Ignored, Method, Request, Response, SecurityError};
use edgerm_protocol::Instant;

use crate::pair::{End, Network, Outcome, Pair, drain, transmit};

const START: Instant = Instant::from_millis(0);

fn contexts(boot: &[u8]) -> (Context, Context) {
    let node = KeyId::new(&[0, 1, 2, 3]).expect("short");
    let keying = Keying {
        secret: &[0x5e; 16],
        salt: &[],
        sender: node,
        recipient: KeyId::EMPTY,
    };
    let peers = Keying {
        sender: KeyId::EMPTY,
        recipient: node,
        ..keying
    };
    let derive = |keying| Context::derive(keying, IdContext::new(boot)).expect("safe");
    (derive(&keying), derive(&peers))
}

fn pair(network: Network) -> Pair<Context> {
    let (agent, master) = contexts(b"boot");
    Pair::secured(11, network, agent, master)
}

#[test]
fn each_request_of_either_end_is_told_once_and_answered() {
    let mut pair = pair(Network {
        loss: 200,
        duplication: 200,
        delay: 3_000,
    });
    for number in 0..200u8 {
        let client = if number % 3 == 0 {
            End::Master
        } else {
            End::Agent
        };
        let now = pair.now;
        let payload = [number];
        let request = Request::post_cbor(&["a", "b"], &payload);
        pair.end(client).request(now, &request).expect("idle");
        while pair.end(client).is_busy() {
            let Outcome { end, result } = pair.step().expect("an exchange ends");
            match result {
                Ok(Event::Request(id, request)) => {
                    assert_eq!((end, request.path()), (client.other(), "a/b"));
                    assert_eq!(request.payload, [number], "each is told once");
                    let now = pair.now;
                    let response = Response::with_payload(Code::CHANGED, &request.payload);
                    pair.end(end).respond(now, id, &response).expect("it waits");
                }
                Ok(Event::Response(_, response)) => {
                    assert_eq!(
                        (response.code, response.payload),
                        (Code::CHANGED, vec![number])
                    );
                }
                Ok(
                    Event::TimedOut(_)
                    | Event::Acknowledged(_)
                    | Event::Reset(_)
                    | Event::Repeat(_),
                )
                | Err(_) => {}
            }
        }
    }
}

#[test]
fn a_duplicate_gets_its_reply_and_a_replay_after_that_nothing() {
    let mut pair = pair(Network::default());
    let ask = |pair: &mut Pair<Context>| {
        let request = Request::new(Method::Get, &["a"]);
        pair.agent.request(START, &request).expect("idle");
        transmit(&mut pair.agent)
    };
    let answer = |pair: &mut Pair<Context>, datagram: &[u8]| {
        let event = pair.master.handle_datagram(START, datagram);
        let Ok(Event::Request(id, _)) = event else {
            panic!("{event:?}");
        };
        let response = Response::new(Code::CONTENT).repeatable();
        pair.master.respond(START, id, &response).expect("it waits");
        transmit(&mut pair.master)
    };
    let first = ask(&mut pair);
    let reply = answer(&mut pair, &first);
    let duplicate = pair.master.handle_datagram(START, &first);
    assert_eq!(duplicate, Err(Ignored::DuplicateAnswered));
    assert_eq!(transmit(&mut pair.master), reply);
    assert!(pair.agent.handle_datagram(START, &reply).is_ok());

    // Its reply is forgotten with the next request; the window has not forgotten it.
    let second = ask(&mut pair);
    answer(&mut pair, &second);
    let replayed = pair.master.handle_datagram(START, &first);
    assert_eq!(replayed, Err(Ignored::Security(SecurityError::Replayed)));
    assert!(drain(&mut pair.master).is_empty());
}

#[test]
fn an_answer_that_does_not_fit_gives_way_to_another() {
    let mut pair = pair(Network::default());
    let request = Request::new(Method::Get, &["a"]);
    pair.agent.request(START, &request).expect("idle");
    let datagram = transmit(&mut pair.agent);
    let event = pair.master.handle_datagram(START, &datagram);
    let Ok(Event::Request(id, _)) = event else {
        panic!("{event:?}");
    };
    let long = [0; 1024];
    let response = Response::with_payload(Code::CONTENT, &long);
    assert!(pair.master.respond(START, id, &response).is_err());
    let response = Response::error(Code::INTERNAL_SERVER_ERROR, "too long");
    pair.master.respond(START, id, &response).expect("it waits");
    let reply = transmit(&mut pair.master);
    let event = pair.agent.handle_datagram(START, &reply);
    assert!(
        matches!(&event, Ok(Event::Response(_, told)) if told.diagnostic() == Some("too long"))
    );
}

#[test]
fn what_comes_in_the_clear_or_of_another_boot_is_dropped() {
    let mut pair = pair(Network::default());
    let clear = pair.master.handle_datagram(START, b"\x40\x01\0\0\xb1a");
    assert_eq!(clear, Err(Ignored::Security(SecurityError::Unprotected)));
    let (other, _) = contexts(b"another boot");
    let mut other = Endpoint::new(*pair.agent.config(), other, 1);
    let request = Request::new(Method::Get, &["a"]);
    other.request(START, &request).expect("idle");
    let datagram = transmit(&mut other);
    let refused = pair.master.handle_datagram(START, &datagram);
    assert_eq!(refused, Err(Ignored::Security(SecurityError::Unauthentic)));
    assert!(drain(&mut pair.master).is_empty());
}
