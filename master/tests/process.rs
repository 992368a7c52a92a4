//! The master's own process: it says where it listens, serves there, and stops when asked.
#![cfg(test)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The master's process, which does not outlive its test.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edgerm-master"));
        command.args(arguments);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let child = command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Reads what it logs until it is ready, and gives the address of its HTTP API.
    fn http(&mut self) -> SocketAddr {
        let log = BufReader::new(self.0.stderr.as_mut().unwrap());
        let ready = log
            .lines()
            .map(Result::unwrap)
            .find(|line| line.contains("http_addr="));
        let line = ready.expect("it says that it is ready");
        let address = line
            .split("http_addr=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next());
        address.expect("an address").parse().unwrap()
    }

    fn terminate(&self) {
        let id = self.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

#[test]
fn it_serves_and_stops_when_asked() {
    let mut process = Process::start(&["--http", "127.0.0.1:0", "--coap", "127.0.0.1:0"]);
    let http = process.http();
    let mut stream = TcpStream::connect(http).unwrap();
    let request = format!("GET /healthz HTTP/1.1\r\nhost: {http}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""status":"ok""#), "{answer}");

    process.terminate();
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn it_tells_systemd_once_it_serves_and_when_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    // A bound on failure: it comes at once, or never.
    systemd
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgerm-master"));
    command
        .args(["--http", "127.0.0.1:0", "--coap", "127.0.0.1:0"])
        .env("NOTIFY_SOCKET", &path);
    let mut process = Process::spawn(command);
    let mut said = [0; 64];
    let length = systemd.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1\n");
    TcpStream::connect(process.http()).unwrap();

    process.terminate();
    let length = systemd.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"STOPPING=1\n");
    assert!(process.0.wait().unwrap().success());
}

#[test]
fn it_does_not_listen_beyond_loopback_unless_told() {
    let mut process = Process::start(&["--http", "0.0.0.0:0", "--coap", "127.0.0.1:0"]);
    assert!(!process.0.wait().unwrap().success());
    let mut said = String::new();
    process
        .0
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert!(said.contains("--insecure"), "{said}");

    let insecure = ["--http", "0.0.0.0:0", "--coap", "127.0.0.1:0", "--insecure"];
    let mut process = Process::start(&insecure);
    assert!(process.http().ip().is_unspecified());
}

#[test]
fn a_hangup_reads_the_certificate_again_and_a_broken_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
    let write = || {
        let names = vec!["localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    };
    write();
    let files = [certificate.to_str().unwrap(), key.to_str().unwrap()];
    let any = "127.0.0.1:0";
    let mut process = Process::start(&[
        "--http",
        any,
        "--coap",
        any,
        "--tls-cert",
        files[0],
        "--tls-key",
        files[1],
        "--limit",
        "http.head=10s",
    ]);
    let id = process.0.id().to_string();
    let mut log = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let mut until = |said: &str| {
        let line = log.find(|line| line.as_ref().unwrap().contains(said));
        line.expect(said).unwrap()
    };
    let hang_up = || {
        let sent = Command::new("kill").args(["-HUP", &id]).status();
        assert!(sent.unwrap().success());
    };
    // It is heard from before the master is ready.
    until("http_addr=");
    write();
    hang_up();
    until("the certificate was read again");
    std::fs::write(&key, "no key").unwrap();
    hang_up();
    let said = until("the certificate stays as it was");
    assert!(said.contains("key.pem"), "{said}");
}
