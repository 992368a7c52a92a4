//! Loss, duplication and reordering in both directions: each request ends in exactly one
//! event, is told to the other side at most once, and its response is its own.

use std::collections::BTreeMap;

use edgerm_coap::{Code, Event, ExchangeId, Request, Response};

use crate::pair::{End, Network, Outcome, Pair};

/// What became of the requests of both ends, by end and number.
#[derive(Default)]
struct Tally {
    asked: BTreeMap<(End, ExchangeId), u32>,
    told: BTreeMap<(End, u32), u32>,
    answered: u32,
    timed_out: u32,
}

fn ask(pair: &mut Pair, tally: &mut Tally, end: End, number: u32) {
    let now = pair.now;
    let payload = number.to_be_bytes();
    let request = Request::post_cbor(&["n"], &payload);
    let id = pair.end(end).request(now, &request).expect("idle");
    assert_eq!(tally.asked.insert((end, id), number), None, "{id} twice");
}

fn on_outcome(pair: &mut Pair, tally: &mut Tally, outcome: Outcome) {
    let end = outcome.end;
    match outcome.result {
        Ok(Event::Request(id, request)) => {
            let number = request.payload.clone().try_into().map(u32::from_be_bytes);
            let told = tally.told.entry((end.other(), number.expect("four bytes")));
            *told.or_default() += 1;
            let now = pair.now;
            let echo = Response::with_payload(Code::CHANGED, &request.payload);
            pair.end(end).respond(now, id, &echo).expect("it waits");
        }
        Ok(Event::Response(id, response)) => {
            let number = tally.asked.remove(&(end, id)).expect("asked, and once");
            assert_eq!(response.payload, number.to_be_bytes());
            assert_eq!(tally.told.get(&(end, number)), Some(&1));
            tally.answered += 1;
        }
        Ok(Event::TimedOut(id)) => {
            tally.asked.remove(&(end, id)).expect("asked, and once");
            tally.timed_out += 1;
        }
        Ok(Event::Acknowledged(_) | Event::Reset(_) | Event::Repeat(_)) => {
            panic!("nobody sent that")
        }
        Err(_) => {}
    }
}

fn run(seed: u64, network: Network) -> Tally {
    let mut pair = Pair::new(seed, network);
    let mut tally = Tally::default();
    let mut next = BTreeMap::from([(End::Agent, 0), (End::Master, 0)]);
    loop {
        for (end, number) in &mut next {
            if *number < 40 && !pair.end(*end).is_busy() {
                ask(&mut pair, &mut tally, *end, *number);
                *number += 1;
            }
        }
        let Some(outcome) = pair.step() else {
            break;
        };
        on_outcome(&mut pair, &mut tally, outcome);
    }
    assert!(tally.asked.is_empty(), "no end: {:?}", tally.asked);
    assert!(
        tally.told.values().all(|times| *times == 1),
        "{:?}",
        tally.told
    );
    assert_eq!(tally.answered + tally.timed_out, 80);
    tally
}

#[test]
fn through_a_good_network_all_are_answered() {
    let tally = run(
        0,
        Network {
            delay: 100,
            ..Network::default()
        },
    );
    assert_eq!(tally.answered, 80);
}

#[test]
fn through_a_bad_network_most_are() {
    let mut answered = 0;
    for seed in 0..50 {
        let network = Network {
            loss: 250,
            duplication: 250,
            delay: 4_000,
        };
        answered += run(seed, network).answered;
    }
    // Five round trips of which each fails with probability 1 - 0.75^2: over 98 % get through.
    assert!(answered > 50 * 80 * 95 / 100, "{answered} of 4000");
}

#[test]
fn through_a_network_that_loses_nearly_all_each_still_ends() {
    let network = Network {
        loss: 900,
        duplication: 50,
        delay: 10_000,
    };
    let timed_out: u32 = (0..20).map(|seed| run(seed, network).timed_out).sum();
    assert!(timed_out > 0);
}
