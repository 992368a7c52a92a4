//! Every failure says what went wrong, on what, and what to do next, and has its exit code.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::cluster::{Cluster, GREETER, Module, edgerm, say};

/// An address of this machine at which nobody listens.
fn deserted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn a_master_that_cannot_be_reached() {
    let url = deserted();
    for command in [
        &["ps"][..],
        &["agents"],
        &["kill", "--all"],
        &["bench", "launch"],
    ] {
        let said = say(&[command, &["--master", &url]].concat());
        assert_eq!(said.code, Some(3), "{said:?}");
        for part in [url.as_str(), "edgerm up", "--master", "EDGERM_MASTER"] {
            assert!(said.stderr.contains(part), "{said:?}");
        }
        assert_eq!(said.stdout, "");
    }
}

#[test]
fn something_else_that_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serve = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        (&stream)
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            .unwrap();
    });
    let said = say(&["ps", "--master", &url]);
    serve.join().unwrap();
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.stderr.contains("no EdgeRM master"), "{said:?}");
}

#[test]
fn a_command_line_that_is_wrong() {
    let module = Module::of_bytes("unused", b"");
    let wrong: [&[&str]; 9] = [
        &[],
        &["walk"],
        &["logs", "not-hexadecimal"],
        &["kill"],
        &["run", module.path(), "--mem", "much"],
        &["run", module.path(), "--on", "sensor"],
        &["run", module.path(), "--count", "0"],
        &["ps", "--master", "coap://localhost"],
        &["ps", "-o", "yaml"],
    ];
    for args in wrong {
        let said = say(args);
        assert_eq!(said.code, Some(2), "{args:?}: {said:?}");
        assert!(!said.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn what_is_not_there() {
    let cluster = Cluster::up();
    for task in ["0000000000000001", "abc"] {
        let said = cluster.say(&["logs", task]);
        assert_eq!(said.code, Some(5), "{said:?}");
        assert!(said.stderr.contains(task), "{said:?}");
        assert!(said.stderr.contains("edgerm ps --all"), "{said:?}");
    }
    let said = cluster.say(&["run", "no/such/file.wasm"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("no/such/file.wasm"), "{said:?}");
}

#[test]
fn a_module_that_is_refused() {
    let cluster = Cluster::up();
    let modules = [
        Module::of_bytes("not-wasm", b"MZ, which is something else"),
        Module::new(
            "unknown-import",
            r#"(module (import "edgerm" "fly" (func)))"#,
        ),
        Module::of_bytes("too-large", &vec![0; 10 << 20]),
    ];
    for module in &modules {
        let said = cluster.say(&["run", module.path()]);
        assert_eq!(said.code, Some(4), "{said:?}");
        assert!(said.stderr.starts_with("error: "), "{said:?}");
    }
    assert_eq!(cluster.say(&["modules", "-q"]).ok(), "");
}

#[test]
fn a_launch_that_is_refused() {
    let cluster = Cluster::up();
    let module = Module::new("refused-launch", GREETER);
    let said = cluster.say(&["run", module.path(), "--mem", "1KiB", "-q"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    let reason = "1024 bytes of mem are less than the 65536 that the module needs";
    assert!(said.stderr.contains(reason), "{said:?}");

    let variable = format!("{}=1", "x".repeat(33));
    let said = cluster.say(&["run", module.path(), "--env", &variable, "-q"]);
    assert_eq!(said.code, Some(4), "{said:?}");
    assert!(said.stderr.contains("tasks[0].env"), "{said:?}");
    // What was held for it is given back at once.
    assert_eq!(cluster.say(&["offers", "-q"]).ok(), "");
    assert!(cluster.tasks().is_empty());
}

#[test]
fn a_cluster_that_is_interrupted() {
    let mut cluster = Cluster::up();
    cluster.up.interrupt();
    assert_eq!(
        cluster.up.wait().code(),
        Some(0),
        "that is how it is meant to end"
    );
    let said = cluster.say(&["ps"]);
    assert_eq!(said.code, Some(3), "{said:?}");
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = say(&["up", "--http", &address, "--coap", "127.0.0.1:0"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.stderr.contains(&address), "{said:?}");
    assert!(said.stderr.contains("--http"), "{said:?}");
}

#[test]
fn a_reader_that_has_enough() {
    let mut child = edgerm(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
}

#[test]
fn every_shell_has_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(
            say(&["completions", shell]).ok().contains("edgerm"),
            "{shell}"
        );
    }
    let script = say(&["completions", "bash"]).ok();
    let mut bash = Command::new("bash")
        .args(["-n"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    bash.stdin
        .take()
        .unwrap()
        .write_all(script.as_bytes())
        .unwrap();
    assert!(bash.wait().unwrap().success());
}
