//! Figures 16 and 17 of RFC 7252 appendix A, from both ends; and the budget of a ping.

use edgerm_coap::{BlockOption, BlockSize, Code, ContentFormat, Event, Method, Request, Response};

use crate::pair::{START, endpoint, transmit};

#[test]
fn a_confirmable_request_gets_a_piggybacked_response() {
    for (request, response) in [
        (
            &b"\x40\x01\x7d\x34\xbbtemperature"[..],
            &b"\x60\x45\x7d\x34\xff22.3 C"[..],
        ),
        (
            b"\x41\x01\x7d\x35\x20\xbbtemperature",
            b"\x61\x45\x7d\x35\x20\xff22.3 C",
        ),
    ] {
        let mut server = endpoint();
        let event = server.handle_datagram(START, request);
        let Ok(Event::Request(id, received)) = event else {
            panic!("{event:?}");
        };
        assert_eq!(
            (received.method, received.path()),
            (Method::Get, "temperature")
        );
        let reading = Response::with_payload(Code::CONTENT, b"22.3 C");
        server.respond(START, id, &reading).expect("it waits");
        assert_eq!(transmit(&mut server), response);
    }
}

#[test]
fn a_response_tells_of_its_payload() {
    let mut server = endpoint();
    let event = server.handle_datagram(START, b"\x40\x01\x7d\x34\xb1a");
    let Ok(Event::Request(id, _)) = event else {
        panic!("{event:?}");
    };
    let response = Response {
        content_format: Some(ContentFormat::CBOR),
        block2: BlockOption::new(1, true, BlockSize::B64),
        size2: Some(300),
        ..Response::with_payload(Code::CONTENT, b"{}")
    };
    server.respond(START, id, &response).expect("it waits");
    let bytes = b"\x60\x45\x7d\x34\xc1\x3c\xb1\x1a\x52\x01\x2c\xff{}";
    assert_eq!(transmit(&mut server), bytes);
}

#[test]
fn an_idle_ping_fits_its_budget() {
    let (mut agent, mut master) = (endpoint(), endpoint());
    let ping = Request::post_cbor(&["p"], &[7; 7]);
    agent.request(START, &ping).expect("idle");
    let ping = transmit(&mut agent);
    assert_eq!(ping.len(), 18, "of 23: 11 around the payload");

    let event = master.handle_datagram(START, &ping);
    let Ok(Event::Request(id, received)) = event else {
        panic!("{event:?}");
    };
    assert_eq!(received.segments().collect::<Vec<_>>(), ["p"]);
    let pong = Response::with_payload(Code::CHANGED, &[1]);
    master.respond(START, id, &pong).expect("it waits");
    assert_eq!(
        transmit(&mut master).len(),
        8,
        "of 12: 7 around the payload"
    );
}
