//! What the fuzz targets do with bytes: one function a target of the same name in `fuzz/`.
//!
//! libFuzzer calls them with what it invents, and the test `fuzz_corpus` with the committed
//! corpus, so that every input which once taught the fuzzer something is tried by
//! `cargo test`. They panic where a property does not hold.

#[path = "fuzz/http.rs"]
mod http;
#[path = "fuzz/modules.rs"]
mod modules;
#[path = "fuzz/oscore.rs"]
mod oscore;

use std::collections::VecDeque;
use std::time::Duration;

use edgerm_coap::{
    Block2Fetch, BlockSize, Code, Config, Endpoint, Event, Ignored, Method, Plain, ReceivedRequest,
    Request, RequestId, Response, serve,
};
use edgerm_protocol::description::EncodedDescription;
use edgerm_protocol::message::{
    Deregister, Kill, Launch, Message, Output, Ping, Pong, Register, Registered,
};
use edgerm_protocol::owned::Description;
use edgerm_protocol::{Instant, decode, encode};

pub use http::http_bodies;
pub use modules::{admission, host_calls};
pub use oscore::oscore_exchange;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the function here, of the binary in `fuzz/`, and of its corpus.
    pub name: &'static str,
    /// What it does with one input.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 8] = [
    Target {
        name: "protocol_messages",
        run: protocol_messages,
    },
    Target {
        name: "description",
        run: description,
    },
    Target {
        name: "coap_packet",
        run: coap_packet,
    },
    Target {
        name: "coap_endpoint",
        run: coap_endpoint,
    },
    Target {
        name: "oscore_exchange",
        run: oscore_exchange,
    },
    Target {
        name: "admission",
        run: admission,
    },
    Target {
        name: "host_calls",
        run: host_calls,
    },
    Target {
        name: "http_bodies",
        run: http_bodies,
    },
];

/// Reads a body as every message. What could be read comes back from its own encoding.
pub fn protocol_messages(body: &[u8]) {
    macro_rules! read_as {
        ($($message:ty),* $(,)?) => {
            $(
                if let Ok(message) = decode::<$message>(body) {
                    let mut buffer = [0; 2048];
                    // A longer body may be read, since nothing that arrives is as long.
                    if let Ok(bytes) = encode(&message, &mut buffer) {
                        assert_eq!(decode::<$message>(bytes).as_ref(), Ok(&message));
                    }
                }
            )*
        };
    }
    read_as!(
        Register<'_>,
        Registered,
        Ping<'_>,
        Pong,
        Output<'_>,
        Deregister<'_>,
        Launch<'_>,
        Kill,
        Message<'_>,
    );
}

/// Reads a description. What could be read comes back from its own encoding.
pub fn description(bytes: &[u8]) {
    let Ok(encoded) = EncodedDescription::new(bytes) else {
        return;
    };
    let Ok(description) = Description::try_from(encoded) else {
        return;
    };
    let again = description.to_bytes().ok();
    let again = again.as_deref().map(EncodedDescription::new);
    assert_eq!(
        again.map(|encoded| encoded.map(Description::try_from)),
        Some(Ok(Ok(description)))
    );
}

/// Gives one datagram to an endpoint that has said nothing yet: it is a request, which a
/// duplicate does not become again, or it is ignored.
pub fn coap_packet(datagram: &[u8]) {
    let now = Instant::from_millis(0);
    let mut endpoint = Endpoint::new(Config::default(), Plain, 1);
    let (id, request) = match endpoint.handle_datagram(now, datagram) {
        Ok(Event::Request(id, request)) => (id, request),
        other => {
            assert!(other.is_err(), "asked nothing, and was told {other:?}");
            return drain(&mut endpoint, |_| ());
        }
    };
    let response = Response::with_payload(Code::CONTENT, &request.payload);
    if endpoint.respond(now, id, &response).is_err() {
        return;
    }
    let reply = endpoint.poll_transmit();
    assert!(reply.is_some());
    assert_eq!(endpoint.poll_transmit(), None);
    let again = endpoint.handle_datagram(now, datagram);
    assert_eq!(again, Err(Ignored::DuplicateAnswered));
    let is_confirmable = datagram[0] & 0x30 == 0;
    assert_eq!(endpoint.poll_transmit(), reply.filter(|_| is_confirmable));
}

/// Lets a peer and the passing of time do to one endpoint what the bytes say, and looks after
/// each step at what it holds and sends.
///
/// A step is a byte and what it needs: 0 a datagram (length in two bytes, then the bytes), 1
/// seconds that pass (one byte), 2 a request of ours, 3 an answer to the peer's oldest request
/// (its code in one byte), 4 that ours is given up, 5 the peer's answer to ours (a byte with
/// its type, one with its code, and a length and the options and payload as for a datagram).
pub fn coap_endpoint(steps: &[u8]) {
    let mut run = EndpointRun::new();
    let mut steps = Reader(steps);
    while let Some(step) = steps.byte() {
        if run.step(step, &mut steps).is_none() {
            return;
        }
        run.check();
    }
}

