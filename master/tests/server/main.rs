//! The whole road over real sockets: an agent on UDP, a framework on HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says where it stopped"
)]

mod access;
mod backup;
mod drain;
mod enrollment;
mod http;
mod limits;
mod metrics;
mod restart;
mod tls;
mod tracing;
mod versions;

use std::net::SocketAddr;
use std::time::Duration;

use edgerm_coap::{Code, Endpoint, Event, Plain, Request, Response};
use edgerm_master::{Config, Running, Server};
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::limits::MAX_BODY;
use edgerm_protocol::message::{
    Kill, Launch, Output, Ping, Register, Registered, StatusUpdate, path,
};
use edgerm_protocol::owned::{Description, Value};
use edgerm_protocol::{BootId, Instant, SessionId, TaskId, TaskState, decode, encode};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UdpSocket};

use http::{call, get, post};

/// The smallest module that is admitted.
const MODULE: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

async fn start() -> Running {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = Config {
        http: loopback,
        coap: loopback,
        ..Config::default()
    };
    Server::start(config).await.unwrap()
}

/// A framework with its first offers, and an admitted module.
async fn ready_to_launch(http: SocketAddr) -> (String, Json, Json) {
    let (_, framework) = post(http, "/v1/frameworks", json!({"name": "x"})).await;
    let framework = framework["id"].as_str().unwrap().to_owned();
    let wanted = json!({"framework": framework, "waitMs": 30_000});
    let (_, offers) = post(http, "/v1/offers", wanted).await;
    let wasm = wat::parse_str(MODULE).unwrap();
    let (_, module) = call(http, "POST", "/v1/modules", &wasm).await;
    (framework, offers, module)
}

/// An agent that does at once what it is told, and says so.
struct Agent {
    socket: UdpSocket,
    master: SocketAddr,
    endpoint: Endpoint,
    session: SessionId,
    description: Vec<u8>,
    news: Vec<(TaskId, TaskState)>,
}

impl Agent {
    async fn register(master: SocketAddr) -> Self {
        let mut description = Description::default();
        for (name, amount) in [("cpus", 1000), ("mem", 1 << 20), ("tasks", 2)] {
            let value = Value::Scalar(amount);
            description.resources.insert(name.to_owned(), value);
        }
        let description = description.to_bytes().unwrap();
        let mut agent = Self {
            socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            master,
            endpoint: Endpoint::new(edgerm_coap::Config::default(), Plain, 1),
            session: SessionId(0),
            description: description.clone(),
            news: Vec::new(),
        };
        let mut buffer = [0; MAX_BODY];
        let register = Register {
            version: edgerm_protocol::WIRE_VERSION,
            name: Text::new("one").unwrap(),
            boot: BootId(1),
            ping_period: 1000,
            description_length: u32::try_from(description.len()).unwrap(),
            description: Some(&description),
            tasks: List::default(),
        };
        let body = encode(&register, &mut buffer).unwrap();
        let (code, body) = agent.ask(path::REGISTER, body).await;
        assert_eq!(code, Code::CREATED);
        agent.session = decode::<Registered>(&body).unwrap().session;
        agent
    }

    async fn ask(&mut self, path: &str, body: &[u8]) -> (Code, Vec<u8>) {
        let path = [path];
        let request = Request::post_cbor(&path, body);
        self.endpoint.request(Instant::default(), &request).unwrap();
        loop {
            if let Some(response) = self.step().await {
                return response;
            }
        }
    }

    /// Sends what there is, and takes one datagram.
    async fn step(&mut self) -> Option<(Code, Vec<u8>)> {
        let now = Instant::default();
        while let Some(datagram) = self.endpoint.poll_transmit() {
            self.socket.send_to(&datagram, self.master).await.unwrap();
        }
        let mut buffer = [0; 2048];
        let (length, _) = self.socket.recv_from(&mut buffer).await.unwrap();
        match self.endpoint.handle_datagram(now, &buffer[..length]) {
            Ok(Event::Response(_, response)) => Some((response.code, response.payload)),
            Ok(Event::Request(id, request)) => {
                match request.path() {
                    path::LAUNCH => {
                        let launch: Launch<'_> = decode(&request.payload).unwrap();
                        self.news.push((launch.task, TaskState::Running));
                    }
                    path::KILL => {
                        let kill: Kill = decode(&request.payload).unwrap();
                        self.news.push((kill.task, TaskState::Killed));
                    }
                    other => panic!("asked for {other}"),
                }
                let response = Response::new(Code::CHANGED);
                self.endpoint.respond(now, id, &response).unwrap();
                None
            }
            Ok(_) | Err(_) => None,
        }
    }

