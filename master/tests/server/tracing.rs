//! A task's way from the call that launched it, by one id: in answers, in the API, in the log, and
//! after a restart.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http::{get, post};
use crate::{Agent, events_until};

/// A call that bears an id, where there is one: the id of its answer, and the answer's body.
async fn call_with(to: SocketAddr, id: Option<&str>, path: &str, body: &Json) -> (String, Json) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    let id = id.map_or_else(String::new, |id| format!("x-request-id: {id}\r\n"));
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {to}\r\nconnection: close\r\n{id}content-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let id = lines.find_map(|line| line.strip_prefix("x-request-id: "));
    let body = serde_json::from_str(body).unwrap_or(Json::Null);
    (id.unwrap().to_owned(), body)
}

#[tokio::test]
async fn every_answer_bears_the_id_of_its_call() {
    let master = crate::start().await;
    let http = master.http_addr;
    let (id, _) = call_with(
        http,
        Some("deploy-7.2_b"),
        "/v1/frameworks",
        &json!({"name": "x"}),
    )
    .await;
    assert_eq!(id, "deploy-7.2_b");
    let (first, refused) = call_with(http, None, "/v1/frameworks", &json!({})).await;
    assert_eq!((first.len(), &refused["code"]), (16, &json!("badBody")));
    let (second, _) = call_with(http, Some("a b"), "/nowhere", &json!({})).await;
    assert_eq!(second.len(), 16);
    assert_ne!(first, second);
    master.shutdown().await;
}

/// The master's process, which logs JSON and does not outlive its test.
struct Process(Child);

impl Process {
    /// With the lines of its log, from the one that says where it listens.
    fn start(store: &Path) -> (Self, impl Iterator<Item = Json> + Send + 'static) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_edgerm-master"))
            .args(["--http", "127.0.0.1:0", "--coap", "127.0.0.1:0"])
            .args(["--log-format", "json", "--store"])
            .arg(store)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let lines = log
            .lines()
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap());
        (Self(child), lines)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn address(line: &Json, of: &str) -> Option<SocketAddr> {
    line["fields"][of].as_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_id_leads_from_the_call_to_the_end_of_its_task() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("master.redb");
    let (process, mut log) = Process::start(&store);
    let ready = log
        .find(|line| address(line, "coap_addr").is_some())
        .unwrap();
    let (http, coap) = (
        address(&ready, "http_addr").unwrap(),
        address(&ready, "coap_addr").unwrap(),
    );
    // Read on, so that it is never held up by what it has to say.
    let log = std::thread::spawn(move || log.collect::<Vec<_>>());

    let agent = tokio::spawn(Agent::register(coap).await.run());
    let (framework, offers, module) = crate::ready_to_launch(http).await;
    let tasks = json!([{"id": "00000000000000aa", "name": "t", "module": module["id"],
        "resources": {"mem": 65536}}]);
    let accept = json!({"framework": framework, "tasks": tasks});
    let offer = offers["offers"][0]["id"].as_str().unwrap();
    let path = format!("/v1/offers/{offer}/accept");
    let (_, accepted) = call_with(http, Some("deploy-7.2"), &path, &accept).await;
    assert_eq!(
        accepted["tasks"][0]["requestId"], "deploy-7.2",
        "{accepted}"
    );
    let task = "/v1/tasks/00000000000000aa";
    assert_eq!(
        get(http, &format!("{task}/output?waitMs=30000")).await.0,
        200
    );
    post(
        http,
        &format!("{task}/kill"),
        json!({"framework": framework}),
    )
    .await;
    events_until(http, &framework, "KILLED").await;
    agent.abort();
    drop(process);

    let log = log.join().unwrap();
    let way: Vec<_> = log
        .iter()
        .map(|line| &line["fields"])
        .filter(|fields| fields["request_id"] == "deploy-7.2")
        .map(|fields| {
            (
                fields["message"].as_str().unwrap(),
                fields["state"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(way.first(), Some(&("task accepted", "UNISSUED")), "{way:?}");
    assert_eq!(way.last(), Some(&("task moved", "KILLED")), "{way:?}");
    assert!(way.contains(&("task moved", "RUNNING")), "{way:?}");
    let launched = log
        .iter()
        .find(|line| line["fields"]["message"] == "task accepted")
        .unwrap();
    assert_eq!(launched["span"]["request_id"], "deploy-7.2", "{launched}");

    let (_process, mut log) = Process::start(&store);
    let ready = log
        .find(|line| address(line, "coap_addr").is_some())
        .unwrap();
    let (_, known) = get(address(&ready, "http_addr").unwrap(), task).await;
    assert_eq!(
        (&known["state"], &known["requestId"]),
        (&json!("KILLED"), &json!("deploy-7.2"))
    );
}
