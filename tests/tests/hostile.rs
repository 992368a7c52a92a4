//! What nobody should send, sent to a real master with a real agent over real sockets: each is
//! refused by name, and nothing changes.
#![cfg(test)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use edgerm_coap::{Code, Endpoint, Event, Plain, ReceivedResponse, Request};
use edgerm_framework::Client;
use edgerm_framework::api::EventKind;
use edgerm_linux_agent::config::Config as AgentConfig;
use edgerm_master::config::Timing;
use edgerm_master::{Config, Running, Server};
use edgerm_protocol::Instant;
use edgerm_protocol::message::path;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// A bound on failure: what is waited for comes at once, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// The smallest module that is admitted; it ends at once.
const MODULE: &str = r#"(module (memory (export "memory") 1) (func (export "_start")))"#;

/// A master, an agent, and a framework that wants an offer.
struct World {
    _folder: tempfile::TempDir,
    master: Running,
    http: SocketAddr,
    client: Client,
    framework: String,
    module: String,
}

impl World {
    async fn new(offer_timeout: Duration) -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let timing = Timing {
            offer_timeout,
            ..Timing::default()
        };
        let config = Config {
            http: loopback,
            coap: loopback,
            timing,
            ..Config::default()
        };
        let master = Server::start(config).await.unwrap();
        let http = master.http_addr;
        let folder = tempfile::tempdir().unwrap();
        start_agent(master.coap_addr, folder.path().join("agent")).await;
        let client = Client::new(&format!("http://{http}")).unwrap();
        let (status, framework) = post(http, "/v1/frameworks", &json!({"name": "hostile"})).await;
        assert_eq!(status, 201, "{framework}");
        let wasm = wat::parse_str(MODULE).unwrap();
        let (status, module) = call(http, "POST", "/v1/modules", &wasm).await;
        assert_eq!(status, 201, "{module}");
        let text = |json: &Json| json["id"].as_str().unwrap().to_owned();
        let (framework, module) = (text(&framework), text(&module));
        Self {
            _folder: folder,
            master,
            http,
            client,
            framework,
            module,
        }
    }

    async fn offer(&self) -> String {
        let wanted = json!({"framework": self.framework, "waitMs": 30_000});
        let (status, offers) = post(self.http, "/v1/offers", &wanted).await;
        assert_eq!(status, 200, "{offers}");
        offers["offers"][0]["id"].as_str().unwrap().to_owned()
    }

    fn task(&self, id: &str, resources: &Json) -> Json {
        json!({"id": id, "name": "t", "module": self.module, "resources": resources})
    }

    async fn accept(&self, offer: &str, framework: &str, tasks: &[Json]) -> (u16, Json) {
        let accept = json!({"framework": framework, "tasks": tasks});
        post(self.http, &format!("/v1/offers/{offer}/accept"), &accept).await
    }

    /// All that may have changed: offers, tasks, modules, and what the agent holds.
    async fn state(&self) -> [Json; 4] {
        let mut lists = [Json::Null, Json::Null, Json::Null, Json::Null];
        for (list, name) in lists
            .iter_mut()
            .zip(["offers", "tasks", "modules", "agents"])
        {
            *list = get(self.http, &format!("/v1/{name}")).await.1;
            forget_times(list);
        }
        lists
    }
}

async fn start_agent(master: SocketAddr, data_dir: PathBuf) {
    let config = AgentConfig {
        data_dir,
        hwmon: false,
        iio: false,
        ..AgentConfig::new("honest", &master.to_string())
    };
    let mut agent = edgerm_linux_agent::Agent::start(config.options().unwrap())
        .await
        .unwrap();
    let registered = tokio::time::timeout(PATIENCE, agent.registered());
    registered
        .await
        .expect("the agent registers")
        .expect("the agent lives");
}

/// Takes the fields away that differ from one moment to the next.
fn forget_times(json: &mut Json) {
    match json {
        Json::Array(members) => members.iter_mut().for_each(forget_times),
        Json::Object(fields) => {
            fields.retain(|name, _| !name.ends_with("Ms"));
            fields.values_mut().for_each(forget_times);
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

/// One HTTP/1.1 call, and its status and body.
async fn call(to: SocketAddr, method: &str, path: &str, body: &[u8]) -> (u16, Json) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A body that is too long is refused before it is read.
    let _written = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _read = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Json::Null))
}

async fn post(to: SocketAddr, path: &str, body: &Json) -> (u16, Json) {
    call(to, "POST", path, body.to_string().as_bytes()).await
}

