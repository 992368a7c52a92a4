//! Block2 from end to end: a module crosses a bad link, a reboot in the middle.

use edgerm_coap::{
    Block2Fetch, BlockSize, Code, Endpoint, Event, ReceivedRequest, Request, RequestId, Response,
    serve,
};
use edgerm_protocol::Instant;

use crate::pair::{End, Network, Outcome, Pair};

const PATH: &[&str] = &["m", "0a1b"];

/// As the master does it: stateless, in blocks of at most 128 bytes.
fn answer(
    server: &mut Endpoint,
    now: Instant,
    id: RequestId,
    request: &ReceivedRequest,
    blob: &[u8],
) {
    assert_eq!(request.path(), "m/0a1b");
    let max = BlockSize::at_most(128).expect("a size");
    match serve(blob, request.block2, max) {
        Ok(slice) => server.respond(now, id, &Response::block(&slice)),
        Err(error) => {
            let diagnostic = error.to_string();
            server.respond(now, id, &Response::error(Code::BAD_REQUEST, &diagnostic))
        }
    }
    .expect("it waits");
}

/// Fetches until `until` bytes are there or the link is given up; what came, by offset.
fn fetch(pair: &mut Pair, blob: &[u8], stored: &mut Vec<u8>, until: usize) {
    let total = u32::try_from(blob.len()).expect("short");
    let from = u32::try_from(stored.len()).expect("short");
    let size = BlockSize::B512;
    let mut fetch = Block2Fetch::new(total, size, from).expect("in reach");
    stored.truncate(fetch.offset() as usize);
    while stored.len() < until {
        let Some(block) = fetch.next_block() else {
            return;
        };
        let request = Request::get_block(PATH, block);
        pair.agent.request(pair.now, &request).expect("idle");
        while pair.agent.is_busy() {
            let outcome = pair.step().expect("an exchange ends");
            match outcome {
                Outcome {
                    end: End::Master,
                    result: Ok(Event::Request(id, request)),
                } => {
                    let now = pair.now;
                    answer(&mut pair.master, now, id, &request, blob);
                }
                Outcome {
                    end: End::Agent,
                    result: Ok(Event::Response(_, response)),
                } => {
                    let block = fetch.accept(&response).expect("the block asked for");
                    assert_eq!(block.offset as usize, stored.len());
                    stored.extend(block.data);
                }
                Outcome { .. } => {}
            }
        }
    }
}

#[test]
fn every_byte_arrives_and_a_reboot_costs_at_most_a_block() {
    let blob: Vec<u8> = (0..10_000u32).map(|i| (i % 251) as u8).collect();
    for seed in 0..20 {
        let network = Network {
            loss: 150,
            duplication: 100,
            delay: 900,
        };
        let mut pair = Pair::new(seed, network);
        let mut stored = Vec::new();
        fetch(&mut pair, &blob, &mut stored, 4_000);
        assert!(stored.len() >= 4_000);
        assert_eq!(stored, blob[..stored.len()]);

        let rebooted = Pair::new(seed + 1000, network);
        pair.agent = rebooted.agent;
        fetch(&mut pair, &blob, &mut stored, blob.len());
        assert_eq!(stored, blob);
        assert!(
            pair.master.buffered() < 200,
            "no more than the last block is kept"
        );
    }
}

#[test]
fn a_block_beyond_the_end_is_a_bad_request() {
    let mut pair = Pair::new(1, Network::default());
    let fetch = Block2Fetch::new(1_000, BlockSize::B64, 999).expect("in reach");
    let block = fetch.next_block().expect("a block");
    let request = Request::get_block(PATH, block);
    pair.agent.request(pair.now, &request).expect("idle");
    let Some(Event::Request(id, request)) = pair.event_at(End::Master) else {
        panic!("no request");
    };
    let now = pair.now;
    answer(&mut pair.master, now, id, &request, &[0; 100]);
    let Some(Event::Response(_, response)) = pair.event_at(End::Agent) else {
        panic!("no response");
    };
    assert_eq!(response.code, Code::BAD_REQUEST);
    let diagnostic = "block at byte 960 is beyond the end at 100";
    assert_eq!(response.diagnostic(), Some(diagnostic));
}
