//! RFC 8613 appendix B.2: a node boots, or its master does, and both have keys that nobody had
//! before.

use edgerm_coap::oscore::rekey::{
    Answer, Challenge, Challenges, ClientRekey, Heard, RekeyError, Settled,
};
use edgerm_coap::oscore::{Context, ProtectError, Protected, RequestBinding, UnprotectError};
use edgerm_coap::{Code, Packet};

use crate::ends::{
    CONTENT, Ends, GET, flip, in_buffer, keying, protect_request, protect_response,
    unprotect_request, unprotect_response,
};

const UNAUTHORIZED: &[u8] = b"\x61\x81\x30\x39\x77";

/// Where the node is.
const PLACE: &[u8] = b"192.0.2.1:5683";

/// A master with one node.
struct Master {
    challenges: Challenges,
    settled: Settled,
    context: Option<Context>,
}

impl Master {
    fn boot(entropy: u8) -> Self {
        Self {
            challenges: Challenges::new([entropy; 32]),
            settled: Settled::default(),
            context: None,
        }
    }

    fn hear(&mut self, datagram: &[u8]) -> Result<Heard, RekeyError> {
        let keying = flip(keying());
        self.challenges
            .handle_request(&keying, &mut self.settled, PLACE, &mut datagram.to_vec())
    }

    fn challenge(&mut self, datagram: &[u8]) -> Vec<u8> {
        match self.hear(datagram) {
            Ok(Heard::Asked(challenge)) => protected(challenge),
            other => panic!("{other:?}"),
        }
    }

    /// Takes request 2, and gives response 2.
    fn establish(&mut self, datagram: &[u8]) -> Vec<u8> {
        match self.hear(datagram) {
            Ok(Heard::Established {
                mut context,
                length,
                mut reply,
            }) => {
                assert_eq!(length, GET.len());
                let response = protect_response(&mut context, &mut reply, CONTENT, false);
                self.context = Some(context);
                response.expect("it fits")
            }
            other => panic!("{other:?}"),
        }
    }
}

fn protected(challenge: Challenge) -> Vec<u8> {
    let mut buffer = in_buffer(UNAUTHORIZED);
    let length = challenge.protect(&mut buffer, UNAUTHORIZED.len());
    buffer.truncate(length.expect("it fits"));
    buffer
}

fn ask(node: &mut ClientRekey) -> (Vec<u8>, RequestBinding) {
    let mut buffer = in_buffer(GET);
    let (length, binding) = node.protect_request(&mut buffer, GET.len()).expect("fits");
    buffer.truncate(length);
    (buffer, binding)
}

fn answer(
    node: &mut ClientRekey,
    binding: &RequestBinding,
    datagram: &[u8],
    r3: u8,
) -> Result<Answer, RekeyError> {
    node.handle_response(&keying(), binding, &mut datagram.to_vec(), [r3; 8])
}

fn boot(r1: u8) -> ClientRekey {
    ClientRekey::new(&keying(), [r1; 8]).expect("safe")
}

/// What went over the wire, and the node's keys.
fn run(master: &mut Master, r1: u8, r3: u8) -> ([Vec<u8>; 4], Context) {
    let mut node = boot(r1);
    let (request1, binding1) = ask(&mut node);
    let response1 = master.challenge(&request1);
    assert_eq!(
        answer(&mut node, &binding1, &response1, r3),
        Ok(Answer::AskAgain(UNAUTHORIZED.len()))
    );
    let (request2, binding2) = ask(&mut node);
    let response2 = master.establish(&request2);
    let established = answer(&mut node, &binding2, &response2, 0);
    assert_eq!(established, Ok(Answer::Established(CONTENT.len())));
    let context = node.into_context().expect("established");
    ([request1, response1, request2, response2], context)
}

/// An exchange of either end as client works with the keys.
fn check(node: &mut Context, master: &mut Context) {
    let (mut client, mut server) = (node, master);
    for _ in 0..2 {
        let (request, binding) = protect_request(client, GET).expect("fits");
        let (plain, mut reply) = unprotect_request(server, &request).expect("verifies");
        assert_eq!(plain, GET);
        let response = protect_response(server, &mut reply, CONTENT, false).expect("fits");
        let plain = unprotect_response(client, &binding, &response);
        assert_eq!(plain.as_deref(), Ok(CONTENT));
        std::mem::swap(&mut client, &mut server);
    }
}