async fn get(to: SocketAddr, path: &str) -> (u16, Json) {
    call(to, "GET", path, b"").await
}

/// Status, code and field of a refusal, which must have a message.
fn refusal(answer: (u16, Json)) -> (u16, String, String) {
    let (status, body) = answer;
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|message| message.len() > 10),
        "{body}"
    );
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    (status, text("code"), text("field"))
}

#[tokio::test]
async fn acceptances_that_break_a_rule_change_nothing() {
    let world = World::new(PATIENCE).await;
    let (_, other) = post(world.http, "/v1/frameworks", &json!({"name": "other"})).await;
    let other = other["id"].as_str().unwrap();
    let offer = world.offer().await;
    let before = world.state().await;

    let mem = 65_536_u64;
    let id = "00000000000000aa";
    let mut many_variables = world.task(id, &json!({"mem": mem}));
    many_variables["env"] = (0..10)
        .map(|i| (format!("K{i}"), json!("x".repeat(200))))
        .collect();
    let with = |resources: Json| vec![world.task(id, &resources)];
    let twice = vec![with(json!({"mem": mem})).remove(0); 2];
    let first = "tasks[0].resources";
    let cases = [
        (
            &world.framework[..],
            with(json!({"mem": -1})),
            400,
            "badBody",
            format!("{first}.mem"),
        ),
        (
            &world.framework,
            with(json!({"mem": 1.5})),
            400,
            "badBody",
            format!("{first}.mem"),
        ),
        (
            &world.framework,
            with(json!({"mem": mem, "cpus": 1_000_000_000})),
            422,
            "exceedsOffer",
            format!("{first}.cpus"),
        ),
        (
            &world.framework,
            with(json!({"mem": mem, "devices": ["reactor"]})),
            422,
            "deviceNotOffered",
            format!("{first}.devices[0]"),
        ),
        (
            &world.framework,
            with(json!({"mem": 1})),
            422,
            "tooLittleMemory",
            format!("{first}.mem"),
        ),
        (
            &world.framework,
            twice,
            409,
            "taskIdUsed",
            "tasks[1].id".to_owned(),
        ),
        (
            &world.framework,
            vec![many_variables],
            422,
            "launchTooLarge",
            "tasks[0].env".to_owned(),
        ),
        (
            other,
            with(json!({"mem": mem})),
            403,
            "notYourOffer",
            String::new(),
        ),
        (
            "00000000000000ff",
            with(json!({"mem": mem})),
            404,
            "unknownFramework",
            "framework".to_owned(),
        ),
    ];
    for (framework, tasks, status, code, field) in cases {
        let refused = refusal(world.accept(&offer, framework, &tasks).await);
        assert_eq!(refused, (status, code.to_owned(), field), "{tasks:?}");
        assert_eq!(world.state().await, before, "{code}");
    }

    let (status, accepted) = world
        .accept(&offer, &world.framework, &with(json!({"mem": mem})))
        .await;
    assert_eq!(status, 201, "the offer stood all the while: {accepted}");
    let again = world
        .accept(&offer, &world.framework, &with(json!({"mem": mem})))
        .await;
    assert_eq!(
        refusal(again),
        (409, "offerAccepted".to_owned(), String::new())
    );
    let next = world.offer().await;
    let used = world
        .accept(&next, &world.framework, &with(json!({"mem": mem})))
        .await;
    assert_eq!(
        refusal(used),
        (409, "taskIdUsed".to_owned(), "tasks[0].id".to_owned())
    );
    world.master.shutdown().await;
}

#[tokio::test]
async fn an_offer_that_expired_is_gone() {
    let world = World::new(Duration::from_millis(100)).await;
    let mut events = world.client.events().await.unwrap();
    let offer = world.offer().await;
    let ended = async {
        loop {
            if let EventKind::OfferEnded { reason, .. } = events.next().await.unwrap().kind {
                return reason;
            }
        }
    };
    let reason = tokio::time::timeout(PATIENCE, ended)
        .await
        .expect("the offer expires");
    assert_eq!(reason, "expired");
    let tasks = [world.task("00000000000000aa", &json!({"mem": 65_536}))];
    let late = world.accept(&offer, &world.framework, &tasks).await;
    assert_eq!(
        refusal(late),
        (410, "offerExpired".to_owned(), String::new())
    );
    world.master.shutdown().await;
}

