//! What OSCORE costs: an exchange there and back, and the keys of a boot.
//!
//! ```text
//! cargo bench -p edgerm-coap
//! ```
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what a benchmark measures does not fail"
)]

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying, ReplyForm};
use edgerm_coap::{Code, Config, Endpoint, Event, Plain, Request, Response, Security};
use edgerm_protocol::Instant;

const KEYING: Keying<'static> = Keying {
    secret: &[0x5e; 16],
    salt: &[],
    sender: KeyId::EMPTY,
    recipient: KeyId::EMPTY,
};

/// A confirmable POST of `p` with a body of so many bytes, and a 2.04 with as many.
fn messages(body: usize) -> (Vec<u8>, Vec<u8>) {
    let body = vec![0xa5; body];
    let request = [b"\x42\x02\x30\x39\x77\x78\xb1p\x11\x3c\xff", &body[..]].concat();
    let response = [b"\x62\x44\x30\x39\x77\x78\xc1\x3c\xff", &body[..]].concat();
    (request, response)
}

fn contexts() -> (Context, Context) {
    let node = KeyId::new(&[0, 1, 2, 3]).expect("short");
    let derive = |sender, recipient| {
        let keying = Keying {
            sender,
            recipient,
            ..KEYING
        };
        Context::derive(&keying, IdContext::new(b"sixteen bytes, .")).expect("safe")
    };
    (derive(node, KeyId::EMPTY), derive(KeyId::EMPTY, node))
}

/// A request and its response, each protected by one end and unprotected by the other.
fn exchanges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("exchange");
    for body in [16, 64, 512] {
        let (request, response) = messages(body);
        let (mut client, mut server) = contexts();
        let mut buffer = vec![0; request.len() + Context::MAX_OVERHEAD];
        group.throughput(Throughput::Bytes(2 * u64::try_from(body).expect("small")));
        group.bench_function(format!("{body} bytes each way"), |bencher| {
            bencher.iter(|| {
                buffer[..request.len()].copy_from_slice(&request);
                let (length, binding) = client
                    .protect_request(&mut buffer, request.len(), None)
                    .expect("it fits");
                let (_, mut reply) = server
                    .unprotect_request(black_box(&mut buffer[..length]))
                    .expect("it verifies");
                buffer[..response.len()].copy_from_slice(&response);
                let form = ReplyForm::default();
                let length = server
                    .protect_response(&mut reply, &mut buffer, response.len(), form)
                    .expect("it fits");
                client
                    .unprotect_response(&binding, black_box(&mut buffer[..length]))
                    .expect("it verifies")
            });
        });
    }
    group.finish();
}

/// What the master spends on an exchange that a node begins: a request unprotected, and its
/// response protected.
fn masters_part(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("the master's part");
    for body in [16, 64, 512] {
        let (request, response) = messages(body);
        let (mut node, mut master) = contexts();
        let mut ask = || {
            let mut buffer = vec![0; request.len() + Context::MAX_OVERHEAD];
            buffer[..request.len()].copy_from_slice(&request);
            let (length, _) = node
                .protect_request(&mut buffer, request.len(), None)
                .expect("it fits");
            (buffer, length)
        };
        group.bench_function(format!("{body} bytes each way"), |bencher| {
            bencher.iter_batched_ref(
                &mut ask,
                |(buffer, length)| {
                    let (_, mut reply) = master
                        .unprotect_request(&mut buffer[..*length])
                        .expect("it verifies");
                    buffer[..response.len()].copy_from_slice(&response);
                    let form = ReplyForm::default();
                    master
                        .protect_response(&mut reply, buffer, response.len(), form)
                        .expect("it fits")
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

/// The same with endpoints around, in the clear and with OSCORE: the difference is what OSCORE
/// adds to a request and its reply.
fn endpoints(criterion: &mut Criterion) {
    let (node, master) = contexts();
    endpoint(criterion, "in the clear", Plain, Plain);
    endpoint(criterion, "with OSCORE", node, master);
}

fn endpoint<S: Security>(criterion: &mut Criterion, name: &str, node: S, master: S) {
    let config = || Config {
        max_datagram: 1152,
        ..Config::default()
    };
    let mut node = Endpoint::new(config(), node, 1);
    let mut master = Endpoint::new(config(), master, 2);
    let mut group = criterion.benchmark_group("the master's endpoint");
    for body in [16, 64, 512] {
        let body = vec![0xa5; body];
        let mut seconds = 0;
        let mut ask = || {
            // No reply is kept for so long.
            seconds += 1_000;
            let now = Instant::from_millis(1_000 * seconds);
            node.request(now, &Request::post_cbor(&["p"], &body))
                .expect("one at a time");
            let datagram = node.poll_transmit().expect("a request");
            node.cancel();
            (now, datagram)
        };
        group.bench_function(
            format!("{} bytes each way, {name}", body.len()),
            |bencher| {
                bencher.iter_batched_ref(
                    &mut ask,
                    |(now, datagram)| {
                        let event = master.handle_datagram(*now, datagram);
                        let Ok(Event::Request(id, _)) = event else {
                            panic!("{event:?}");
                        };
                        let response = Response::with_payload(Code::CHANGED, &body);
                        master.respond(*now, id, &response).expect("it waits");
                        master.poll_transmit().expect("a response")
                    },
                    BatchSize::SmallInput,
                );
            },
        );
    }
    group.finish();
}

/// What a boot costs at both ends; a datagram that pretends to be one costs the master half.
fn derivation(criterion: &mut Criterion) {
    criterion.bench_function("derive both contexts", |bencher| {
        bencher.iter(contexts);
    });
}

criterion_group!(benches, exchanges, masters_part, endpoints, derivation);
criterion_main!(benches);
