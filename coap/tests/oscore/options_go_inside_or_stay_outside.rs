//! Which options anybody sees, and what becomes of those that a stranger adds.

use edgerm_coap::ECHO;
use edgerm_coap::oscore::{ProtectError, UnprotectError};
use edgerm_coap::{Code, Packet};

use crate::ends::{
    Ends, GET, message, protect_request, protect_response, unprotect_request, unprotect_response,
};

const URI_HOST: u16 = 3;
const OBSERVE: u16 = 6;
const URI_PORT: u16 = 7;
const OSCORE: u16 = 9;
const URI_PATH: u16 = 11;
const MAX_AGE: u16 = 14;
const BLOCK2: u16 = 23;
const PROXY_URI: u16 = 35;
const PROXY_SCHEME: u16 = 39;

fn numbers(datagram: &[u8]) -> Vec<u16> {
    let packet = Packet::from_bytes(datagram).expect("well formed");
    packet.options().map(|(number, _)| number).collect()
}

fn code(datagram: &[u8]) -> Code {
    Packet::from_bytes(datagram).expect("well formed").code()
}

fn value(datagram: &[u8], wanted: u16) -> Option<Vec<u8>> {
    let packet = Packet::from_bytes(datagram).expect("well formed");
    packet
        .options()
        .find(|(number, _)| *number == wanted)
        .map(|(_, value)| value.to_vec())
}

fn with(numbers: &[u16]) -> Vec<(u16, Vec<u8>)> {
    numbers.iter().map(|number| (*number, vec![1])).collect()
}

#[test]
fn only_what_proxies_need_is_seen() {
    let mut ends = Ends::new();
    let all = [
        URI_HOST,
        URI_PORT,
        URI_PATH,
        MAX_AGE,
        BLOCK2,
        PROXY_SCHEME,
        ECHO,
    ];
    let plain = message(1, &[7], &with(&all), b"body");
    let (datagram, _) = protect_request(&mut ends.client, &plain).expect("it fits");
    assert_eq!(
        numbers(&datagram),
        [URI_HOST, URI_PORT, OSCORE, PROXY_SCHEME]
    );
    assert_eq!(code(&datagram), Code::new(0, 2));
    let (again, _) = unprotect_request(&mut ends.server, &datagram).expect("verifies");
    assert_eq!(again, plain);
}

#[test]
fn observe_is_seen_and_its_order_is_the_partial_ivs() {
    let mut ends = Ends::new();
    let plain = message(
        1,
        &[7],
        &[(OBSERVE, vec![]), (URI_PATH, b"p".to_vec())],
        b"",
    );
    let (request, binding) = protect_request(&mut ends.client, &plain).expect("it fits");
    assert_eq!(code(&request), Code::new(0, 5), "FETCH");
    assert_eq!(numbers(&request), [OBSERVE, OSCORE]);
    let (again, mut reply) = unprotect_request(&mut ends.server, &request).expect("verifies");
    assert_eq!(again, plain);

    for number in 0..3u8 {
        let plain = message(0x45, &[7], &[(OBSERVE, vec![9, 9])], b"21 C");
        let notification = protect_response(&mut ends.server, &mut reply, &plain, false);
        let notification = notification.expect("it fits");
        assert_eq!(code(&notification), Code::CONTENT);
        assert_eq!(value(&notification, OBSERVE), Some(vec![9, 9]));
        let option = value(&notification, OSCORE);
        assert_eq!(option, Some(vec![1, number]), "each has a Partial IV");
        let plain = unprotect_response(&ends.client, &binding, &notification).expect("verifies");
        let order = if number == 0 { vec![] } else { vec![number] };
        assert_eq!(value(&plain, OBSERVE), Some(order));
    }
}

/// Puts other options around the OSCORE option of a request that has none else.
fn surrounded(datagram: &[u8], options: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let packet = Packet::from_bytes(datagram).expect("well formed");
    let mut all = vec![(OSCORE, value(datagram, OSCORE).expect("protected"))];
    all.extend_from_slice(options);
    all.sort_by_key(|(number, _)| *number);
    message(
        packet.code().into(),
        packet.token().as_bytes(),
        &all,
        packet.payload(),
    )
}