#[tokio::test]
async fn modules_that_break_a_rule_are_not_kept() {
    let world = World::new(PATIENCE).await;
    let before = world.state().await;
    let parse = |text: &str| wat::parse_str(text).unwrap();
    let unknown = r#"(module (import "edgerm" "launch_missile" (func)) (memory (export "memory") 1)
        (func (export "_start")))"#;
    let signature = r#"(module (import "edgerm" "emit" (func (param f64))) (memory (export "memory") 1)
        (func (export "_start")))"#;
    let truncated = {
        let mut wasm = parse(MODULE);
        wasm.truncate(20);
        wasm
    };
    let cases = [
        (b"GIF89a".to_vec(), 422),
        (Vec::new(), 422),
        (truncated, 422),
        (parse(unknown), 422),
        (parse(signature), 422),
        (parse("(module)"), 422),
        (vec![0; 10 << 20], 413),
    ];
    for (bytes, expected) in cases {
        let length = bytes.len();
        let (status, code, _) = refusal(call(world.http, "POST", "/v1/modules", &bytes).await);
        assert_eq!(status, expected, "{code} for {length} bytes");
        assert!(!code.is_empty());
    }
    assert_eq!(world.state().await, before);
    world.master.shutdown().await;
}

/// One request over CoAP by somebody who has registered nothing.
async fn ask(to: SocketAddr, path: &str, body: &[u8]) -> ReceivedResponse {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut endpoint = Endpoint::new(edgerm_coap::Config::default(), Plain, 7);
    endpoint
        .request(Instant::default(), &Request::post_cbor(&[path], body))
        .unwrap();
    let request = endpoint.poll_transmit().unwrap();
    socket.send_to(&request, to).await.unwrap();
    let mut buffer = [0; 2048];
    let received = tokio::time::timeout(PATIENCE, socket.recv_from(&mut buffer));
    let (length, _) = received.await.expect("an answer").unwrap();
    match endpoint.handle_datagram(Instant::default(), &buffer[..length]) {
        Ok(Event::Response(_, response)) => response,
        other => panic!("a response to {path}: {other:?}"),
    }
}

#[tokio::test]
async fn agents_that_send_garbage_are_told_and_change_nothing() {
    let world = World::new(PATIENCE).await;
    let coap = world.master.coap_addr;
    let before = world.state().await;

    // { 0: 1, 1: "x", 2: 9, 3: 1000, 4: 4, 5: h'a200a001a0' }, then each way to get it wrong.
    let good = b"\xa6\x00\x01\x01\x61x\x02\x09\x03\x19\x03\xe8\x04\x05\x05\x45\xa2\x00\xa0\x01\xa0";
    let truncated = &good[..good.len() - 3];
    let mut wrong_type = good.to_vec();
    wrong_type[4] = 0x41;
    let mut other_version = good.to_vec();
    other_version[2] = 9;
    let mut long_name = b"\xa6\x00\x01\x01\x78\x40".to_vec();
    long_name.extend_from_slice(&[b'x'; 64]);
    long_name.extend_from_slice(&good[6..]);
    for body in [
        b"".as_slice(),
        b"\xff",
        truncated,
        &wrong_type[..],
        &other_version,
        &long_name,
    ] {
        let response = ask(coap, path::REGISTER, body).await;
        assert_eq!(response.code, Code::BAD_REQUEST, "{body:02x?}");
        assert!(
            response.diagnostic().is_some_and(|text| !text.is_empty()),
            "{body:02x?}"
        );
    }
    let unknown_session = b"\xa1\x00\x1a\xde\xad\xbe\xef";
    assert_eq!(
        ask(coap, path::PING, unknown_session).await.code,
        Code::UNAUTHORIZED
    );
    assert_eq!(ask(coap, "nowhere", b"").await.code, Code::NOT_FOUND);

    // What is no CoAP at all is not answered; what follows it is.
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for length in [0, 1, 3, 4, 64, 1_400] {
        socket.send_to(&vec![0xff; length], coap).await.unwrap();
    }
    assert_eq!(world.state().await, before);

    let mut unknown_keys = good.to_vec();
    unknown_keys[0] = 0xa8;
    unknown_keys.extend_from_slice(b"\x18\x63\x82\x01\x02\x18\x64\xa1\x00\xf6");
    let response = ask(coap, path::REGISTER, &unknown_keys).await;
    assert_eq!(response.code, Code::CREATED, "unknown keys are passed over");
    let (_, agents) = get(world.http, "/v1/agents").await;
    assert_eq!(
        agents["items"].as_array().map(Vec::len),
        Some(2),
        "{agents}"
    );
    world.master.shutdown().await;
}
