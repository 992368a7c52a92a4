//! aiocoap asks, our endpoint answers.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant as Clock};

use edgerm_coap::oscore::ReplyForm;
use edgerm_coap::{
    BlockSize, Code, Config, ContentFormat, Endpoint, Event, Ignored, Method, ReceivedRequest,
    Response, SecurityError, serve,
};
use tempfile::TempDir;

use crate::{ID_CONTEXT, body, context, credentials, instant};

pub(crate) fn posts(client: &Path) {
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

pub(crate) fn fetches(client: &Path) {
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
pub(crate) fn takes_own_partial_iv(client: &Path) {
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

pub(crate) fn shows_diagnostic(client: &Path) {
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

pub(crate) fn is_not_heard(client: &Path) {
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
