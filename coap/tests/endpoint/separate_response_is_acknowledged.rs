//! A peer that answers later: it acknowledges first, or its response overtakes that.

use edgerm_coap::{Code, Endpoint, Event, ExchangeId, Ignored, MessageId, Method, Request};

use crate::pair::{START, at, drain, endpoint, transmit};

/// A request sent; its id, message id and token.
fn asked() -> (Endpoint, ExchangeId, [u8; 2], [u8; 2]) {
    let mut client = endpoint();
    let request = Request::new(Method::Get, &["slow"]);
    let id = client.request(START, &request).expect("idle");
    let datagram = transmit(&mut client);
    let message_id = [datagram[2], datagram[3]];
    (client, id, message_id, [datagram[4], datagram[5]])
}

fn separate(kind: u8, message_id: [u8; 2], token: [u8; 2]) -> Vec<u8> {
    [&[kind, 0x45], &message_id[..], &token, b"\xffok"].concat()
}

fn assert_response(event: Result<Event, Ignored>, asked: ExchangeId) {
    match event {
        Ok(Event::Response(id, response)) => {
            assert_eq!((id, response.code), (asked, Code::CONTENT));
            assert_eq!(response.payload, b"ok");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_awaited_without_retransmission_and_acknowledged_each_time() {
    let (mut client, id, [high, low], token) = asked();
    let ack = [0x60, 0, high, low];
    let event = client.handle_datagram(at(100), &ack);
    assert_eq!(event, Ok(Event::Acknowledged(id)));
    let again = client.handle_datagram(at(150), &ack);
    let message_id = MessageId(u16::from_be_bytes([high, low]));
    assert_eq!(again, Err(Ignored::UnmatchedAcknowledgement(message_id)));
    assert_eq!(client.handle_timeout(at(60_000)), None);
    assert_eq!(drain(&mut client), Vec::<Vec<u8>>::new());

    let response = separate(0x42, [0x12, 0x34], token);
    assert_response(client.handle_datagram(at(61_000), &response), id);
    assert_eq!(transmit(&mut client), [0x60, 0, 0x12, 0x34]);
    assert!(!client.is_busy());

    let again = client.handle_datagram(at(64_000), &response);
    assert_eq!(again, Err(Ignored::DuplicateResponse(MessageId(0x1234))));
    assert_eq!(transmit(&mut client), [0x60, 0, 0x12, 0x34]);
}

#[test]
fn it_is_acknowledged_again_while_the_next_request_is_outstanding() {
    let (mut client, id, _, token) = asked();
    let response = separate(0x42, [0x12, 0x34], token);
    assert_response(client.handle_datagram(at(1), &response), id);
    let next = Request::new(Method::Get, &["next"]);
    client.request(at(2), &next).expect("idle");
    drain(&mut client);
    let again = client.handle_datagram(at(3), &response);
    assert_eq!(again, Err(Ignored::DuplicateResponse(MessageId(0x1234))));
    assert_eq!(transmit(&mut client), [0x60, 0, 0x12, 0x34]);
    assert!(client.is_busy());
}

#[test]
fn it_may_overtake_the_acknowledgement() {
    let (mut client, id, [high, low], token) = asked();
    let response = separate(0x42, [0x12, 0x34], token);
    assert_response(client.handle_datagram(at(1), &response), id);
    let late = client.handle_datagram(at(2), &[0x60, 0, high, low]);
    assert!(
        matches!(late, Err(Ignored::UnmatchedAcknowledgement(_))),
        "{late:?}"
    );
}

#[test]
fn it_may_be_non_confirmable() {
    let (mut client, id, _, token) = asked();
    let response = separate(0x52, [0x12, 0x34], token);
    assert_response(client.handle_datagram(at(1), &response), id);
    assert_eq!(drain(&mut client), Vec::<Vec<u8>>::new());
}

#[test]
fn a_promise_not_kept_times_out() {
    let (mut client, id, [high, low], _) = asked();
    let event = client.handle_datagram(at(1_000), &[0x60, 0, high, low]);
    assert_eq!(event, Ok(Event::Acknowledged(id)));
    assert_eq!(client.poll_timeout(), Some(at(94_000)));
    assert_eq!(client.handle_timeout(at(94_000)), Some(Event::TimedOut(id)));
}

#[test]
fn a_reset_ends_it_before_and_after_the_acknowledgement() {
    for acknowledged in [false, true] {
        let (mut client, id, [high, low], _) = asked();
        if acknowledged {
            let ack = client.handle_datagram(at(1), &[0x60, 0, high, low]);
            assert_eq!(ack, Ok(Event::Acknowledged(id)));
        }
        let other = client.handle_datagram(at(2), &[0x70, 0, high ^ 1, low]);
        assert!(
            matches!(other, Err(Ignored::UnmatchedReset(_))),
            "{other:?}"
        );
        let reset = client.handle_datagram(at(3), &[0x70, 0, high, low]);
        assert_eq!(reset, Ok(Event::Reset(id)));
        assert_eq!(client.poll_timeout(), None);
    }
}
