//! Thousands of datagrams, random, valid, and valid but for a byte or two, between requests
//! and answers of our own: nothing panics, and what is held stays under its bounds.

use edgerm_coap::{
    Code, Config, Endpoint, Event, Plain, Request, RequestId, RespondError, Response,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pair::{at, drain};

#[derive(Clone, Debug)]
enum Step {
    Datagram(Vec<u8>),
    /// The last datagram we sent comes back, changed in one place, as another type.
    Reflect(usize, u8, u8),
    Request(usize),
    Respond(usize, bool),
    Cancel,
    Wait(u64),
    Drain,
}

fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let header = (0x40..=0x7fu8, any::<u8>(), 0..4u8).prop_map(|(first, code, id)| {
        let kind = (first & 0xf0) | (first % 5 % 3);
        let token = [0; 8];
        [&[kind, code, 0, id], &token[..usize::from(kind & 0x0f)]].concat()
    });
    let option = (0..13u8, vec(any::<u8>(), 0..12)).prop_map(|(delta, value)| {
        let len = u8::try_from(value.len()).unwrap_or(0);
        [vec![(delta << 4) | len], value].concat()
    });
    let body = (vec(option, 0..5), vec(any::<u8>(), 0..900))
        .prop_map(|(options, payload)| [options.concat(), vec![0xff], payload].concat());
    let well_formed = (header, body).prop_map(|(header, body)| [header, body].concat());
    let mutated = (datagrams(), any::<prop::sample::Index>(), any::<u8>()).prop_map(
        |(mut datagram, at, byte)| {
            let at = at.index(datagram.len());
            datagram[at] = byte;
            datagram
        },
    );
    prop_oneof![
        vec(any::<u8>(), 0..1100),
        vec(any::<u8>(), 0..12),
        well_formed,
        datagrams(),
        mutated,
    ]
}

/// Requests that are in order, of many message ids.
fn datagrams() -> impl Strategy<Value = Vec<u8>> {
    (
        any::<bool>(),
        1..5u8,
        any::<u16>(),
        vec(any::<u8>(), 1..500),
    )
        .prop_map(|(confirmable, method, id, payload)| {
            let first = if confirmable { 0x42 } else { 0x52 };
            let [high, low] = id.to_be_bytes();
            let header = [first, method, high, low, high, low, 0xb1, b'a', 0xff];
            [&header[..], &payload].concat()
        })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => datagram().prop_map(Step::Datagram),
        2 => (0..40usize, any::<u8>(), 0..4u8).prop_map(|(at, byte, kind)| Step::Reflect(at, byte, kind)),
        2 => (0..1100usize).prop_map(Step::Request),
        4 => ((0..1100usize), any::<bool>()).prop_map(|(len, repeatable)| Step::Respond(len, repeatable)),
        1 => Just(Step::Cancel),
        1 => (0..100_000u64).prop_map(Step::Wait),
        2 => Just(Step::Drain),
    ]
}

struct Subject {
    endpoint: Endpoint,
    config: Config,
    now: u64,
    waiting: Vec<RequestId>,
    last_sent: Vec<u8>,
}

impl Subject {
    fn run(&mut self, step: Step) {
        let now = at(self.now);
        match step {
            Step::Datagram(datagram) => self.receive(&datagram),
            Step::Reflect(place, byte, kind) => {
                let mut datagram = self.last_sent.clone();
                if let Some(first) = datagram.first_mut() {
                    *first = (*first & 0xcf) | (kind << 4);
                }
                if let Some(slot) = datagram.get_mut(place) {
                    *slot = byte;
                }
                self.receive(&datagram);
            }
            Step::Request(len) => {
                let payload = std::vec![0; len];
                let request = Request::post_cbor(&["a"], &payload);
                let busy = self.endpoint.is_busy();
                let sent = self.endpoint.request(now, &request);
                assert_eq!(sent.is_ok(), !busy && len + 11 <= self.config.max_datagram);
            }
            Step::Respond(len, repeatable) => {
                if let Some(id) = self.waiting.pop() {
                    let payload = std::vec![0; len];
                    let mut response = Response::with_payload(Code::CONTENT, &payload);
                    response.repeatable = repeatable;
                    match self.endpoint.respond(now, id, &response) {
                        Ok(()) | Err(RespondError::TooLarge { .. }) => {}
                        Err(error) => assert_eq!(error, RespondError::UnknownRequest(id)),
                    }
                }
            }
            Step::Cancel => self.endpoint.cancel(),
            Step::Wait(millis) => {
                self.now += millis;
                let over = self.endpoint.handle_timeout(at(self.now));
                assert!(over.is_none() || !self.endpoint.is_busy());
            }
            Step::Drain => {
                let sent = drain(&mut self.endpoint);
                let most = 4 + self.config.replies + 1;
                assert!(sent.len() <= most, "{} datagrams", sent.len());
                assert!(
                    sent.iter()
                        .all(|datagram| datagram.len() <= self.config.max_datagram)
                );
                self.last_sent = sent.last().cloned().unwrap_or_default();
            }
        }
        assert!(self.endpoint.buffered() <= self.config.max_buffered());
        assert!(self.endpoint.waiting() <= self.config.pending);
        assert_eq!(
            self.endpoint.is_busy(),
            self.endpoint.poll_timeout().is_some()
        );
    }

    fn receive(&mut self, datagram: &[u8]) {
        if let Ok(Event::Request(id, _)) = self.endpoint.handle_datagram(at(self.now), datagram) {
            self.waiting.push(id);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_comes_in_whatever_order(seed: u64, steps in vec(step(), 1..2500)) {
        let config = Config { replies: 3, pending: 2, reply_bytes: 1500, ..Config::default() };
        let mut subject = Subject {
            endpoint: Endpoint::new(config, Plain, seed),
            config,
            now: 0,
            waiting: Vec::new(),
            last_sent: Vec::new(),
        };
        for step in steps {
            subject.run(step);
        }
    }
}
