//! Our endpoint with OSCORE against aiocoap's: as its server, and as its client.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant as Clock};

use edgerm_coap::oscore::{Context, IdContext, KeyId, Keying, PartialIv, ReplyForm};
use edgerm_coap::{
    Block2Fetch, BlockSize, Code, Config, ContentFormat, Endpoint, Event, Ignored, Method,
    ReceivedRequest, ReceivedResponse, Request, Response, SecurityError, serve,
};
use edgerm_protocol::Instant;
use edgerm_tests::require::{Case, Component, run};
use serde_json::json;
use tempfile::TempDir;

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::Aiocoap,
        body,
    };
    run(&[
        case("aiocoap_posts_and_is_answered_with_oscore", posts),
        case("aiocoap_fetches_a_body_in_blocks_with_oscore", fetches),
        case(
            "aiocoap_shows_the_diagnostic_within_oscore",
            shows_diagnostic,
        ),
        case("aiocoap_without_the_keys_is_not_heard", is_not_heard),
        case(
            "aiocoap_takes_a_response_with_a_partial_iv_of_its_own",
            takes_own_partial_iv,
        ),
        case("aiocoap_serves_a_body_block_by_block_with_oscore", serves),
        case("aiocoap_stores_what_is_put_with_oscore", stores),
        case("aiocoap_that_has_lost_its_window_is_told_its_echo", echoes),
    ])
}

const SECRET: &[u8] = b"sixteen bytes, .";
const SALT: &[u8] = b"a salt";
const OURS: &[u8] = &[0x0a, 0x0b];
const THEIRS: &[u8] = &[0x01];
const ID_CONTEXT: &[u8] = b"one run";

/// Our end of the context. Its Partial IVs begin where they are about to take a second byte.
fn context(id_context: Option<&[u8]>) -> Context {
    let keying = Keying {
        secret: SECRET,
        salt: SALT,
        sender: KeyId::new(OURS).unwrap(),
        recipient: KeyId::new(THEIRS).unwrap(),
    };
    let id_context = id_context.map(|bytes| IdContext::new(bytes).unwrap());
    Context::derive(&keying, id_context)
        .unwrap()
        .starting_at(PartialIv::new(250).unwrap())
}

/// aiocoap's end of the context, for peers of this name, in files that it wants.
fn credentials(peer: &str, id_context: Option<&[u8]>) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let context = directory.path().join("context");
    fs::create_dir(&context).unwrap();
    let mut settings = json!({
        "algorithm": "AES-CCM-16-64-128",
        "kdf-hashfun": "sha256",
        "secret_hex": hex(SECRET),
        "salt_hex": hex(SALT),
        "sender-id_hex": hex(THEIRS),
        "recipient-id_hex": hex(OURS),
    });
    if let Some(bytes) = id_context {
        settings["id-context_hex"] = hex(bytes).into();
    }
    fs::write(context.join("settings.json"), settings.to_string()).unwrap();
    let credentials = json!({ peer: { "oscore": { "basedir": context } } });
    let file = directory.path().join("credentials.json");
    fs::write(file, credentials.to_string()).unwrap();
    directory
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 1,000 bytes of text, each block of 64 unlike the others.
fn body() -> Vec<u8> {
    (0..250)
        .flat_map(|number| format!("{number:03},").into_bytes())
        .collect()
}

fn posts(client: &Path) {
    let (heard, output) = answering(|server, _| {
        let credentials = credentials(&format!("coap://{server}/*"), Some(ID_CONTEXT));
        ask(client, Some(&credentials))
            .args(["-m", "POST", "--content-format", "application/octet-stream"])
            .args(["--payload", "21 degrees", &format!("coap://{server}/p")])
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, b"thank you", "{output:?}");
    let [Ok(request)] = &heard[..] else {
        panic!("one request");
    };
    assert_eq!((request.method, request.path()), (Method::Post, "p"));
    assert_eq!(request.content_format, Some(ContentFormat::OCTET_STREAM));
    assert_eq!(request.payload, b"21 degrees");
}

fn fetches(client: &Path) {
    let (heard, output) = answering(|server, _| {
        let credentials = credentials(&format!("coap://{server}/*"), Some(ID_CONTEXT));
        ask(client, Some(&credentials))
            .arg(format!("coap://{server}/m/0001020304050607"))
            .output()
            .unwrap()
    });
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout.trim_ascii_end(), body());
    assert_eq!(heard.len(), 1000_usize.div_ceil(64));
    assert!(heard.iter().all(Result::is_ok), "{heard:?}");
}

