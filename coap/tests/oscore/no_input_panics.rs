//! Whatever arrives is refused, or is what the peer sent.

use edgerm_coap::oscore::rekey::{Challenges, Settled};
use edgerm_coap::oscore::{OscoreOption, Protected};
use proptest::prelude::*;

use crate::ends::{Ends, GET, flip, keying, unprotect_request, unprotect_response};

/// Bytes that look like a protected message often enough.
fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let anything = proptest::collection::vec(any::<u8>(), 0..64);
    let headed = (
        prop_oneof![Just(2u8), Just(0x44), any::<u8>()],
        proptest::collection::vec(any::<u8>(), 0..12),
        proptest::collection::vec(any::<u8>(), 0..40),
    )
        .prop_map(|(code, option, rest)| {
            let head = 0x90 | u8::try_from(option.len()).expect("short");
            [&[0x40, code, 0, 0, head][..], &option, &[0xff], &rest].concat()
        });
    prop_oneof![anything, headed]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_forger_gets_nothing_in(datagram in datagram(), own: bool) {
        let mut ends = Ends::new();
        let (request, binding) = ends.ask(GET);
        prop_assert!(unprotect_request(&mut ends.server, &datagram).is_err());
        prop_assert!(unprotect_response(&ends.client, &binding, &datagram).is_err());
        let mut challenges = Challenges::new([9; 32]);
        let heard = challenges.handle_request(
            &flip(keying()),
            &mut Settled::default(),
            b"place",
            &mut datagram.clone(),
        );
        prop_assert!(heard.is_err());
        // And the true one still comes through.
        let (response, _) = ends.answer(&request, crate::ends::CONTENT, own);
        prop_assert!(unprotect_response(&ends.client, &binding, &response).is_ok());
    }

    #[test]
    fn what_we_are_asked_to_protect_may_be_anything(datagram in datagram(), room in 0..200usize) {
        let mut ends = Ends::new();
        let mut buffer = datagram.clone();
        buffer.resize(datagram.len() + room, 0);
        if let Ok((length, _)) = ends.client.protect_request(&mut buffer, datagram.len(), None) {
            prop_assert!(unprotect_request(&mut ends.server, &buffer[..length]).is_ok());
        }
    }

    #[test]
    fn an_option_may_be_anything(value in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = OscoreOption::decode(&value);
        let _ = Protected::parse(&value);
    }
}