#[test]
fn what_a_stranger_adds_outside_is_dropped_where_it_should_be_inside() {
    let mut ends = Ends::new();
    let (datagram, _) = ends.ask(GET);
    let added = with(&[1, OBSERVE, URI_PATH, MAX_AGE, BLOCK2, ECHO, 65_000]);
    let (plain, _) = unprotect_request(&mut ends.server, &surrounded(&datagram, &added))
        .expect("what was inside verifies");
    assert_eq!(numbers(&plain), [URI_PATH]);
    assert_eq!(value(&plain, URI_PATH), Some(b"p".to_vec()));
}

#[test]
fn what_is_for_everybody_comes_back_in_its_place() {
    let mut ends = Ends::new();
    let inside = [
        (1, vec![5; 300]),
        (4, vec![6]),
        (8, vec![]),
        (URI_PATH, b"p".to_vec()),
    ];
    let plain = message(1, &[7], &inside, b"body");
    let (datagram, _) = protect_request(&mut ends.client, &plain).expect("it fits");
    let added = [
        (URI_HOST, vec![8; 255]),
        (URI_PORT, vec![9]),
        (MAX_AGE, vec![0]),
        (PROXY_SCHEME, b"coap".to_vec()),
    ];
    let mut both = inside.to_vec();
    both.extend(
        added
            .iter()
            .filter(|(number, _)| *number != MAX_AGE)
            .cloned(),
    );
    both.sort_by_key(|(number, _)| *number);
    let (merged, _) =
        unprotect_request(&mut ends.server, &surrounded(&datagram, &added)).expect("verifies");
    let packet = Packet::from_bytes(&merged).expect("well formed");
    let read: Vec<_> = packet
        .options()
        .map(|(number, value)| (number, value.to_vec()))
        .collect();
    assert_eq!(read, both);
    assert_eq!(packet.payload(), b"body");
}

#[test]
fn observe_that_a_proxy_took_away_is_not_asked_for() {
    let mut ends = Ends::new();
    let plain = message(
        1,
        &[7],
        &[(OBSERVE, vec![]), (URI_PATH, b"p".to_vec())],
        b"",
    );
    let (datagram, _) = protect_request(&mut ends.client, &plain).expect("it fits");
    let packet = Packet::from_bytes(&datagram).expect("well formed");
    let option = [(OSCORE, value(&datagram, OSCORE).expect("protected"))];
    let without = message(2, packet.token().as_bytes(), &option, packet.payload());
    let (plain, _) = unprotect_request(&mut ends.server, &without).expect("verifies");
    assert_eq!(numbers(&plain), [URI_PATH]);
}

#[test]
fn what_cannot_be_protected_is_told() {
    let mut ends = Ends::new();
    let error = |ends: &mut Ends, plain: &[u8]| {
        let refused = protect_request(&mut ends.client, plain);
        refused.expect_err("not to be protected")
    };
    let twice = message(1, &[], &with(&[OSCORE]), b"");
    assert_eq!(error(&mut ends, &twice), ProtectError::AlreadyProtected);
    let proxy = message(1, &[], &with(&[PROXY_URI]), b"");
    assert_eq!(error(&mut ends, &proxy), ProtectError::ProxyUri);
    let response = message(0x45, &[], &[], b"");
    assert_eq!(
        error(&mut ends, &response),
        ProtectError::Code(Code::CONTENT)
    );
    let empty = [0x40, 0, 0, 0];
    assert_eq!(error(&mut ends, &empty), ProtectError::Code(Code::EMPTY));
}

#[test]
fn two_oscore_options_are_refused() {
    let mut ends = Ends::new();
    let (datagram, _) = ends.ask(GET);
    let option = value(&datagram, OSCORE).expect("protected");
    let twice = surrounded(&datagram, &[(OSCORE, option)]);
    let refused = unprotect_request(&mut ends.server, &twice);
    assert_eq!(refused.expect_err("repeated"), UnprotectError::Repeated);
}
