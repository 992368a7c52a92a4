//! A node on a bare Cortex-M3 in QEMU, without an operating system, against a real master.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use edgerm_coap::oscore::Credential;
use edgerm_framework::api::{Agent, Constraints, Task};
use edgerm_framework::owned::{AttributeValue, Device, Value};
use edgerm_framework::resource::{Access, DeviceClass};
use edgerm_framework::{Client, ConstraintsExt, Error, Launch, Scheduler, TaskId, TaskState};
use edgerm_linux_agent::Agent as LinuxAgent;
use edgerm_linux_agent::config::{Config as LinuxConfig, Reads, SensorConfig, Simulation};
use edgerm_master::{Config, Running, Server};
use edgerm_task_abi::Trap;
use edgerm_tests::bare_metal::BareMetal;
use edgerm_tests::credentials;
use edgerm_tests::firmware::cluster::prebuilt;
use edgerm_tests::firmware::{PATIENCE, repository};
use edgerm_tests::require::{Case, Component, run};
use tokio::runtime::Runtime;

/// Bytes of memory that the node has for its one task: `tests/bare-metal/src/thread.rs`.
const TASK_MEMORY: u64 = 8 * 1024;

/// Who the agents are, and what they prove it with.
const NODE: &str = "bare-metal";
const NODE_CREDENTIAL: Credential = Credential::new([0, 0, 0, 1], [0x51; 16], [1; 8]);
const LINUX: &str = "linux";
const LINUX_CREDENTIAL: Credential = Credential::new([0, 0, 0, 2], [0x52; 16], [2; 8]);

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::BareMetal,
        body,
    };
    run(&[
        case("the_node_joins_and_tells_what_it_has", joins),
        case("moving_average_emits_what_it_does_on_linux", averages),
        case("a_kill_ends_a_task_whatever_it_does", kills),
        case("a_trap_is_told_with_its_reason", traps),
    ])
}

fn joins(qemu: &Path) {
    let world = World::new();
    let (_node, agent) = world.boot(qemu);
    let scalar = |name: &str| agent.resources.get(name).cloned();
    assert_eq!(scalar("tasks"), Some(Value::Scalar(1)));
    assert_eq!(scalar("mem"), Some(Value::Scalar(TASK_MEMORY)));
    let thermometer = Device {
        class: DeviceClass::Sensor,
        kind: "temperature".into(),
        access: Access::Shared,
    };
    assert_eq!(scalar("thermometer"), Some(Value::Device(thermometer)));
    let attribute = |name: &str| agent.attributes.get(name).cloned();
    assert_eq!(
        attribute("max_task_mem"),
        Some(AttributeValue::Number(TASK_MEMORY))
    );
    assert_eq!(
        attribute("board"),
        Some(AttributeValue::Text("mps2_an385".into()))
    );
}

/// Both replay `tests/bare-metal/readings.csv`, of which there are fewer than are asked for.
fn averages(qemu: &Path) {
    let world = World::new();
    let (_node, bare) = world.boot(qemu);
    let (_linux, linux) = world.linux_agent();
    let [on_bare, on_linux] = [bare, linux].map(|agent| {
        let env = [("WINDOW", "3"), ("INTERVAL_MS", "1"), ("COUNT", "9")];
        let task = world.launch(&agent, "moving-average", &env);
        let emitted = world.emitted(task);
        assert_eq!(world.end(task).state, TaskState::Completed);
        emitted
    });
    assert_eq!(on_linux.len(), 9);
    assert_eq!(on_bare, on_linux);
}

fn kills(qemu: &Path) {
    let world = World::new();
    let (_node, agent) = world.boot(qemu);
    // One that is in a loop and one that waits in a call; there is one slot for both.
    let an_hour = [("INTERVAL_MS", "3600000")];
    for (app, env) in [("spin", &[][..]), ("moving-average", &an_hour)] {
        let task = world.launch(&agent, app, env);
        world.wait("it runs", async {
            let client = &world.client;
            client.wait_for_state(task, TaskState::Running).await
        });
        world.wait("the kill", world.scheduler.kill(task));
        assert_eq!(world.end(task).state, TaskState::Killed, "{app}");
    }
    let task = world.launch(&agent, "hello", &[]);
    assert_eq!(world.end(task).state, TaskState::Completed);
}

fn traps(qemu: &Path) {
    let world = World::new();
    let (_node, agent) = world.boot(qemu);
    let task = world.end(world.launch(&agent, "trap", &[]));
    assert_eq!(task.state, TaskState::Errored);
    assert_eq!(task.detail.as_deref(), Some(Trap::Unreachable.message()));
}

