//! RFC 7252 table 1, and what no application is told of.

use edgerm_coap::{Code, Config, Ignored, Malformed, MessageId, MessageType, Token};

use crate::pair::{START, drain, endpoint};

#[test]
fn each_is_ignored_for_its_reason() {
    use MessageType::{Acknowledgement, NonConfirmable, Reset};
    let (get, content) = (Code::new(0, 1), Code::CONTENT);
    let token = Token::new(&[]).expect("no bytes");
    let reset = || vec![vec![0x70, 0, 0, 9]];
    for (first, code, reason, sent) in [
        (0x40, 0x00, Ignored::Ping, reset()),
        (0x40, 0x45, Ignored::UnmatchedResponse(token), reset()),
        (
            0x40,
            0x20,
            Ignored::ReservedClass(Code::from(0x20)),
            reset(),
        ),
        (
            0x40,
            0xff,
            Ignored::ReservedClass(Code::from(0xff)),
            reset(),
        ),
        (
            0x50,
            0x00,
            Ignored::Forbidden(NonConfirmable, Code::EMPTY),
            vec![],
        ),
        (0x50, 0x45, Ignored::UnmatchedResponse(token), vec![]),
        (0x50, 0xe1, Ignored::ReservedClass(Code::from(0xe1)), vec![]),
        (
            0x60,
            0x00,
            Ignored::UnmatchedAcknowledgement(MessageId(9)),
            vec![],
        ),
        (0x60, 0x01, Ignored::Forbidden(Acknowledgement, get), vec![]),
        (0x60, 0x45, Ignored::UnmatchedResponse(token), vec![]),
        (0x70, 0x00, Ignored::UnmatchedReset(MessageId(9)), vec![]),
        (0x70, 0x01, Ignored::Forbidden(Reset, get), vec![]),
        (0x70, 0x45, Ignored::Forbidden(Reset, content), vec![]),
        (
            0x80,
            0x01,
            Ignored::Malformed(Malformed::Version(2)),
            vec![],
        ),
    ] {
        let mut endpoint = endpoint();
        let event = endpoint.handle_datagram(START, &[first, code, 0, 9]);
        assert_eq!(event, Err(reason), "{first:#x} {code:#x}");
        assert_eq!(drain(&mut endpoint), sent, "{first:#x} {code:#x}");
    }
}

#[test]
fn a_datagram_over_the_limit_is_not_looked_at() {
    let max = Config::default().max_datagram;
    let mut datagram = vec![0; max + 1];
    datagram[..7].copy_from_slice(&[0x40, 0x02, 0, 9, 0xb1, b'a', 0xff]);
    let mut endpoint = endpoint();
    let event = endpoint.handle_datagram(START, &datagram);
    assert_eq!(event, Err(Ignored::TooLong { len: max + 1, max }));
    assert!(endpoint.handle_datagram(START, &datagram[..max]).is_ok());
}
