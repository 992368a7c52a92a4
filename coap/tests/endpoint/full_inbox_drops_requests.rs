//! A peer that asks more than is answered: what does not fit is dropped unseen, and finds
//! room when it is sent again.

use edgerm_coap::{Code, Event, Ignored, RespondError, Response};

use crate::pair::{START, at, drain, endpoint};

fn request(number: u8) -> [u8; 6] {
    [0x40, 0x02, 0, number, 0xb1, b'a']
}

#[test]
fn the_fifth_finds_room_once_one_is_answered() {
    let mut server = endpoint();
    let mut waiting = Vec::new();
    for number in 0..4 {
        match server.handle_datagram(START, &request(number)) {
            Ok(Event::Request(id, _)) => waiting.push(id),
            other => panic!("{other:?}"),
        }
    }
    let fifth = server.handle_datagram(START, &request(4));
    assert_eq!(fifth, Err(Ignored::Overloaded(4)));
    assert_eq!(drain(&mut server), Vec::<Vec<u8>>::new());

    let changed = Response::new(Code::CHANGED);
    server
        .respond(START, waiting[0], &changed)
        .expect("it waits");
    assert_eq!(
        server.respond(START, waiting[0], &changed),
        Err(RespondError::UnknownRequest(waiting[0]))
    );
    let fifth = server.handle_datagram(at(2_000), &request(4));
    assert!(matches!(fifth, Ok(Event::Request(..))), "{fifth:?}");
}

#[test]
fn those_never_answered_make_room_in_the_end() {
    let mut server = endpoint();
    for number in 0..4 {
        assert!(server.handle_datagram(START, &request(number)).is_ok());
    }
    let full = server.handle_datagram(at(246_999), &request(4));
    assert_eq!(full, Err(Ignored::Overloaded(4)));
    assert!(server.handle_datagram(at(247_000), &request(4)).is_ok());
}
