//! Nothing that a stranger changes in a message goes unnoticed, but for what is the endpoint's:
//! type, message id and token, and options that are for proxies.

use edgerm_coap::oscore::UnprotectError;
use proptest::prelude::*;

use crate::ends::{
    Ends, GET, any_request, any_response, protect_response, unprotect_request, unprotect_response,
};

/// Bytes of type, code and message id.
const HEADER: usize = 4;

/// The bits that protection is to notice: those from the end of the token. The code outside is
/// replaced by that inside, where it is of the same kind.
fn bits(datagram: &[u8]) -> impl Iterator<Item = (usize, u8)> + use<> {
    let options = HEADER + usize::from(datagram[0] & 0x0f);
    (options..datagram.len()).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)))
}

/// Options that are outside for everybody, which anybody may change.
fn without_public(message: &[u8]) -> bool {
    let packet = edgerm_coap::Packet::from_bytes(message).expect("well formed");
    packet
        .options()
        .all(|(number, _)| ![3, 7, 39].contains(&number))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_flipped_bit_of_a_request_is_refused(
        request in any_request().prop_filter("nothing public", |it| without_public(it)),
    ) {
        let mut ends = Ends::new();
        let (datagram, _) = ends.ask(&request);
        for (at, bit) in bits(&datagram) {
            let mut flipped = datagram.clone();
            flipped[at] ^= bit;
            let result = unprotect_request(&mut ends.server, &flipped);
            prop_assert!(result.is_err(), "byte {} of {:02x?}", at, datagram);
        }
        for length in 0..datagram.len() {
            prop_assert!(unprotect_request(&mut ends.server, &datagram[..length]).is_err());
        }
        let longer = [&datagram[..], &[0]].concat();
        prop_assert!(unprotect_request(&mut ends.server, &longer).is_err());
        let (plain, _) = unprotect_request(&mut ends.server, &datagram).expect("the true one");
        prop_assert_eq!(plain, request);
    }

    #[test]
    fn every_flipped_bit_of_a_response_is_refused(
        response in any_response().prop_filter("nothing public", |it| without_public(it)),
        own_partial_iv: bool,
    ) {
        let mut ends = Ends::new();
        let (request, binding) = ends.ask(GET);
        let (_, mut reply) = unprotect_request(&mut ends.server, &request).expect("verifies");
        let datagram = protect_response(&mut ends.server, &mut reply, &response, own_partial_iv)
            .expect("it fits");
        for (at, bit) in bits(&datagram) {
            let mut flipped = datagram.clone();
            flipped[at] ^= bit;
            let result = unprotect_response(&ends.client, &binding, &flipped);
            prop_assert!(result.is_err(), "byte {} of {:02x?}", at, datagram);
        }
        for length in 0..datagram.len() {
            prop_assert!(unprotect_response(&ends.client, &binding, &datagram[..length]).is_err());
        }
        let plain = unprotect_response(&ends.client, &binding, &datagram).expect("the true one");
        prop_assert_eq!(plain, response);
    }
}

#[test]
fn a_response_is_of_its_request_alone() {
    let mut ends = Ends::new();
    let (first, first_binding) = ends.ask(GET);
    let (second, second_binding) = ends.ask(GET);
    for own_partial_iv in [false, true] {
        let mut server = Ends::new().server;
        std::mem::swap(&mut ends.server, &mut server);
        let (response, _) = ends.answer(&first, crate::ends::CONTENT, own_partial_iv);
        let wrong = unprotect_response(&ends.client, &second_binding, &response);
        assert_eq!(wrong, Err(UnprotectError::Unauthentic));
        assert!(unprotect_response(&ends.client, &first_binding, &response).is_ok());
    }
    assert!(unprotect_request(&mut ends.server, &second).is_ok());
}

#[test]
fn nothing_comes_back_to_its_sender() {
    let mut ends = Ends::new();
    let (request, binding) = ends.ask(GET);
    let refused = unprotect_request(&mut ends.client, &request).expect_err("our own");
    assert_eq!(refused, UnprotectError::UnknownContext);
    let code = edgerm_coap::Code::new(0, 2);
    let refused = unprotect_response(&ends.client, &binding, &request);
    assert_eq!(refused, Err(UnprotectError::Code(code)));
}
