//! Fresh keys at each boot (RFC 8613 appendix B.2), which aiocoap does not have: what is beside us
//! is its contexts, and a script that goes through the appendix with them.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant as Clock};

use edgerm_coap::oscore::rekey::Challenges;
use edgerm_coap::oscore::{Client, Credential, Keys, Node};
use edgerm_coap::{
    Channel, Code, Config, Endpoint, Event, Ignored, Method, ReceivedResponse, Request, Response,
    SecurityError,
};

use crate::{SALT, SECRET, hex, instant};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/aiocoap/rekey.py");

const NODE_ID: [u8; 4] = [0, 1, 2, 3];

/// How long the other end may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn credential() -> Credential {
    Credential::new(NODE_ID, *SECRET, *SALT)
}

/// The script as one of both, with the Python that aiocoap's client runs with.
fn script(client: &Path, role: &str) -> Command {
    let beside = client.with_file_name("python3");
    let python = if beside.is_file() {
        beside.as_path()
    } else {
        Path::new("python3")
    };
    let mut command = Command::new(python);
    command
        .args([SCRIPT, role, &hex(SECRET), &hex(SALT), &hex(&NODE_ID)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

pub(crate) fn our_master(client: &Path) {
    let socket = socket();
    let port = socket.local_addr().unwrap().port();
    let node = script(client, "node")
        .arg(port.to_string())
        .spawn()
        .unwrap();

    let start = Clock::now();
    let mut endpoint = Endpoint::new(Config::default(), Channel::Protected(Keys::new()), 1);
    let (mut client, mut challenges) = (Client::new(credential()), Challenges::new([7; 32]));
    let mut buffer = [0; 2048];
    let mut hear = || {
        let (length, peer) = socket.recv_from(&mut buffer).unwrap();
        let now = instant(start);
        let (endpoint, challenges) = (&mut endpoint, &mut challenges);
        let hearing =
            client.handle_request(endpoint, challenges, b"loopback", now, &buffer[..length]);
        if let Ok(Event::Request(id, request)) = &hearing.event {
            assert_eq!((request.method, request.path()), (Method::Get, "p"));
            let response = Response::with_payload(Code::CHANGED, b"thank you");
            endpoint.respond(now, *id, &response).unwrap();
        }
        for datagram in hearing
            .challenge
            .iter()
            .cloned()
            .chain(endpoint.poll_transmit())
        {
            socket.send_to(&datagram, peer).unwrap();
        }
        hearing
    };
    let first = hear();
    assert_eq!(
        first.event.unwrap_err(),
        Ignored::Security(SecurityError::Beginning)
    );
    assert!(first.challenge.is_some() && !first.established);
    assert!(hear().established);

    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout.trim_ascii_end(), b"thank you");
}

pub(crate) fn our_node(client: &Path) {
    let mut master = script(client, "master").spawn().unwrap();
    let mut line = String::new();
    BufReader::new(master.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let port: u16 = line.trim_end().parse().unwrap();

    let socket = socket();
    socket.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    let start = Clock::now();
    let mut node = Node::new(credential(), [9; 32]);
    node.begin();
    let mut endpoint = Endpoint::new(Config::default(), Channel::Protected(node), 1);
    let mut ask = || -> ReceivedResponse {
        let get = Request::new(Method::Get, &["p"]);
        endpoint.request(instant(start), &get).unwrap();
        let request = endpoint.poll_transmit().unwrap();
        socket.send(&request).unwrap();
        let mut buffer = [0; 2048];
        let length = socket.recv(&mut buffer).unwrap();
        match endpoint.handle_datagram(instant(start), &buffer[..length]) {
            Ok(Event::Response(_, response)) => response,
            other => panic!("instead of an answer: {other:?}"),
        }
    };
    assert_eq!(ask().code, Code::UNAUTHORIZED);
    let response = ask();
    assert_eq!(response.code, Code::CHANGED);
    assert_eq!(response.payload, b"thank you");
    let Channel::Protected(node) = endpoint.security() else {
        panic!("it was protected");
    };
    assert!(!node.needs_keys());

    let output = master.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}
