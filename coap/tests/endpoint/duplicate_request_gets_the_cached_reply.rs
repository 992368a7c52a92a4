//! A request is told to the application once; its repetitions are answered out of the cache.

use edgerm_coap::{Code, Config, Event, Ignored, Request, RequestId, RespondError, Response};

use crate::pair::{START, at, drain, endpoint, transmit};

const POST: &[u8] = b"\x42\x02\x12\x34\xaa\xbb\xb1m";
const NON_POST: &[u8] = b"\x52\x02\x12\x34\xaa\xbb\xb1m";

fn surfaced(event: Result<Event, Ignored>) -> RequestId {
    match event {
        Ok(Event::Request(id, _)) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_reply_is_repeated_and_the_request_is_not() {
    let mut server = endpoint();
    let id = surfaced(server.handle_datagram(START, POST));

    let unanswered = server.handle_datagram(at(2_000), POST);
    assert_eq!(unanswered, Err(Ignored::DuplicatePending(id)));
    assert_eq!(drain(&mut server), Vec::<Vec<u8>>::new());

    let created = Response::with_payload(Code::CREATED, b"1");
    server.respond(at(2_500), id, &created).expect("it waits");
    let reply = transmit(&mut server);
    for seconds in [4, 10, 246] {
        let again = server.handle_datagram(at(seconds * 1000), POST);
        assert_eq!(again, Err(Ignored::DuplicateAnswered));
        assert_eq!(transmit(&mut server), reply);
    }
}

#[test]
fn after_the_exchange_lifetime_it_is_another_request() {
    let mut server = endpoint();
    let first = surfaced(server.handle_datagram(START, POST));
    let changed = Response::new(Code::CHANGED);
    server.respond(START, first, &changed).expect("it waits");
    let lifetime = Config::default().exchange_lifetime;
    let second = surfaced(server.handle_datagram(START + lifetime, POST));
    assert_ne!(first, second);

    let too_late = START + lifetime + lifetime;
    assert_eq!(
        server.respond(too_late, second, &changed),
        Err(RespondError::UnknownRequest(second))
    );
}

#[test]
fn a_message_id_with_another_token_is_another_request() {
    // The peer rebooted, and its first message id is one of its former life.
    let mut server = endpoint();
    let first = surfaced(server.handle_datagram(START, POST));
    let rebooted = b"\x42\x02\x12\x34\xaa\xbc\xb1m";
    let second = surfaced(server.handle_datagram(at(1), rebooted));
    assert_ne!(first, second);
}

#[test]
fn a_non_confirmable_request_is_answered_once() {
    let mut server = endpoint();
    let id = surfaced(server.handle_datagram(START, NON_POST));
    let changed = Response::new(Code::CHANGED);
    server.respond(START, id, &changed).expect("it waits");
    let reply = transmit(&mut server);
    assert_eq!(reply[..2], [0x52, 0x44], "non-confirmable, 2.04");
    assert_eq!(reply[4..], [0xaa, 0xbb], "its token");
    let again = server.handle_datagram(START, NON_POST);
    assert_eq!(again, Err(Ignored::DuplicateAnswered));
    assert_eq!(drain(&mut server), Vec::<Vec<u8>>::new());
}

#[test]
fn a_lost_reply_costs_one_retransmission() {
    let (mut agent, mut master) = (endpoint(), endpoint());
    let launch = Request::post_cbor(&["l"], b"task");
    let exchange = agent.request(START, &launch).expect("idle");
    let request = transmit(&mut agent);
    let id = surfaced(master.handle_datagram(START, &request));
    let accepted = Response::new(Code::CHANGED);
    master.respond(START, id, &accepted).expect("it waits");
    drop(transmit(&mut master));

    let due = agent.poll_timeout().expect("a retransmission");
    assert_eq!(agent.handle_timeout(due), None);
    let again = transmit(&mut agent);
    assert_eq!(
        master.handle_datagram(due, &again),
        Err(Ignored::DuplicateAnswered)
    );
    let event = agent.handle_datagram(due, &transmit(&mut master));
    assert!(
        matches!(event, Ok(Event::Response(id, _)) if id == exchange),
        "{event:?}"
    );
    assert_eq!(agent.poll_timeout(), None);
}