#[test]
fn two_exchanges_establish_keys() {
    let mut master = Master::boot(1);
    let ([request1, response1, request2, _], mut node) = run(&mut master, 0x11, 0x33);
    check(&mut node, master.context.as_mut().expect("established"));

    let name = |datagram: &[u8]| {
        let protected = Protected::parse(datagram).expect("protected");
        protected.option().id_context.map(<[u8]>::to_vec)
    };
    let (r1, r2, r3) = ([0x11; 8], &name(&response1).expect("R2")[1..], [0x33; 8]);
    assert_eq!(name(&request1), Some([&[0x48], &r1[..]].concat()));
    assert_eq!(r2.len(), 14);
    assert_eq!(name(&request2), Some([&[0x56], r2, &r3[..]].concat()));
    let established = node.id_context().map(|it| it.as_bytes().to_vec());
    assert_eq!(established, Some([r2, &r3[..]].concat()));
    assert_eq!(
        node.id_context(),
        master.context.and_then(|it| it.id_context())
    );
}

#[test]
fn every_boot_of_either_end_has_other_keys() {
    let mut names = Vec::new();
    for master_boot in 0..3 {
        let mut master = Master::boot(master_boot);
        for node_boot in 0..3 {
            let (_, node) = run(&mut master, node_boot, 0x80 + node_boot);
            names.push(node.id_context().expect("of B.2"));
        }
    }
    names.sort_by_key(|name| name.as_bytes().to_vec());
    names.dedup();
    assert_eq!(names.len(), 9);
    // Even where the node's entropy is the same, the master's part differs.
    let mut master = Master::boot(1);
    let (_, one) = run(&mut master, 5, 6);
    let (_, other) = run(&mut master, 5, 6);
    assert_ne!(one.id_context(), other.id_context());
}

#[test]
fn a_replayed_run_brings_nothing() {
    let mut master = Master::boot(1);
    let ([request1, response1, request2, response2], mut node) = run(&mut master, 1, 2);

    // Each replay of request 1 is answered with keys of its own, and changes nothing.
    let again = master.challenge(&request1);
    assert_ne!(again, response1);
    assert_ne!(again, master.challenge(&request1));
    // Request 2 is over, within its boot...
    assert_eq!(master.hear(&request2).err(), Some(RekeyError::Settled));
    check(&mut node, master.context.as_mut().expect("established"));
    // ...and for the master's next one is no request 2 at all.
    let mut next = Master::boot(2);
    let refused = next.hear(&request2).err();
    assert_eq!(refused, Some(RekeyError::IdContextLength(22)));
    assert_eq!(next.settled, Settled::default());

    // A node is not deceived by what was said to it in a former boot.
    let mut node = boot(3);
    let (_, binding) = ask(&mut node);
    for old in [&response1, &response2, &again] {
        let refused = answer(&mut node, &binding, old, 4);
        assert!(refused.is_err(), "{refused:?}");
    }
    let (request1, binding) = ask(&mut node);
    let response1 = master.challenge(&request1);
    assert_eq!(
        answer(&mut node, &binding, &response1, 4),
        Ok(Answer::AskAgain(UNAUTHORIZED.len()))
    );
    for old in [&response1, &response2, &again] {
        assert!(answer(&mut node, &binding, old, 5).is_err());
    }
}

#[test]
fn runs_side_by_side_end_with_the_first_that_is_established() {
    let mut master = Master::boot(1);
    let (mut one, mut other) = (boot(1), boot(2));
    let (one1, one_binding) = ask(&mut one);
    let (other1, other_binding) = ask(&mut other);
    let (one_r2, other_r2) = (master.challenge(&one1), master.challenge(&other1));
    assert_eq!(
        answer(&mut one, &one_binding, &one_r2, 3),
        Ok(Answer::AskAgain(UNAUTHORIZED.len()))
    );
    assert_eq!(
        answer(&mut other, &other_binding, &other_r2, 4),
        Ok(Answer::AskAgain(UNAUTHORIZED.len()))
    );
    let ((one2, one_binding), (other2, _)) = (ask(&mut one), ask(&mut other));
    let response = master.establish(&one2);
    assert_eq!(master.hear(&other2).err(), Some(RekeyError::Settled));
    assert!(matches!(
        answer(&mut one, &one_binding, &response, 0),
        Ok(Answer::Established(_))
    ));
    assert!(other.into_context().is_none(), "not established");
}

#[test]
fn challenges_are_not_another_clients() {
    let mut master = Master::boot(1);
    let mut node = boot(1);
    let (request1, binding) = ask(&mut node);
    let response1 = master.challenge(&request1);
    answer(&mut node, &binding, &response1, 2).expect("R2");
    let (request2, _) = ask(&mut node);
    // The same secret under another id does not verify, and its R2 is not one of that id.
    let mut keying = flip(keying());
    keying.recipient = crate::ends::id(&[9]);
    let heard = master.challenges.handle_request(
        &keying,
        &mut master.settled,
        PLACE,
        &mut request2.clone(),
    );
    assert!(heard.is_err(), "{heard:?}");
    master.establish(&request2);
}

