//! A response that cannot be understood is rejected, and the exchange goes on: it may be
//! forged, and the true one still come.

use edgerm_coap::{Code, ContentFormat, Event, Ignored, Method, Request};

use crate::pair::{START, at, drain, endpoint, transmit};

const UNKNOWN: &[u8] = &[0xd0, 12];
const RESERVED_SIZE: &[u8] = &[0xd1, 10, 7];
const REPEATED_BLOCK2: &[u8] = &[0xd1, 10, 2, 0x01, 2];

#[test]
fn a_critical_option_spoils_it() {
    for (options, number) in [(UNKNOWN, 25), (RESERVED_SIZE, 23), (REPEATED_BLOCK2, 23)] {
        let mut client = endpoint();
        let request = Request::new(Method::Get, &["a"]);
        client.request(START, &request).expect("idle");
        let request = transmit(&mut client);

        let piggybacked = [&[0x62, 0x45], &request[2..6], options].concat();
        let event = client.handle_datagram(at(1), &piggybacked);
        assert_eq!(event, Err(Ignored::BadResponseOption(number)));
        assert_eq!(drain(&mut client), Vec::<Vec<u8>>::new());

        let separate = [&[0x42, 0x45, 0x12, 0x34], &request[4..6], options].concat();
        let event = client.handle_datagram(at(2), &separate);
        assert_eq!(event, Err(Ignored::BadResponseOption(number)));
        assert_eq!(transmit(&mut client), [0x70, 0, 0x12, 0x34]);

        let good = [&[0x62, 0x45], &request[2..6]].concat();
        let event = client.handle_datagram(at(3), &good);
        assert!(matches!(event, Ok(Event::Response(..))), "{event:?}");
    }
}

#[test]
fn what_it_tells_is_read() {
    let mut client = endpoint();
    let request = Request::new(Method::Get, &["a"]);
    client.request(START, &request).expect("idle");
    let request = transmit(&mut client);
    // ETag, Content-Format 60, Max-Age, Block2 1/1/64, Size2 300, a payload.
    let options = b"\x41e\x81\x3c\x20\x91\x1a\x52\x01\x2c\xff{}";
    let datagram = [&[0x62, 0x45], &request[2..6], options].concat();
    let Ok(Event::Response(_, response)) = client.handle_datagram(at(1), &datagram) else {
        panic!("{datagram:02x?}");
    };
    assert_eq!(response.code, Code::CONTENT);
    assert_eq!(response.content_format, Some(ContentFormat::CBOR));
    assert_eq!(response.size2, Some(300));
    assert_eq!(response.payload, b"{}");
    let block = response.block2.expect("a block");
    assert_eq!(
        (block.number(), block.more(), block.size().bytes()),
        (1, true, 64)
    );
}
