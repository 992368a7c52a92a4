//! Every limit of the HTTP side refuses, is counted, and leaves the others served.

use std::time::Duration;

use edgerm_master::access::Secret;
use edgerm_master::{Config, HttpLimits, Limits, Rate, Running, Server};
use edgerm_protocol::api::{NewToken, Role};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{call, call_as, get, loopback};

const SHORT: Duration = Duration::from_millis(50);

const FAST: Rate = Rate {
    per_second: 100_000,
    burst: 1_000_000,
};

async fn start(http: HttpLimits) -> Running {
    let limits = Limits {
        http,
        ..Limits::default()
    };
    start_with(limits, Vec::new()).await
}

async fn start_with(limits: Limits, tokens: Vec<(NewToken, Secret)>) -> Running {
    let config = Config {
        http: loopback(),
        coap: loopback(),
        limits,
        tokens,
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

/// The whole answer to what is written, until the master closes.
async fn told(master: &Running, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(master.http_addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    rest(&mut stream).await
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Waits until a refusal is counted: it is told before that.
async fn counted(master: &Running, code: &str) -> u64 {
    loop {
        if let Some(count) = master.counters().get(code) {
            return *count;
        }
        tokio::task::yield_now().await;
    }
}

async fn serves_others(master: &Running) {
    assert_eq!(get(master.http_addr, "/healthz").await.0, 200);
}

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_a_place_returns() {
    for (connections, source_connections, status, code) in [
        (2, 10, "503", "tooManyConnections"),
        (10, 2, "429", "sourceConnections"),
    ] {
        let master = start(HttpLimits {
            connections,
            source_connections,
            ..HttpLimits::default()
        })
        .await;
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let mut open = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(master.http_addr).await.unwrap();
            stream.write_all(request).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'H');
            open.push(stream);
        }
        let answer = told(&master, request).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
        assert!(answer.contains(&format!("\"code\":\"{code}\"")), "{answer}");
        assert!(counted(&master, code).await >= 1);
        drop(open.pop());
        // Its place is free as soon as the master has seen that it ended.
        while call_status(&master).await != 200 {}
        master.shutdown().await;
    }
}

async fn call_status(master: &Running) -> u16 {
    get(master.http_addr, "/healthz").await.0
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let master = start(HttpLimits {
        head: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let answer = told(&master, b"GET /healthz HTTP/1.1\r\nhost:").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("headTooSlow"), "{answer}");
    assert_eq!(counted(&master, "headTooSlow").await, 1);
    assert_eq!(
        told(&master, b"").await,
        "",
        "who says nothing is told nothing"
    );
    serves_others(&master).await;
    master.shutdown().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let master = start(HttpLimits {
        body: SHORT,
        ..HttpLimits::default()
    })
    .await;
    let head = b"POST /v1/frameworks HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                 content-length: 10\r\n\r\n{";
    let answer = told(&master, head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(counted(&master, "bodyTooSlow").await, 1);
    serves_others(&master).await;
    master.shutdown().await;
}

#[tokio::test]
async fn an_answer_that_is_not_read_ends_its_connection() {
    let master = start(HttpLimits {
        stall: SHORT,
        source_rate: FAST,
        ..HttpLimits::default()
    })
    .await;
    let mut stream = TcpStream::connect(master.http_addr).await.unwrap();
    let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(100);
    // Answers pile up until nothing more is taken, and the master breaks it off.
    while stream.write_all(&request).await.is_ok() {}
    assert_eq!(counted(&master, "answerStalled").await, 1);
    serves_others(&master).await;
    master.shutdown().await;
}

#[tokio::test]
async fn a_head_and_a_body_that_are_too_large_are_refused() {
    let master = start(HttpLimits {
        headers: 4,
        head_bytes: 1000,
        json: 10,
        ..HttpLimits::default()
    })
    .await;
    let request = |fields: &str| {
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{fields}\r\n").into_bytes()
    };
    let many = "a: b\r\n".repeat(5);
    let long = format!("a: {}\r\n", "b".repeat(1000));
    for fields in [&many, &long] {
        let answer = told(&master, &request(fields)).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
        assert!(answer.contains("\"code\":\"headTooLarge\""), "{answer}");
    }
    let huge = format!("a: {}\r\n", "b".repeat(100_000));
    for fields in ["a: b\r\n".repeat(1000), huge] {
        let answer = told(&master, &request(&fields)).await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
    let (status, told) = call(master.http_addr, "POST", "/v1/frameworks", &[b' '; 11]).await;
    assert_eq!((status, told["code"].as_str()), (413, Some("bodyTooLarge")));
    serves_others(&master).await;
    let counters = master.counters();
    assert_eq!(counters["bodyTooLarge"], 1, "{counters:?}");
    assert!(counters["headTooLarge"] >= 2, "{counters:?}");
    master.shutdown().await;
}

#[tokio::test]
async fn a_source_that_calls_too_often_is_told_when_to_call_again() {
    let once = Rate {
        per_second: 1,
        burst: 3,
    };
    let master = start(HttpLimits {
        source_rate: once,
        ..HttpLimits::default()
    })
    .await;
    let mut refused = String::new();
    while !refused.starts_with("HTTP/1.1 429 ") {
        let request = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        refused = told(&master, request).await;
    }
    assert!(refused.contains("\"code\":\"sourceTooOften\""), "{refused}");
    assert!(refused.contains("retry-after: 1\r\n"), "{refused}");
    assert!(counted(&master, "sourceTooOften").await >= 1);
    master.shutdown().await;
}

#[tokio::test]
async fn tokens_and_those_without_have_rates_of_their_own() {
    let slow = Rate {
        per_second: 1,
        burst: 5,
    };
    let mut limits = Limits::default();
    (limits.http.token_rate, limits.http.failures) = (slow, slow);
    let secrets = [1, 2].map(|byte| Secret::from_entropy([byte; 32]));
    let tokens = secrets.iter().zip(["one", "two"]).map(|(secret, name)| {
        let (name, role) = (name.to_owned(), Role::Operator);
        (NewToken::new(name, role), secret.clone())
    });
    let master = start_with(limits, tokens.collect()).await;
    let http = master.http_addr;
    let path = "/v1/agents";
    let until_refused = async |token: Option<&str>, before: u16, code: &str| loop {
        let (status, told) = call_as(http, token, "GET", path, b"").await;
        if status == 429 {
            assert_eq!(told["code"], code);
            return;
        }
        assert_eq!(status, before);
    };
    until_refused(Some("edgerm_wrong"), 401, "tooManyFailures").await;
    let one = Some(secrets[0].as_str());
    assert_eq!(
        call_as(http, one, "GET", path, b"").await.0,
        200,
        "it is right"
    );
    until_refused(one, 200, "tokenTooOften").await;
    let two = Some(secrets[1].as_str());
    assert_eq!(call_as(http, two, "GET", path, b"").await.0, 200);
    assert!(master.counters()["tokenTooOften"] >= 1);
    assert!(master.counters()["tooManyFailures"] >= 1);
    master.shutdown().await;
}

#[tokio::test]
async fn a_token_registers_so_many_frameworks_and_others_are_not_held_up() {
    let limits = Limits {
        token_frameworks: 2,
        ..Limits::default()
    };
    let roles = [Role::Operator, Role::Framework, Role::Framework];
    let tokens = (0..).zip(roles).map(|(byte, role)| {
        let name = format!("token-{byte}");
        (NewToken::new(name, role), Secret::from_entropy([byte; 32]))
    });
    let tokens: Vec<_> = tokens.collect();
    let secrets: Vec<_> = tokens.iter().map(|(_, secret)| secret.clone()).collect();
    let master = start_with(limits, tokens).await;
    let register = async |token: usize| {
        let token = Some(secrets[token].as_str());
        let new = br#"{"name": "f"}"#;
        call_as(master.http_addr, token, "POST", "/v1/frameworks", new).await
    };
    for _ in 0..2 {
        assert_eq!(register(1).await.0, 201);
    }
    let (status, told) = register(1).await;
    assert_eq!(
        (status, &told["code"]),
        (429, &"tooManyOwnFrameworks".into())
    );
    assert_eq!(register(2).await.0, 201);
    assert_eq!(master.counters()["tooManyOwnFrameworks"], 1);
    master.shutdown().await;
}

/// File descriptors that are open, and kilobytes of memory.
fn held() -> (usize, u64) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = resident.unwrap().trim().trim_end_matches(" kB");
    (descriptors, kilobytes.parse().unwrap())
}

#[tokio::test]
async fn ten_thousand_connections_leave_nothing_behind() {
    let master = start(HttpLimits {
        source_rate: FAST,
        ..HttpLimits::default()
    })
    .await;
    let one = async |turn: u32| match turn % 3 {
        0 => serves_others(&master).await,
        1 => drop(TcpStream::connect(master.http_addr).await.unwrap()),
        _ => drop(told(&master, b"no HTTP\r\n\r\n").await),
    };
    for turn in 0..1000 {
        one(turn).await;
    }
    let before = held();
    for turn in 0..10_000 {
        one(turn).await;
    }
    serves_others(&master).await;
    let after = held();
    // Other tests of this process hold some, too.
    assert!(after.0 < before.0 + 200, "{before:?} {after:?}");
    assert!(after.1 < before.1 + 20_000, "{before:?} {after:?}");
    assert!(counted(&master, "badHead").await > 3000);
    master.shutdown().await;
}
