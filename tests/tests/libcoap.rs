//! Our endpoint against libcoap: as its server, and as its client.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant as Clock};

use edgerm_coap::{
    Block2Fetch, BlockOption, BlockSize, Code, Config, ContentFormat, Endpoint, Event, Method,
    Plain, ReceivedRequest, ReceivedResponse, Request, Response, serve,
};
use edgerm_protocol::Instant;
use edgerm_tests::require::{Case, Component, run};

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::Libcoap,
        body,
    };
    run(&[
        case(
            "libcoap_fetches_a_body_in_blocks_of_any_size",
            fetches_blocks,
        ),
        case("libcoap_posts_cbor_and_is_answered", posts_cbor),
        case(
            "libcoap_shows_the_diagnostic_of_a_refusal",
            shows_diagnostic,
        ),
        case(
            "a_body_is_fetched_from_libcoap_block_by_block",
            fetch_from_libcoap,
        ),
    ])
}

/// 1,000 bytes, each block unlike the others.
fn body() -> Vec<u8> {
    (0..1000_u16)
        .flat_map(|number| number.to_be_bytes())
        .take(1000)
        .collect()
}

fn fetches_blocks(client: &Path) {
    for size in ["16", "64", "512", "1024"] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("body");
        let (requests, output) = answering(|server| {
            Command::new(client)
                .args(["-m", "get", "-b", size, "-o"])
                .arg(&file)
                .arg(format!("coap://{server}/m/0001020304050607"))
                .output()
                .unwrap()
        });
        assert!(output.status.success(), "{output:?}");
        assert_eq!(fs::read(&file).unwrap(), body(), "{size}");
        assert!(
            requests
                .iter()
                .all(|request| request.path() == "m/0001020304050607")
        );
        let block = size.parse::<usize>().unwrap().min(512);
        assert_eq!(requests.len(), 1000_usize.div_ceil(block), "{size}");
    }
}

fn posts_cbor(client: &Path) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ping");
    let ping = [0xa1, 0x00, 0x1a, 0x11, 0x22, 0x33, 0x44];
    fs::write(&file, ping).unwrap();
    let (requests, output) = answering(|server| {
        Command::new(client)
            .args(["-m", "post", "-t", "60", "-f"])
            .arg(&file)
            .arg(format!("coap://{server}/p"))
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    let [request] = requests.try_into().unwrap();
    assert_eq!((request.method, request.path()), (Method::Post, "p"));
    assert_eq!(request.content_format, Some(ContentFormat::CBOR));
    assert_eq!(request.payload, ping);
}

fn shows_diagnostic(client: &Path) {
    let (_, output) = answering(|server| {
        Command::new(client)
            .args(["-m", "get", &format!("coap://{server}/nowhere")])
            .output()
            .unwrap()
    });
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(printed.contains("4.04 no such path"), "{printed}");
}

/// Serves CoAP while `client` runs, and gives what was asked.
fn answering(client: impl FnOnce(SocketAddr) -> Output) -> (Vec<ReceivedRequest>, Output) {
    const STOP: &[u8] = b"stop";

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let server = thread::spawn(move || {
        let start = Clock::now();
        let mut endpoint = Endpoint::new(Config::default(), Plain, 1);
        let mut requests = Vec::new();
        let mut buffer = [0; 2048];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).unwrap();
            if &buffer[..length] == STOP {
                return requests;
            }
            let now = instant(start);
            if let Ok(Event::Request(id, request)) =
                endpoint.handle_datagram(now, &buffer[..length])
            {
                let body = body();
                let slice = serve(&body, request.block2, BlockSize::B512);
                let response = match (request.segments().next(), slice) {
                    (Some("m"), Ok(slice)) => Response::block(&slice),
                    (Some("p"), _) => Response::new(Code::CHANGED),
                    _ => Response::error(Code::NOT_FOUND, "no such path"),
                };
                endpoint.respond(now, id, &response).unwrap();
                requests.push(request);
            }
            while let Some(datagram) = endpoint.poll_transmit() {
                socket.send_to(&datagram, peer).unwrap();
            }
        }
    });
    let output = client(address);
    let stop = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    stop.send_to(STOP, address).unwrap();
    (server.join().unwrap(), output)
}

/// What libcoap's server tells of itself at `/`, fetched in blocks of 16 bytes.
fn fetch_from_libcoap(client: &Path) {
    let server = Server::start(&client.with_file_name("coap-server-notls"));
    let mut asker = Asker::new(server.address);
    let whole = asker.ask(&Request::new(Method::Get, &[]));
    assert_eq!(whole.code, Code::CONTENT);
    let total = u32::try_from(whole.payload.len()).unwrap();
    assert!(total > 16, "{total} bytes are one block");

    let size = BlockSize::at_most(16).unwrap();
    let mut fetch = Block2Fetch::new(total, size, 0).unwrap();
    let mut fetched = Vec::new();
    while let Some(block) = fetch.next_block() {
        let response = asker.ask(&Request::get_block(&[], block));
        fetched.extend_from_slice(fetch.accept(&response).unwrap().data);
    }
    assert_eq!(fetched, whole.payload);

    let beyond = BlockOption::new(1000, false, size).unwrap();
    assert!(
        !asker
            .ask(&Request::get_block(&[], beyond))
            .code
            .is_success()
    );
}

/// libcoap's server, ended when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
}

impl Server {
    fn start(program: &Path) -> Self {
        let address = edgerm_tests::loopback::address();
        let process = Command::new(program)
            .args(["-A", &address.ip().to_string()])
            .args(["-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A client with one endpoint on one socket.
struct Asker {
    socket: UdpSocket,
    endpoint: Endpoint<Plain>,
    start: Clock,
}

impl Asker {
    fn new(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.connect(server).unwrap();
        Self {
            socket,
            endpoint: Endpoint::new(Config::default(), Plain, 1),
            start: Clock::now(),
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
                Ok(length) => self
                    .endpoint
                    .handle_datagram(instant(self.start), &buffer[..length])
                    .ok(),
                Err(_) => self.endpoint.handle_timeout(instant(self.start)),
            };
            match event {
                Some(Event::Response(_, response)) => return response,
                Some(Event::Acknowledged(_)) | None => {}
                Some(
                    event @ (Event::Request(..)
                    | Event::Reset(_)
                    | Event::TimedOut(_)
                    | Event::Repeat(_)),
                ) => {
                    panic!("instead of an answer: {event:?}")
                }
            }
        }
    }
}

fn instant(start: Clock) -> Instant {
    Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap())
}
