//! A buffer that is too short is told with the length that it should have, and left as it was.

use edgerm_coap::oscore::{Context, ProtectError};
use proptest::prelude::*;

use crate::ends::{CONTENT, Ends, GET, any_request, protect_response, unprotect_request};

proptest! {
    #[test]
    fn so_many_bytes_are_enough_and_one_less_is_not(request in any_request()) {
        let mut ends = Ends::new();
        let mut short = request.clone();
        let refused = ends.client.protect_request(&mut short, request.len(), None);
        let Err(ProtectError::Capacity { needed }) = refused else {
            panic!("{refused:?}");
        };
        prop_assert_eq!(&short, &request);
        let mut buffer = request.clone();
        buffer.resize(needed - 1, 0);
        let refused = ends.client.protect_request(&mut buffer, request.len(), None);
        prop_assert_eq!(refused.expect_err("too short"), ProtectError::Capacity { needed });
        prop_assert_eq!(&buffer[..request.len()], &request[..]);
        buffer.push(0);
        let (length, _) = ends.client.protect_request(&mut buffer, request.len(), None).expect("fits");
        prop_assert!(length <= needed);
        let (plain, _) = unprotect_request(&mut ends.server, &buffer[..length]).expect("verifies");
        prop_assert_eq!(plain, request);
    }
}

#[test]
fn a_length_beyond_the_buffer_is_told() {
    let mut ends = Ends::new();
    let refused = ends.client.protect_request(&mut [0x40, 1], 4, None);
    assert_eq!(refused, Err(ProtectError::Capacity { needed: 4 }));
}

#[test]
fn what_is_never_needed_more_than_is_enough() {
    let mut ends = Ends::new();
    let mut buffer = GET.to_vec();
    buffer.resize(GET.len() + Context::MAX_OVERHEAD, 0);
    let longest = [7; 34];
    let sent = ends
        .client
        .protect_request(&mut buffer, GET.len(), Some(&longest));
    assert!(sent.is_ok(), "{sent:?}");
    let mut buffer = crate::ends::in_buffer(GET);
    let refused = ends
        .client
        .protect_request(&mut buffer, GET.len(), Some(&[7; 255]));
    assert_eq!(refused, Err(ProtectError::IdContext));
}

#[test]
fn a_response_that_did_not_fit_is_answered_by_another() {
    let mut ends = Ends::new();
    let (request, binding) = ends.ask(GET);
    let (_, mut reply) = unprotect_request(&mut ends.server, &request).expect("verifies");
    let mut short = CONTENT.to_vec();
    let refused =
        ends.server
            .protect_response(&mut reply, &mut short, CONTENT.len(), Default::default());
    assert!(
        matches!(refused, Err(ProtectError::Capacity { .. })),
        "{refused:?}"
    );
    let response = protect_response(&mut ends.server, &mut reply, CONTENT, false).expect("fits");
    let plain = crate::ends::unprotect_response(&ends.client, &binding, &response);
    assert_eq!(plain.as_deref(), Ok(CONTENT));
}