    /// Runs until aborted: tells its news, and one output of each task that runs.
    async fn run(mut self) {
        loop {
            self.step().await;
            for (task, state) in std::mem::take(&mut self.news) {
                let update = StatusUpdate {
                    task,
                    state,
                    exit_code: None,
                    detail: None,
                };
                let ping = Ping {
                    session: self.session,
                    updates: List::from_first([update]),
                };
                let mut buffer = [0; MAX_BODY];
                let body = encode(&ping, &mut buffer).unwrap().to_vec();
                assert_eq!(self.ask(path::PING, &body).await.0, Code::CHANGED);
                if state == TaskState::Running {
                    let output = Output {
                        session: self.session,
                        task,
                        sequence: 1,
                        payload: b"21.5",
                    };
                    let body = encode(&output, &mut buffer).unwrap().to_vec();
                    assert_eq!(self.ask(path::OUTPUT, &body).await.0, Code::CHANGED);
                }
            }
        }
    }
}

/// The names of events, read from the stream until one is `last`.
async fn events_until(to: SocketAddr, framework: &str, last: &str) -> Vec<Json> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let head = format!(
        "GET /v1/events?framework={framework} HTTP/1.1\r\nhost: {to}\r\nlast-event-id: 0\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut events = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(data) = line.strip_prefix("data:") {
            let event: Json = serde_json::from_str(data).unwrap();
            events.push(event);
            if events.last().unwrap()["task"]["state"] == last {
                return events;
            }
        }
    }
    panic!("the stream ended: {events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_runs_over_real_sockets() {
    let master = start().await;
    let http = master.http_addr;
    let (status, health) = get(http, "/healthz").await;
    assert_eq!((status, &health["status"]), (200, &json!("ok")));

    let new = json!({"name": "test"});
    let (status, framework) = post(http, "/v1/frameworks", new).await;
    assert_eq!(status, 201, "{framework}");
    let framework = framework["id"].as_str().unwrap().to_owned();

    let wanted = json!({"framework": framework, "waitMs": 30_000,
        "constraints": {"agents": ["one"], "resources": {"mem": 1000}}});
    let waiting = tokio::spawn(async move { post(http, "/v1/offers", wanted).await });
    let agent = Agent::register(master.coap_addr).await;
    let agent = tokio::spawn(agent.run());
    let (status, offers) = waiting.await.unwrap();
    assert_eq!(status, 200, "{offers}");
    let offer = offers["offers"][0]["id"].as_str().unwrap().to_owned();

    let wasm = wat::parse_str(MODULE).unwrap();
    let (status, module) = call(http, "POST", "/v1/modules", &wasm).await;
    assert_eq!(status, 201, "{module}");
    let (status, _) = call(http, "POST", "/v1/modules", &wasm).await;
    assert_eq!(status, 200, "it is known");

    let task = "00000000000000aa";
    let tasks = json!([{"id": task, "name": "t", "module": module["id"],
        "resources": {"mem": 65536, "cpus": 10}}]);
    let accept = json!({"framework": framework, "tasks": tasks});
    let accept_path = format!("/v1/offers/{offer}/accept");
    let (status, accepted) = post(http, &accept_path, accept.clone()).await;
    assert_eq!(status, 201, "{accepted}");
    let (status, refusal) = post(http, &accept_path, accept).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("offerAccepted")));

    let output = format!("/v1/tasks/{task}/output?waitMs=30000");
    let (status, outputs) = get(http, &output).await;
    assert_eq!(status, 200, "{outputs}");
    assert_eq!(outputs["outputs"][0]["text"], "21.5");

    let kill = json!({"framework": framework});
    let (status, killed) = post(http, &format!("/v1/tasks/{task}/kill"), kill).await;
    assert_eq!(status, 202, "{killed}");
    let events = events_until(http, &framework, "KILLED").await;
    let states: Vec<_> = events
        .iter()
        .filter_map(|it| it["task"]["state"].as_str())
        .collect();
    let expected = [
        "UNISSUED", "ISSUED", "STARTING", "RUNNING", "KILLING", "KILLED",
    ];
    let mut told = expected
        .iter()
        .filter(|state| states.contains(state))
        .copied();
    assert!(
        states.iter().all(|state| told.next() == Some(*state)),
        "{states:?}"
    );
    assert!(states.ends_with(&["KILLED"]) && states.contains(&"RUNNING"));

    let (status, agents) = get(http, "/v1/agents?limit=1").await;
    assert_eq!(
        (status, &agents["items"][0]["tasks"]),
        (200, &json!(0)),
        "{agents}"
    );
    agent.abort();
    tokio::time::timeout(Duration::from_secs(20), master.shutdown())
        .await
        .expect("the master stops");
}

