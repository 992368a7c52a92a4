//! Requests come in any order, and each is accepted once.

use std::collections::BTreeSet;

use edgerm_coap::oscore::{IdContext, Protected, ReplayWindow, UnprotectError};
use proptest::prelude::*;

use crate::ends::{Ends, GET, keying, unprotect_request};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The model keeps all that was accepted. Forged ones change nothing.
    #[test]
    fn each_is_accepted_once(
        order in proptest::collection::vec((0..150usize, any::<bool>()), 1..300),
    ) {
        let mut ends = Ends::new();
        let requests: Vec<_> = (0..150).map(|_| ends.ask(GET).0).collect();
        let mut accepted = BTreeSet::new();
        for (index, forged) in order {
            let mut datagram = requests[index].clone();
            let number = u64::try_from(index).expect("small");
            let recent = accepted
                .last()
                .is_none_or(|highest| number + ReplayWindow::WIDTH > *highest);
            let fresh = recent && !accepted.contains(&number);
            if forged {
                *datagram.last_mut().expect("a tag") ^= 1;
            }
            match unprotect_request(&mut ends.server, &datagram) {
                Ok((plain, reply)) => {
                    prop_assert!(fresh && !forged);
                    prop_assert_eq!(plain, GET);
                    prop_assert_eq!(reply.request().partial_iv().number(), number);
                    accepted.insert(number);
                }
                Err(UnprotectError::Replayed(partial_iv)) => {
                    prop_assert!(!fresh);
                    prop_assert_eq!(partial_iv.number(), number);
                }
                Err(error) => {
                    prop_assert!(fresh && forged);
                    prop_assert_eq!(error, UnprotectError::Unauthentic);
                }
            }
        }
    }
}

#[test]
fn a_duplicate_has_the_key_of_its_original_and_nothing_else_has() {
    let mut ends = Ends::new();
    let (first, second) = (ends.ask(GET).0, ends.ask(GET).0);
    // Another boot, whose Partial IVs begin anew.
    let (other, _) = Ends::of(keying(), IdContext::new(b"another boot")).ask(GET);
    let key = |datagram: &[u8]| {
        let protected = Protected::parse(datagram).expect("protected");
        protected.request_key().expect("a request")
    };
    assert_eq!(key(&first), key(&first.clone()));
    assert_ne!(key(&first), key(&second));
    assert_ne!(key(&first), key(&other));
    // Through something that chose a message id and a token of its own.
    let mut moved = first.clone();
    moved[2..5].fill(0xaa);
    assert_eq!(key(&moved), key(&first));
    // A response names no request.
    let (response, _) = ends.answer(&first, crate::ends::CONTENT, false);
    let protected = Protected::parse(&response).expect("protected");
    assert_eq!(protected.request_key(), None);
}