/// A master on loopback, and a framework on it.
struct World {
    runtime: Runtime,
    folder: tempfile::TempDir,
    master: Running,
    client: Client,
    scheduler: Scheduler,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("master.redb");
        let agents = [(NODE, NODE_CREDENTIAL), (LINUX, LINUX_CREDENTIAL)];
        let agents = agents.map(|(name, credential)| (name.to_owned(), credential));
        credentials::enroll(&store, agents);
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = Config {
            http: loopback,
            coap: loopback,
            store: Some(store),
            ..Config::default()
        };
        let master = runtime.block_on(Server::start(config)).unwrap();
        let client = Client::new(&format!("http://{}", master.http_addr)).unwrap();
        let scheduler = runtime.block_on(Scheduler::register(client.clone(), "tests"));
        Self {
            folder,
            runtime,
            master,
            client,
            scheduler: scheduler.unwrap(),
        }
    }

    /// Boots the node, and waits until it has joined.
    fn boot(&self, qemu: &Path) -> (BareMetal, Agent) {
        let port = self.master.coap_addr.port();
        let node = BareMetal::boot(qemu, port, &NODE_CREDENTIAL, self.folder.path());
        node.console().line_with(0, "registered as");
        let agent = self.agent(NODE);
        assert!(agent.proven, "{agent:?}");
        (node, agent)
    }

    /// Starts the Linux agent with a thermometer that reads what the node's does.
    fn linux_agent(&self) -> (LinuxAgent, Agent) {
        let thermometer = SensorConfig {
            label: "thermometer".to_owned(),
            kind: "temperature".into(),
            access: Access::Shared,
            reads: Reads::Simulated(Simulation::Replay {
                path: repository("tests/bare-metal/readings.csv"),
                column: 0,
            }),
        };
        let credential = self.folder.path().join("linux.credential");
        credentials::write(&credential, LINUX, &LINUX_CREDENTIAL);
        let config = LinuxConfig {
            credential: Some(credential),
            data_dir: self.folder.path().join("linux"),
            hwmon: false,
            iio: false,
            sensors: vec![thermometer],
            ..LinuxConfig::new(LINUX, &self.master.coap_addr.to_string())
        };
        let options = config.options().unwrap();
        let agent = self.runtime.block_on(async {
            let mut agent = LinuxAgent::start(options).await.unwrap();
            agent.registered().await.expect("the master takes it");
            agent
        });
        (agent, self.agent(LINUX))
    }

    fn agent(&self, name: &str) -> Agent {
        let agents = self.wait("the agents", self.client.agents().all());
        let mut agents = agents.into_iter();
        let agent = agents.find(|agent| agent.name == name);
        agent.expect("the master knows it")
    }

    /// Launches one of `wasm-apps/prebuilt` with the agent's thermometer, and in the memory that
    /// suits the agent.
    fn launch(&self, agent: &Agent, app: &str, env: &[(&str, &str)]) -> TaskId {
        let wasm = std::fs::read(prebuilt(app)).unwrap();
        let module = self.wait("the module", self.client.upload_module(wasm));
        let on = Constraints::default()
            .agent(&agent.name)
            .sensor("temperature");
        let offers = self.wait("an offer", self.scheduler.offers(&on, 1, PATIENCE));
        let offer = offers.first().expect("one offer");
        let devices = on.assign(offer).expect("its thermometer");
        let mut launch = Launch::new(app, &module).devices(devices);
        for (key, value) in env {
            launch = launch.env(*key, *value);
        }
        self.wait("the launch", self.scheduler.launch(offer, launch))
            .id
    }

    fn end(&self, task: TaskId) -> Task {
        self.wait("the end", self.client.wait_for_end(task))
    }

    /// All that a task emits until its end.
    fn emitted(&self, task: TaskId) -> Vec<Vec<u8>> {
        let mut outputs = self.client.follow_output(task);
        self.wait("outputs", async {
            let mut emitted = Vec::new();
            while let Some(output) = outputs.next().await? {
                emitted.push(output.data.to_bytes().expect("bytes"));
            }
            Ok(emitted)
        })
    }

    /// Waits for what should come.
    fn wait<T>(&self, what: &str, future: impl Future<Output = Result<T, Error>>) -> T {
        let bounded = async { tokio::time::timeout(PATIENCE, future).await };
        match self.runtime.block_on(bounded) {
            Ok(Ok(value)) => value,
            Ok(Err(error)) => panic!("{what}: {error}"),
            Err(_) => panic!("{what}: not within {PATIENCE:?}"),
        }
    }
}