#[test]
fn every_flipped_bit_is_refused_and_the_run_goes_on() {
    let mut master = Master::boot(1);
    let mut node = boot(1);
    let flips = |datagram: &[u8]| -> Vec<Vec<u8>> {
        let all = (5..datagram.len()).flat_map(|at| (0..8).map(move |bit| (at, 1 << bit)));
        all.map(|(at, bit)| {
            let mut flipped = datagram.to_vec();
            flipped[at] ^= bit;
            flipped
        })
        .collect()
    };
    let (request1, binding) = ask(&mut node);
    for flipped in flips(&request1) {
        assert!(master.hear(&flipped).is_err(), "{flipped:02x?}");
    }
    let response1 = master.challenge(&request1);
    for flipped in flips(&response1) {
        assert!(answer(&mut node, &binding, &flipped, 2).is_err());
    }
    let stale = answer(&mut node, &binding, &response1, 1);
    assert_eq!(stale, Err(RekeyError::StaleEntropy), "R3 is R1");
    answer(&mut node, &binding, &response1, 2).expect("R2");
    let (request2, binding) = ask(&mut node);
    for flipped in flips(&request2) {
        assert!(master.hear(&flipped).is_err(), "{flipped:02x?}");
    }
    let response2 = master.establish(&request2);
    for flipped in flips(&response2) {
        assert!(answer(&mut node, &binding, &flipped, 0).is_err());
    }
    answer(&mut node, &binding, &response2, 0).expect("established");
    let over = answer(&mut node, &binding, &response2, 0);
    assert_eq!(over, Err(RekeyError::Established));
}

#[test]
fn a_run_is_not_cut_short() {
    let mut master = Master::boot(1);
    // A request of the plain context, without a kid context.
    let (request, _) = Ends::new().ask(GET);
    assert_eq!(master.hear(&request).err(), Some(RekeyError::NoIdContext));
    // Too few random bytes: they may have been used before.
    let few = edgerm_coap::oscore::IdContext::new(b"few");
    let mut context = Context::derive(&keying(), few).expect("safe");
    let mut buffer = in_buffer(GET);
    let sent = context.protect_request(&mut buffer, GET.len(), Some(b"\x43few"));
    let (length, _) = sent.expect("it fits");
    let heard = master.hear(&buffer[..length]);
    assert_eq!(heard.err(), Some(RekeyError::IdContextLength(3)));
    // An answer in the clear.
    let mut node = boot(1);
    let (request1, binding) = ask(&mut node);
    let refused = answer(&mut node, &binding, UNAUTHORIZED, 2);
    let unprotected = RekeyError::Unprotect(UnprotectError::Unprotected);
    assert_eq!(refused, Err(unprotected));
    // A challenge that says anything but 4.01.
    let Ok(Heard::Asked(challenge)) = master.hear(&request1) else {
        panic!("a challenge");
    };
    let mut buffer = in_buffer(CONTENT);
    let refused = challenge.protect(&mut buffer, CONTENT.len());
    assert_eq!(refused, Err(ProtectError::Code(Code::CONTENT)));
    assert!(node.into_context().is_none());
}

#[test]
fn the_plain_message_is_where_it_was() {
    let mut master = Master::boot(1);
    let mut node = boot(1);
    let (request1, binding) = ask(&mut node);
    let response1 = master.challenge(&request1);
    answer(&mut node, &binding, &response1, 2).expect("R2");
    let (mut request2, _) = ask(&mut node);
    let keying = flip(keying());
    let heard =
        master
            .challenges
            .handle_request(&keying, &mut master.settled, PLACE, &mut request2);
    let Ok(Heard::Established { length, .. }) = heard else {
        panic!("{heard:?}");
    };
    assert_eq!(&request2[..length], GET);
    let packet = Packet::from_bytes(&request2[..length]).expect("well formed");
    assert_eq!(packet.options().next(), Some((11, &b"p"[..])));
}

#[test]
fn a_challenge_is_good_where_it_was_given_alone() {
    let mut master = Master::boot(1);
    let mut node = boot(1);
    let (request1, binding) = ask(&mut node);
    let response1 = master.challenge(&request1);
    answer(&mut node, &binding, &response1, 2).expect("R2");
    let (request2, _) = ask(&mut node);
    let keying = flip(keying());
    for elsewhere in [&b""[..], b"place", b"places", &[0; 18]] {
        let (challenges, settled) = (&mut master.challenges, &mut master.settled);
        let heard = challenges.handle_request(&keying, settled, elsewhere, &mut request2.to_vec());
        // What is no R2 of ours is an R1, and too long for one.
        assert_eq!(heard.err(), Some(RekeyError::IdContextLength(22)));
    }
    assert!(matches!(
        master.hear(&request2),
        Ok(Heard::Established { .. })
    ));
}