#[tokio::test]
async fn every_refusal_says_what_and_where() {
    let master = start().await;
    let http = master.http_addr;
    let task = "/v1/tasks/00000000000000aa";
    let long = vec![b' '; 300_000];
    let large = vec![0; 10 << 20];
    let accept = br#"{"framework":"0000000000000001","tasks":[{"id":"0000000000000002","name":"x","module":"00","resources":{"mem":-5}}]}"#;
    let accept_path = "/v1/offers/0000000000000001/accept";
    type Case<'a> = (&'a str, &'a str, &'a [u8], u16, &'a str, Option<&'a str>);
    let cases: [Case<'_>; 15] = [
        ("GET", "/nowhere", b"", 404, "unknownPath", None),
        ("GET", "/v1/nowhere", b"", 404, "unknownPath", None),
        ("PUT", "/v1/agents", b"", 405, "methodNotAllowed", None),
        ("DELETE", "/healthz", b"", 405, "methodNotAllowed", None),
        (
            "GET",
            "/v1/agents?limit=0",
            b"",
            400,
            "outOfRange",
            Some("limit"),
        ),
        (
            "GET",
            "/v1/agents?limit=x",
            b"",
            400,
            "badParameter",
            Some("limit"),
        ),
        (
            "GET",
            "/v1/agents?lmit=1",
            b"",
            400,
            "badParameter",
            Some("lmit"),
        ),
        ("GET", "/v1/agents/12", b"", 400, "badId", None),
        ("GET", task, b"", 404, "unknownTask", None),
        ("POST", "/v1/frameworks", b"{}", 400, "badBody", None),
        (
            "POST",
            "/v1/frameworks",
            br#"{"name":"x","rolle":"y"}"#,
            400,
            "badBody",
            Some("rolle"),
        ),
        ("POST", "/v1/frameworks", &long, 413, "bodyTooLarge", None),
        (
            "POST",
            "/v1/modules",
            b"no wasm",
            422,
            "moduleNotWasm",
            None,
        ),
        ("POST", "/v1/modules", &large, 413, "bodyTooLarge", None),
        (
            "POST",
            accept_path,
            accept,
            400,
            "badBody",
            Some("tasks[0].module"),
        ),
    ];
    for (method, path, body, status, code, field) in cases {
        let (got, refusal) = call(http, method, path, body).await;
        assert_eq!(
            (got, refusal["code"].as_str()),
            (status, Some(code)),
            "{method} {path} {refusal}"
        );
        assert_eq!(
            refusal["field"].as_str(),
            field,
            "{method} {path} {refusal}"
        );
        assert!(
            refusal["message"].as_str().is_some_and(|it| it.len() > 10),
            "{refusal}"
        );
    }
    master.shutdown().await;
}

#[tokio::test]
async fn a_page_whose_name_was_pointed_here_reads_nothing() {
    let master = start().await;
    for path in ["/v1/agents", "/healthz"] {
        let mut stream = TcpStream::connect(master.http_addr).await.unwrap();
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("foreignHost"), "{answer}");
    }
    master.shutdown().await;
}

#[tokio::test]
async fn the_api_beyond_loopback_needs_to_be_insecure() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let config = Config {
        http: everywhere,
        coap: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..Config::default()
    };
    let refused = Server::start(config.clone()).await.unwrap_err();
    assert!(refused.to_string().contains("--insecure"), "{refused}");
    let config = Config {
        insecure: true,
        ..config
    };
    Server::start(config).await.unwrap().shutdown().await;
}
