//! The client's retransmissions: their times, their bytes, their end.

use edgerm_coap::{Event, Method, Request};

use crate::pair::{End, Network, Pair};

const BLACK_HOLE: Network = Network {
    loss: 1000,
    duplication: 0,
    delay: 0,
};

#[test]
fn a_silent_peer_is_asked_five_times_and_given_up() {
    for seed in 0..50 {
        let mut pair = Pair::new(seed, BLACK_HOLE);
        let exchange = pair
            .agent
            .request(pair.now, &Request::new(Method::Get, &["a"]))
            .expect("idle");
        assert_eq!(pair.event_at(End::Agent), Some(Event::TimedOut(exchange)));
        assert!(!pair.agent.is_busy());

        let times: Vec<u64> = pair.sent.iter().map(|(at, ..)| at.as_millis()).collect();
        let waits: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let first = waits[0];
        assert!((2_000..=3_000).contains(&first), "{first} ms");
        assert_eq!(waits, [first, 2 * first, 4 * first, 8 * first]);
        assert_eq!(pair.now.as_millis(), 31 * first);

        let (_, _, original) = &pair.sent[0];
        assert!(
            pair.sent
                .iter()
                .all(|(_, _, datagram)| datagram == original)
        );
    }
}

#[test]
fn the_next_request_has_another_message_id_and_token() {
    let mut pair = Pair::new(1, BLACK_HOLE);
    for _ in 0..2 {
        let request = Request::new(Method::Get, &["a"]);
        pair.agent.request(pair.now, &request).expect("idle");
        assert!(matches!(
            pair.event_at(End::Agent),
            Some(Event::TimedOut(_))
        ));
    }
    let (first, second) = (&pair.sent[0].2, &pair.sent[5].2);
    let message_id = |datagram: &[u8]| u16::from_be_bytes([datagram[2], datagram[3]]);
    assert_eq!(message_id(second), message_id(first).wrapping_add(1));
    assert_ne!(first[4..6], second[4..6], "token");
}
