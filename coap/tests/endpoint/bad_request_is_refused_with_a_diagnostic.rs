//! Requests that no application would understand are answered in its stead.

use edgerm_coap::{BlockOptionError, Code, Event, Ignored, Refusal};

use crate::pair::{START, drain, endpoint, transmit};

fn refused(request: &[u8]) -> (Refusal, Code, String) {
    let mut server = endpoint();
    let event = server.handle_datagram(START, request);
    let Err(Ignored::Refused(refusal)) = event else {
        panic!("{event:?} of {request:02x?}");
    };
    let reply = transmit(&mut server);
    assert_eq!(reply[0], 0x60, "piggybacked");
    assert_eq!(reply[2..4], request[2..4]);
    assert_eq!(reply[4], 0xff);
    let again = server.handle_datagram(START, request);
    assert_eq!(again, Err(Ignored::DuplicateAnswered));
    assert_eq!(transmit(&mut server), reply);
    let diagnostic = String::from_utf8(reply[5..].to_vec()).expect("text");
    (refusal, Code::from(reply[1]), diagnostic)
}

#[test]
fn each_has_its_code_and_says_why() {
    let long = [&[0x40, 1, 0, 0, 0xbd, 243][..], &[b'a'; 256]].concat();
    for (request, refusal, code) in [
        // If-Match, Uri-Query, Accept, Block1: critical, and nothing here uses them.
        (
            &[0x40, 1, 0, 0, 0x10][..],
            Refusal::CriticalOption(1),
            Code::BAD_OPTION,
        ),
        (
            b"\x40\x01\0\0\xd1\x02x",
            Refusal::CriticalOption(15),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 1, 0, 0, 0xd1, 4, 60],
            Refusal::CriticalOption(17),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 1, 0, 0, 0xd1, 14, 0],
            Refusal::CriticalOption(27),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 1, 0, 0, 0x90],
            Refusal::CriticalOption(9),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 5, 0, 0],
            Refusal::Method(Code::new(0, 5)),
            Code::METHOD_NOT_ALLOWED,
        ),
        (
            &[0x40, 31, 0, 0],
            Refusal::Method(Code::new(0, 31)),
            Code::METHOD_NOT_ALLOWED,
        ),
        (
            &[0x40, 1, 0, 0, 0xd1, 10, 7],
            Refusal::Block2(BlockOptionError::ReservedSize),
            Code::BAD_REQUEST,
        ),
        (
            &[0x40, 1, 0, 0, 0xd4, 10, 0, 0, 0, 0],
            Refusal::Block2(BlockOptionError::TooLong(4)),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 1, 0, 0, 0xd0, 10, 0x00],
            Refusal::CriticalOption(23),
            Code::BAD_OPTION,
        ),
        (
            &[0x40, 1, 0, 0, 0xb1, 0xff],
            Refusal::PathSegment,
            Code::BAD_OPTION,
        ),
        (&long, Refusal::PathSegment, Code::BAD_OPTION),
        (
            b"\x40\x01\0\0\xb3a/b",
            Refusal::SlashInSegment,
            Code::NOT_FOUND,
        ),
        (
            b"\x40\x01\0\0\xd1\x16x",
            Refusal::Proxy,
            Code::PROXYING_NOT_SUPPORTED,
        ),
    ] {
        let diagnostic = refusal.to_string();
        assert_eq!(
            refused(request),
            (refusal, code, diagnostic),
            "{request:02x?}"
        );
    }
}

#[test]
fn elective_options_are_passed_over() {
    // Uri-Host and Uri-Port (as other clients send), ETag, Observe, a Content-Format of four
    // bytes, Size2, and one unknown to everybody.
    let request =
        b"\x40\x01\0\0\x31h\x11e\x21\0\x10\x41a\x14\xff\xff\xff\xff\xd1\x03\0\xe1\xfd\xe3x";
    let mut server = endpoint();
    match server.handle_datagram(START, request) {
        Ok(Event::Request(_, request)) => {
            assert_eq!((request.path(), request.content_format), ("a", None));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_non_confirmable_one_with_a_critical_option_is_met_with_silence() {
    let mut server = endpoint();
    let event = server.handle_datagram(START, &[0x50, 1, 0, 0, 0x10]);
    assert_eq!(event, Err(Ignored::Refused(Refusal::CriticalOption(1))));
    assert_eq!(drain(&mut server), Vec::<Vec<u8>>::new());
    // Other faults are told: RFC 7252 section 5.8 wants 4.05.
    let event = server.handle_datagram(START, &[0x50, 5, 0, 1]);
    assert_eq!(
        event,
        Err(Ignored::Refused(Refusal::Method(Code::new(0, 5))))
    );
    assert_eq!(transmit(&mut server)[..2], [0x50, 0x85]);
}

#[test]
fn a_path_is_read_by_its_segments() {
    for (options, path, segments) in [
        (&b""[..], "", &[][..]),
        (b"\xb1m", "m", &["m"]),
        (b"\xb1m\x040a1b", "m/0a1b", &["m", "0a1b"]),
        (b"\xb1m\x00", "m/", &["m", ""]),
    ] {
        let request = [&[0x40, 1, 0, 0], options].concat();
        let mut server = endpoint();
        let Ok(Event::Request(_, request)) = server.handle_datagram(START, &request) else {
            panic!("{path} is refused");
        };
        assert_eq!(request.path(), path);
        assert_eq!(request.segments().collect::<Vec<_>>(), segments);
    }
}
