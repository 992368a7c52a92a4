//! Our endpoint asks, aiocoap answers.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant as Clock};

use edgerm_coap::oscore::Context;
use edgerm_coap::{
    Block2Fetch, BlockSize, Code, Config, Endpoint, Event, Method, ReceivedResponse, Request,
};
use serde_json::json;
use tempfile::TempDir;

use crate::{body, context, credentials, instant};

pub(crate) fn serves(client: &Path) {
    let server = Server::start(&client.with_file_name("aiocoap-fileserver"));
    fs::write(server.root.path().join("body"), body()).unwrap();
    let mut asker = Asker::new(server.address);
    let size = BlockSize::B64;
    let mut fetch = Block2Fetch::new(1000, size, 0).unwrap();
    let mut fetched = Vec::new();
    while let Some(block) = fetch.next_block() {
        let response = asker.ask(&Request::get_block(&["body"], block));
        fetched.extend_from_slice(fetch.accept(&response).unwrap().data);
    }
    assert_eq!(fetched, body());
    let nowhere = asker.ask(&Request::new(Method::Get, &["nowhere"]));
    assert_eq!(nowhere.code, Code::NOT_FOUND);
}

pub(crate) fn stores(client: &Path) {
    let server = Server::start(&client.with_file_name("aiocoap-fileserver"));
    let mut asker = Asker::new(server.address);
    for number in 0..20_u8 {
        let payload = [number; 30];
        let put = Request {
            payload: &payload,
            ..Request::new(Method::Put, &["stored"])
        };
        let response = asker.ask(&put);
        assert!(response.code.is_success(), "{response:?}");
        let stored = fs::read(server.root.path().join("stored")).unwrap();
        assert_eq!(stored, payload);
    }
}

/// A server that was not shut down in order does not know what it has accepted, and finds out by
/// Echo (RFC 8613 appendix B.1.2); its 4.01 has a Partial IV of its own.
pub(crate) fn echoes(client: &Path) {
    let credentials = credentials(":node", None);
    let sequence = json!({ "next-to-send": 700, "received": "unknown" });
    let file = credentials.path().join("context/sequence.json");
    fs::write(file, sequence.to_string()).unwrap();
    let server = Server::with(&client.with_file_name("aiocoap-fileserver"), credentials);
    fs::write(server.root.path().join("body"), "21 degrees").unwrap();
    let mut asker = Asker::new(server.address);
    let get = Request::new(Method::Get, &["body"]);
    // The second time it knows.
    for repeats in [1, 1] {
        let response = asker.ask(&get);
        assert_eq!(response.code, Code::CONTENT);
        assert_eq!(response.payload, b"21 degrees");
        assert_eq!(asker.repeats, repeats);
    }
}

/// aiocoap's file server, ended when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
    root: TempDir,
    _credentials: TempDir,
}

impl Server {
    fn start(program: &Path) -> Self {
        Self::with(program, credentials(":node", None))
    }

    fn with(program: &Path, credentials: TempDir) -> Self {
        let address = edgerm_tests::loopback::address();
        let root = tempfile::tempdir().unwrap();
        let process = Command::new(program)
            .args(["--bind", &address.to_string(), "--write", "--credentials"])
            .arg(credentials.path().join("credentials.json"))
            .arg(root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            process,
            address,
            root,
            _credentials: credentials,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A client with one endpoint on one socket. What comes in the clear is no answer to it.
struct Asker {
    socket: UdpSocket,
    endpoint: Endpoint<Context>,
    start: Clock,
    /// How often the server wanted to know first that we are here.
    repeats: usize,
}

impl Asker {
    fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(server).unwrap();
        let config = Config {
            // The server takes a while to be there.
            ack_timeout: Duration::from_millis(500),
            max_retransmit: 6,
            ..Config::default()
        };
        Self {
            socket,
            // aiocoap wants to be told the ID Context with each request, if there is one.
            endpoint: Endpoint::new(config, context(None), 1),
            start: Clock::now(),
            repeats: 0,
        }
    }

    /// Asks, and asks again as the endpoint says until the answer is there.
    fn ask(&mut self, request: &Request<'_>) -> ReceivedResponse {
        self.endpoint.request(instant(self.start), request).unwrap();
        let mut buffer = [0; 2048];
        loop {
            while let Some(datagram) = self.endpoint.poll_transmit() {
                // Refused while the server is starting; retransmitted then.
                let _refused = self.socket.send(&datagram);
            }
            let now = instant(self.start);
            let until = self.endpoint.poll_timeout().unwrap();
            let wait = until
                .saturating_duration_since(now)
                .max(Duration::from_millis(1));
            self.socket.set_read_timeout(Some(wait)).unwrap();
            let event = match self.socket.recv(&mut buffer) {
                Ok(length) => Some(
                    self.endpoint
                        .handle_datagram(instant(self.start), &buffer[..length])
                        .unwrap(),
                ),
                Err(_) => self.endpoint.handle_timeout(instant(self.start)),
            };
            match event {
                Some(Event::Response(_, response)) => return response,
                Some(Event::Acknowledged(_)) | None => {}
                Some(Event::Repeat(_)) => {
                    self.repeats += 1;
                    self.endpoint.request(instant(self.start), request).unwrap();
                }
                Some(event @ (Event::Request(..) | Event::Reset(_) | Event::TimedOut(_))) => {
                    panic!("instead of an answer: {event:?}")
                }
            }
        }
    }
}
