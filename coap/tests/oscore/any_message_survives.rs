//! What is protected and unprotected is what it was, whatever it has in it.

use edgerm_coap::Packet;
use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying, PartialIv, Protected};
use proptest::prelude::*;

use crate::ends::{
    CONTENT, Ends, GET, any_request, any_response, protect_request, protect_response,
    unprotect_request, unprotect_response,
};

fn key_id() -> impl Strategy<Value = KeyId> {
    proptest::collection::vec(any::<u8>(), 0..=KeyId::MAX)
        .prop_map(|bytes| KeyId::new(&bytes).expect("short"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_request_and_its_responses_come_out_as_they_went_in(
        request in any_request(),
        response in any_response(),
        ids in (key_id(), key_id()).prop_filter("unlike", |(one, other)| one != other),
        secret in proptest::collection::vec(any::<u8>(), 16..64),
        salt in proptest::collection::vec(any::<u8>(), 0..32),
        id_context in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..=32)),
        first in 0..=PartialIv::MAX,
        own_partial_iv: bool,
    ) {
        let (sender, recipient) = ids;
        let keying = Keying { secret: &secret, salt: &salt, sender, recipient };
        let id_context = id_context.map(|bytes| IdContext::new(&bytes).expect("short"));
        let mut ends = Ends::of(keying, id_context);
        ends.client = ends.client.starting_at(PartialIv::new(first).expect("in range"));

        let (datagram, binding) = protect_request(&mut ends.client, &request).expect("it fits");
        prop_assert_eq!(u8::from(Packet::from_bytes(&datagram).expect("well formed").code()), 2);
        let (plain, mut reply) = unprotect_request(&mut ends.server, &datagram).expect("verifies");
        prop_assert_eq!(plain, request);

        // The second response cannot have the nonce of the request again.
        for _ in 0..2 {
            let datagram = protect_response(&mut ends.server, &mut reply, &response, own_partial_iv)
                .expect("it fits");
            let plain = unprotect_response(&ends.client, &binding, &datagram).expect("verifies");
            prop_assert_eq!(&plain, &response);
        }
    }

    /// The kid context that goes with a request is the ID Context, or it in CBOR.
    #[test]
    fn a_kid_context_names_the_context(
        bytes in proptest::collection::vec(any::<u8>(), 1..=32),
        wrapped: bool,
    ) {
        let mut ends = Ends::of(crate::ends::keying(), IdContext::new(&bytes));
        let length = u8::try_from(bytes.len()).expect("short");
        let head = if length < 24 { vec![0x40 + length] } else { vec![0x58, length] };
        let name = if wrapped { [head, bytes].concat() } else { bytes };
        let mut buffer = crate::ends::in_buffer(GET);
        let sent = ends.client.protect_request(&mut buffer, GET.len(), Some(&name));
        let (length, _) = sent.expect("it fits");
        let datagram = &mut buffer[..length];
        prop_assert_eq!(Protected::parse(datagram).expect("protected").option().id_context, Some(&name[..]));
        prop_assert!(ends.server.unprotect_request(datagram).is_ok());
    }
}

#[test]
fn it_costs_fifteen_bytes_there_and_eleven_back() {
    let mut ends = Ends::new();
    let (request, _) = ends.ask(GET);
    // The option with a Partial IV of one byte and a kid of two, a marker, a code, a tag.
    assert_eq!(request.len(), GET.len() + (1 + 1 + 1 + 2) + 1 + 1 + 8);
    let (response, _) = ends.answer(&request, CONTENT, false);
    assert_eq!(response.len(), CONTENT.len() + 1 + 1 + 1 + 8);
    assert!(Context::MAX_OVERHEAD >= request.len() - GET.len());
    // What a master keeps of each node.
    assert_eq!(size_of::<Context>(), 120);
}