struct EndpointRun {
    now: Instant,
    endpoint: Endpoint<Plain>,
    fetch: Option<Block2Fetch>,
    /// The peer's requests that wait for our answer.
    requests: VecDeque<(RequestId, ReceivedRequest)>,
    /// The last request of ours that went out.
    sent: Vec<u8>,
}

/// What is fetched from the peer, and served to it.
const BLOB: [u8; 1000] = [0x55; 1000];

impl EndpointRun {
    fn new() -> Self {
        Self {
            now: Instant::from_millis(0),
            endpoint: Endpoint::new(Config::default(), Plain, 1),
            fetch: Block2Fetch::new(1000, BlockSize::B64, 0).ok(),
            requests: VecDeque::new(),
            sent: Vec::new(),
        }
    }

    /// `None` where the bytes end, or are no step.
    fn step(&mut self, step: u8, steps: &mut Reader<'_>) -> Option<()> {
        match step {
            0 => {
                let datagram = steps.sized()?;
                self.receive(datagram);
            }
            1 => {
                self.now = self.now + Duration::from_secs(steps.byte()?.into());
                // The driver calls when the endpoint asked, not before.
                if self
                    .endpoint
                    .poll_timeout()
                    .is_some_and(|at| at <= self.now)
                {
                    self.endpoint.handle_timeout(self.now);
                }
            }
            2 => self.request(),
            3 => {
                let code = Code::from(steps.byte()?);
                self.respond(code);
            }
            4 => self.endpoint.cancel(),
            5 => {
                let kind = steps.byte()? & 0x30;
                let code = steps.byte()?;
                let rest = steps.sized()?;
                self.answer(kind, code, rest);
            }
            _ => return None,
        }
        Some(())
    }

    fn receive(&mut self, datagram: &[u8]) {
        match self.endpoint.handle_datagram(self.now, datagram) {
            Ok(Event::Request(id, request)) => self.requests.push_back((id, request)),
            Ok(Event::Response(_, response)) => {
                if let Some(fetch) = &mut self.fetch {
                    let before = fetch.offset();
                    match fetch.accept(&response) {
                        Ok(block) => {
                            assert_eq!(block.offset, before);
                            assert_eq!(before as usize + block.data.len(), fetch.offset() as usize);
                            assert!(fetch.offset() <= fetch.total());
                        }
                        Err(_) => assert_eq!(fetch.offset(), before),
                    }
                }
            }
            Ok(
                Event::Acknowledged(_) | Event::Reset(_) | Event::TimedOut(_) | Event::Repeat(_),
            )
            | Err(_) => {}
        }
    }

    fn request(&mut self) {
        let busy = self.endpoint.is_busy();
        let next = self.fetch.as_ref().and_then(Block2Fetch::next_block);
        let asked = match next {
            Some(block) => {
                let path = ["m", "0001020304050607"];
                self.endpoint
                    .request(self.now, &Request::get_block(&path, block))
            }
            None => self
                .endpoint
                .request(self.now, &Request::new(Method::Post, &["p"])),
        };
        assert_eq!(asked.is_err(), busy);
    }

    fn respond(&mut self, code: Code) {
        let Some((id, request)) = self.requests.pop_front() else {
            return;
        };
        let response = match serve(&BLOB, request.block2, BlockSize::B512) {
            Ok(slice) if code == Code::CONTENT => Response::block(&slice),
            Ok(_) | Err(_) => Response::with_payload(code, &request.payload),
        };
        // One that is unknown has lapsed; a code that is no response's is our own mistake.
        let _refused = self.endpoint.respond(self.now, id, &response);
    }

    /// The peer answers the last request of ours, with its token and its message id.
    fn answer(&mut self, kind: u8, code: u8, rest: &[u8]) {
        let Some((&[first, _, high, low], token)) = self.sent.split_first_chunk() else {
            return;
        };
        let length = first & 0x0f;
        let header = [0x40 | kind | length, code, high, low];
        let token = token.get(..length.into()).unwrap_or_default();
        self.receive(&[&header, token, rest].concat());
    }

    fn check(&mut self) {
        let sent = &mut self.sent;
        drain(&mut self.endpoint, |datagram| {
            let is_request = datagram.get(1).is_some_and(|code| (1..32).contains(code));
            if is_request {
                *sent = datagram;
            }
        });
        let config = *self.endpoint.config();
        assert!(self.endpoint.buffered() <= config.max_buffered());
        assert!(self.endpoint.waiting() <= config.pending);
    }
}

/// Takes what there is to send, in datagrams no longer than configured.
fn drain(endpoint: &mut Endpoint<Plain>, mut sent: impl FnMut(Vec<u8>)) {
    let max = endpoint.config().max_datagram;
    while let Some(datagram) = endpoint.poll_transmit() {
        assert!(datagram.len() <= max);
        sent(datagram);
    }
}

/// Bytes that are taken from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// A length in two bytes, then as many bytes.
    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_be_bytes([self.byte()?, self.byte()?]);
        let (sized, rest) = self.0.split_at_checked(length.into())?;
        self.0 = rest;
        Some(sized)
    }
}
