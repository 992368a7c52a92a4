//! The agent's own process against a real master over loopback, seen through the HTTP API.
#![cfg(test)]

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgerm_framework::api::{Agent, Constraints, EventKind, Task};
use edgerm_framework::{AgentId, Client, ConstraintsExt, Events, Launch, Scheduler, TaskState};
use edgerm_master::{Config, Running, Server};

/// A bound on failure: what is waited for comes at once, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// Reads the thermometer once, emits the 8 bytes of its value, and sleeps until it is killed.
const READ_AND_SLEEP: &str = r#"(module
    (import "edgerm" "sensor_open" (func $open (param i32 i32) (result i32)))
    (import "edgerm" "sensor_read" (func $read (param i32 i32) (result i32)))
    (import "edgerm" "emit" (func $emit (param i32 i32 i32) (result i32)))
    (import "edgerm" "sleep_ms" (func $sleep (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "temperature")
    (func (export "_start")
        (drop (call $read (call $open (i32.const 0) (i32.const 11)) (i32.const 16)))
        (drop (call $emit (i32.const 16) (i32.const 8) (i32.const -1)))
        (loop (drop (call $sleep (i32.const 60000))) (br 0))))"#;

/// 21.5 degrees, as `READ_AND_SLEEP` emits it: an i64 of millionths, the lowest byte first.
const READING: i64 = 21_500_000;

const CONFIG: &str = r#"
hwmon = false
iio = false
ping_period = "200ms"

[[sensor]]
label = "attic"
kind = "temperature"
simulate = { constant = 21.5 }
"#;

/// An agent's process, which does not outlive its test.
struct Process(Child);

impl Process {
    fn start(folder: &Path, master: SocketAddr) -> Self {
        let config = folder.join("agent.toml");
        std::fs::write(&config, CONFIG).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_edgerm-agent"))
            .arg("--config")
            .arg(config)
            .args(["--name", "process", "--master", &master.to_string()])
            .arg("--data-dir")
            .arg(folder.join("data"))
            .env("EDGERM_LOG", "warn")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    fn signal(&self, signal: &str) {
        let id = self.0.id().to_string();
        let status = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

struct World {
    folder: tempfile::TempDir,
    master: Running,
    client: Client,
    events: Events,
}

impl World {
    async fn new() -> Self {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            http: loopback,
            coap: loopback,
            ..Config::default()
        };
        let master = Server::start(config).await.unwrap();
        let client = Client::new(&format!("http://{}", master.http_addr)).unwrap();
        let events = client.events().await.unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            master,
            client,
            events,
        }
    }

    fn start_agent(&self) -> Process {
        Process::start(self.folder.path(), self.master.coap_addr)
    }

    /// The first event for which `wanted` has something.
    async fn event<T>(&mut self, mut wanted: impl FnMut(EventKind) -> Option<T>) -> T {
        let wait = async {
            loop {
                if let Some(found) = wanted(self.events.next().await.unwrap().kind) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait)
            .await
            .expect("the event comes")
    }

    async fn registered(&mut self) -> Agent {
        self.event(|kind| {
            let EventKind::AgentRegistered { agent } = kind else {
                return None;
            };
            Some(agent)
        })
        .await
    }

    async fn gone(&mut self) -> AgentId {
        self.event(|kind| {
            let EventKind::AgentGone { agent } = kind else {
                return None;
            };
            Some(agent)
        })
        .await
    }

    async fn run(&self, wat: &str) -> (Scheduler, Task) {
        let module = self
            .client
            .upload_module(wat::parse_str(wat).unwrap())
            .await
            .unwrap();
        let scheduler = Scheduler::register(self.client.clone(), "test")
            .await
            .unwrap();
        let on = Constraints::default().sensor("temperature");
        let offer = scheduler.offers(&on, 1, PATIENCE).await.unwrap().remove(0);
        let launch = Launch::new("test", &module).devices(on.assign(&offer).unwrap());
        let task = scheduler.launch(&offer, launch).await.unwrap();
        let running = self.client.wait_for_state(task.id, TaskState::Running);
        let task = tokio::time::timeout(PATIENCE, running)
            .await
            .expect("it runs")
            .unwrap();
        (scheduler, task)
    }
}

#[tokio::test]
async fn a_process_joins_runs_a_task_and_leaves() {
    let mut world = World::new().await;
    let mut process = world.start_agent();
    let agent = world.registered().await;
    assert_eq!(agent.name, "process");
    assert!(
        agent.resources.contains_key("attic"),
        "{:?}",
        agent.resources
    );

    let (_scheduler, task) = world.run(READ_AND_SLEEP).await;
    let mut outputs = world.client.follow_output(task.id);
    let output = tokio::time::timeout(PATIENCE, outputs.next())
        .await
        .expect("an output comes");
    let output = output.unwrap().expect("an output");
    assert_eq!(output.data.to_bytes(), Some(READING.to_le_bytes().to_vec()));

    process.signal("-TERM");
    assert_eq!(world.gone().await, agent.id);
    assert!(process.0.wait().unwrap().success());
    let task = world.client.task(task.id).await.unwrap();
    assert_eq!(task.state, TaskState::Killed);
    assert_eq!(task.detail.as_deref(), Some("the agent left"));
    world.master.shutdown().await;
}

#[tokio::test]
async fn a_killed_process_comes_back_as_the_same_agent() {
    let mut world = World::new().await;
    let process = world.start_agent();
    let agent = world.registered().await;
    let (_scheduler, task) = world.run(READ_AND_SLEEP).await;

    process.signal("-KILL");
    drop(process);
    let _process = world.start_agent();
    assert_eq!(world.registered().await.id, agent.id);
    let lost = world.client.wait_for_end(task.id);
    let lost = tokio::time::timeout(PATIENCE, lost)
        .await
        .expect("it ends")
        .unwrap();
    assert_eq!(lost.state, TaskState::Lost);
    let (_scheduler, again) = world.run(READ_AND_SLEEP).await;
    assert_eq!(again.agent, agent.id);
    world.master.shutdown().await;
}

#[tokio::test]
async fn an_agent_finds_a_master_that_was_restarted() {
    let mut world = World::new().await;
    let _process = world.start_agent();
    let agent = world.registered().await;

    let (http, coap) = (world.master.http_addr, world.master.coap_addr);
    world.master.shutdown().await;
    world.master = Server::start(Config {
        http,
        coap,
        ..Config::default()
    })
    .await
    .unwrap();
    world.client = Client::new(&format!("http://{http}")).unwrap();
    let agents = async {
        // The event of its registration may have come before anybody listened.
        world.events = world.client.events_after(0).await.unwrap();
        world.registered().await
    };
    assert_eq!(agents.await.id, agent.id);
    world.master.shutdown().await;
}
