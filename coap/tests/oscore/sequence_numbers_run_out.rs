//! A context stops before it would use a Partial IV again.

use edgerm_coap::SecurityError;
use edgerm_coap::oscore::{Context, DeriveError, Keying, PartialIv, ProtectError};

use crate::ends::{
    CONTENT, Ends, GET, id, keying, protect_request, protect_response, unprotect_request,
};

fn iv(number: u64) -> PartialIv {
    PartialIv::new(number).expect("in range")
}

#[test]
fn the_last_is_five_bytes_of_ones() {
    let mut ends = Ends::new();
    ends.client = ends.client.starting_at(iv(PartialIv::MAX - 1));
    assert_eq!(ends.client.remaining(), 2);
    for number in [PartialIv::MAX - 1, PartialIv::MAX] {
        let (request, binding) = ends.ask(GET);
        assert_eq!(binding.partial_iv(), iv(number));
        assert!(unprotect_request(&mut ends.server, &request).is_ok());
    }
    assert_eq!(ends.client.remaining(), 0);
    for _ in 0..3 {
        let refused = protect_request(&mut ends.client, GET).expect_err("used up");
        assert_eq!(refused, ProtectError::Exhausted);
        assert_eq!(SecurityError::from(refused), SecurityError::Exhausted);
    }
}

#[test]
fn what_is_used_up_still_answers_with_the_nonces_of_requests() {
    let mut ends = Ends::new();
    ends.server = ends.server.starting_at(iv(PartialIv::MAX));
    let (request, _) = ends.ask(GET);
    let (_, mut reply) = unprotect_request(&mut ends.server, &request).expect("verifies");
    let mut answer = |own| protect_response(&mut ends.server, &mut reply, CONTENT, own);
    assert!(answer(true).is_ok(), "the last Partial IV");
    assert_eq!(answer(true), Err(ProtectError::Exhausted));
    assert!(answer(false).is_ok(), "the request's nonce");
    assert_eq!(answer(false), Err(ProtectError::Exhausted));
}

#[test]
fn no_context_goes_back() {
    let mut ends = Ends::new();
    ends.ask(GET);
    ends.client = ends.client.starting_at(iv(0));
    assert_eq!(ends.ask(GET).1.partial_iv(), iv(1));
}

#[test]
fn keys_that_would_be_alike_are_not_derived() {
    let same = Keying {
        recipient: keying().sender,
        ..keying()
    };
    let refused = Context::derive(&same, None).expect_err("both ends have one key");
    assert_eq!(refused, DeriveError::SameIds(id(&[1, 2])));
    let short = Keying {
        secret: &[1; 15],
        ..keying()
    };
    let refused = Context::derive(&short, None).expect_err("too short");
    assert_eq!(refused, DeriveError::ShortSecret(15));
}
