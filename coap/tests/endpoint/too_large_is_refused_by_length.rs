//! One message is one datagram: what does not fit is refused with its length.

use edgerm_coap::{Code, Config, Event, Request, RequestError, RespondError, Response};

use crate::pair::{START, endpoint, transmit};

#[test]
fn a_request_fits_to_the_byte() {
    let max = Config::default().max_datagram;
    let mut client = endpoint();
    // Header, token, path, content-format and marker.
    let around = 4 + 2 + 2 + 2 + 1;
    let payload = vec![0; max];
    let (fits, over) = (&payload[around..], &payload[around - 1..]);
    assert_eq!(
        client.request(START, &Request::post_cbor(&["p"], over)),
        Err(RequestError::TooLarge { len: max + 1, max })
    );
    assert!(!client.is_busy());
    let request = Request::post_cbor(&["p"], fits);
    client.request(START, &request).expect("idle");
    assert_eq!(transmit(&mut client).len(), max);
}

#[test]
fn a_request_whose_answer_is_too_large_still_waits_for_one() {
    let max = Config::default().max_datagram;
    let mut server = endpoint();
    let event = server.handle_datagram(START, b"\x40\x01\0\0\xb1a");
    let Ok(Event::Request(id, _)) = event else {
        panic!("{event:?}");
    };
    let payload = vec![0; max - 4];
    let large = Response::with_payload(Code::CONTENT, &payload);
    assert_eq!(
        server.respond(START, id, &large),
        Err(RespondError::TooLarge { len: max + 1, max })
    );
    let empty = Response::new(Code::EMPTY);
    assert_eq!(
        server.respond(START, id, &empty),
        Err(RespondError::NotAResponse(Code::EMPTY))
    );
    let error = Response::error(Code::INTERNAL_SERVER_ERROR, "too large");
    server.respond(START, id, &error).expect("it waits");
    assert_eq!(transmit(&mut server)[1], 0xa0);
}

#[test]
fn a_path_that_no_uri_has_is_refused() {
    let long = "a".repeat(256);
    for (path, len) in [(&["a", &long][..], 256), (&["a/b"], 3)] {
        let request = Request::post_cbor(path, &[]);
        assert_eq!(
            endpoint().request(START, &request),
            Err(RequestError::PathSegment(len))
        );
    }
}