/// Without an endpoint, which would answer with the request's nonce.
fn takes_own_partial_iv(client: &Path) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let server = socket.local_addr().unwrap();
    let credentials = credentials(&format!("coap://{server}/*"), Some(ID_CONTEXT));
    let child = ask(client, Some(&credentials))
        .arg(format!("coap://{server}/p"))
        .stdout(Stdio::piped())
        .spawn();
    let child = child.unwrap();
    let mut buffer = [0; 2048];
    let (length, peer) = socket.recv_from(&mut buffer).unwrap();
    let mut context = context(Some(ID_CONTEXT));
    let (_, mut reply) = context.unprotect_request(&mut buffer[..length]).unwrap();
    // The request's token and message id, in a 2.05 that is acknowledgement too.
    let token = usize::from(buffer[0] & 0x0f);
    buffer[0] |= 0x20;
    buffer[1] = Code::CONTENT.into();
    let content = [&buffer[..4 + token], b"\xffthank you"].concat();
    buffer[..content.len()].copy_from_slice(&content);
    let form = ReplyForm {
        own_partial_iv: true,
        ..ReplyForm::default()
    };
    let length = context.protect_response(&mut reply, &mut buffer, content.len(), form);
    socket.send_to(&buffer[..length.unwrap()], peer).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout.trim_ascii_end(), b"thank you", "{output:?}");
}

fn shows_diagnostic(client: &Path) {
    let (_, output) = answering(|server, _| {
        let credentials = credentials(&format!("coap://{server}/*"), Some(ID_CONTEXT));
        ask(client, Some(&credentials))
            .arg(format!("coap://{server}/nowhere"))
            .output()
            .unwrap()
    });
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(printed.contains("4.04"), "{printed}");
    assert!(printed.contains("no such path"), "{printed}");
}

fn is_not_heard(client: &Path) {
    let (heard, _) = answering(|server, heard| {
        let child = ask(client, None)
            .arg(format!("coap://{server}/p"))
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        // It would go on asking for a minute and a half.
        heard.recv_timeout(Duration::from_secs(60)).unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.stdout.is_empty(), "{output:?}");
        output
    });
    assert!(!heard.is_empty(), "it did not ask");
    let unprotected = Ignored::Security(SecurityError::Unprotected);
    for told in heard {
        assert_eq!(told.unwrap_err(), unprotected);
    }
}

fn ask(client: &Path, credentials: Option<&TempDir>) -> Command {
    let mut command = Command::new(client);
    command.args(["--no-color", "--no-pretty-print"]);
    if let Some(credentials) = credentials {
        let file = credentials.path().join("credentials.json");
        command.arg("--credentials").arg(file);
    }
    command
}

/// Serves CoAP with OSCORE while `client` runs, and gives what was heard, but for duplicates.
/// The client is told of each.
fn answering(
    client: impl FnOnce(SocketAddr, &Receiver<()>) -> Output,
) -> (Vec<Result<ReceivedRequest, Ignored>>, Output) {
    const STOP: &[u8] = b"stop";

    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    let server = thread::spawn(move || {
        let start = Clock::now();
        let mut endpoint = Endpoint::new(Config::default(), context(Some(ID_CONTEXT)), 1);
        let mut heard = Vec::new();
        let mut buffer = [0; 2048];
        loop {
            let (length, peer) = socket.recv_from(&mut buffer).unwrap();
            if &buffer[..length] == STOP {
                return heard;
            }
            let now = instant(start);
            match endpoint.handle_datagram(now, &buffer[..length]) {
                Ok(Event::Request(id, request)) => {
                    let body = body();
                    let slice = serve(&body, request.block2, BlockSize::B64);
                    let response = match (request.segments().next(), slice) {
                        (Some("m"), Ok(slice)) => Response::block(&slice),
                        (Some("p"), _) => Response::with_payload(Code::CHANGED, b"thank you"),
                        _ => Response::error(Code::NOT_FOUND, "no such path"),
                    };
                    endpoint.respond(now, id, &response).unwrap();
                    heard.push(Ok(request));
                }
                Ok(event) => panic!("{event:?}"),
                Err(Ignored::DuplicateAnswered | Ignored::DuplicatePending(_)) => {}
                Err(ignored) => heard.push(Err(ignored)),
            }
            tell.send(()).unwrap();
            while let Some(datagram) = endpoint.poll_transmit() {
                socket.send_to(&datagram, peer).unwrap();
            }
        }
    });
    let output = client(address, &told);
    let stop = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    stop.send_to(STOP, address).unwrap();
    (server.join().unwrap(), output)
}

fn serves(client: &Path) {
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

fn stores(client: &Path) {
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
fn echoes(client: &Path) {
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
        // It does not tell which port it was given: one that was free just now.
        let free = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
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

fn instant(start: Clock) -> Instant {
    Instant::from_millis(u64::try_from(start.elapsed().as_millis()).unwrap())
}
