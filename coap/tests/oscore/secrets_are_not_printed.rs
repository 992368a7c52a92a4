//! What holds a key says nothing of it where it is printed.

use edgerm_coap::oscore::rekey::{Challenges, ClientRekey};

use crate::ends::{Ends, GET, SECRET, keying, unprotect_request};

#[test]
fn debug_has_no_key_in_it() {
    let mut ends = Ends::new();
    let (request, _) = ends.ask(GET);
    let (_, reply) = unprotect_request(&mut ends.server, &request).expect("verifies");
    let rekey = ClientRekey::new(&keying(), [7; 8]).expect("safe");
    let printed = format!(
        "{:?} {:?} {:?} {reply:?} {rekey:?} {:?}",
        keying(),
        ends.client,
        ends.server,
        Challenges::new([0xc4; 32]),
    );
    for secret in [SECRET[0], 0xc4, b's'] {
        let listed = format!("{secret}, {secret}");
        assert!(!printed.contains(&listed), "{printed}");
        assert!(!printed.contains(&format!("{secret:02x}{secret:02x}")));
    }
    assert_eq!(printed.matches("Key(..)").count(), 6);
}
