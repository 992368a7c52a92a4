//! A request that was cancelled is over: whatever still comes for it is nobody's.

use edgerm_coap::{Ignored, Method, Request, Token};

use crate::pair::{START, at, drain, endpoint, transmit};

#[test]
fn only_a_confirmable_response_is_reset() {
    for (kind, reply) in [
        (0x42, Some([0x70, 0, 0x12, 0x34])),
        (0x52, None),
        (0x62, None),
    ] {
        let mut client = endpoint();
        let request = Request::new(Method::Get, &["a"]);
        client.request(START, &request).expect("idle");
        let datagram = transmit(&mut client);
        client.cancel();
        assert!(!client.is_busy());
        assert_eq!(client.poll_timeout(), None);

        let message_id = match kind {
            0x62 => [datagram[2], datagram[3]],
            _ => [0x12, 0x34],
        };
        let late = [&[kind, 0x45], &message_id[..], &datagram[4..6]].concat();
        let token = Token::new(&datagram[4..6]).expect("two bytes");
        let event = client.handle_datagram(at(5), &late);
        assert_eq!(event, Err(Ignored::UnmatchedResponse(token)));
        let sent: Vec<Vec<u8>> = reply.into_iter().map(|reply| reply.to_vec()).collect();
        assert_eq!(drain(&mut client), sent);
    }
}

#[test]
fn it_does_not_answer_the_request_that_follows() {
    let mut client = endpoint();
    client
        .request(START, &Request::new(Method::Get, &["a"]))
        .expect("idle");
    let first = transmit(&mut client);
    client.cancel();
    client
        .request(START, &Request::new(Method::Get, &["b"]))
        .expect("idle");
    let late = [&[0x62, 0x45], &first[2..6]].concat();
    let event = client.handle_datagram(at(5), &late);
    assert!(
        matches!(event, Err(Ignored::UnmatchedResponse(_))),
        "{event:?}"
    );
    assert!(client.is_busy());
}

#[test]
fn a_request_cancelled_before_it_left_does_not_leave() {
    let mut client = endpoint();
    client
        .request(START, &Request::new(Method::Get, &["a"]))
        .expect("idle");
    client.cancel();
    assert_eq!(drain(&mut client), Vec::<Vec<u8>>::new());
}
