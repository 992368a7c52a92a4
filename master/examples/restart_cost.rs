//! How long a master takes to serve after a restart, with so many agents and tasks in its file:
//!
//! ```sh
//! cargo run --release -p edgerm-master --example restart_cost -- 10000 100000
//! ```
//!
//! The file is made as a master makes it, by the ledger's own changes, ten tasks of each agent that
//! run. Serving is the first answer to a call of the HTTP API, of a server that was not there.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant as Clock;

use anyhow::Context;
use edgerm_master::ledger::{Change, Ledger, Module};
use edgerm_master::master::Batch;
use edgerm_master::{Config, Server, Store};
use edgerm_protocol::api::{LaunchTask, TaskResources};
use edgerm_protocol::owned::{AttributeValue, Description, Value};
use edgerm_protocol::resource::{Access, DeviceClass};
use edgerm_protocol::{
    BootId, FrameworkId, Instant, ModuleId, OfferId, SessionId, TaskId, TaskState,
};
use edgerm_task_abi::Permissions;

const NOW: Instant = Instant::from_millis(1_700_000_000_000);
const MODULE: ModuleId = ModuleId([7; 32]);
const FRAMEWORK: FrameworkId = FrameworkId(1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse::<u32>());
    let agents = numbers.next().transpose()?.unwrap_or(10_000);
    let tasks = numbers.next().transpose()?.unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("master.redb");
    fill(&Store::open(&path)?, agents, tasks)?;
    println!(
        "{agents} agents, {tasks} tasks: a file of {} MB",
        std::fs::metadata(&path)?.len() >> 20
    );
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    for _ in 0..5 {
        let config = Config {
            http: loopback,
            coap: loopback,
            store: Some(path.clone()),
            ..Config::default()
        };
        let start = Clock::now();
        let master = Server::start(config).await?;
        let http = master.http_addr;
        let answer = tokio::task::spawn_blocking(move || ask(http)).await??;
        println!("serving after {} ms", start.elapsed().as_millis());
        anyhow::ensure!(answer.contains("200 OK"), "{answer}");
        master.shutdown().await;
    }
    Ok(())
}

fn ask(http: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(http)?;
    let head =
        format!("GET /v1/tasks?limit=1 HTTP/1.1\r\nhost: {http}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Writes what a master would have written of so many agents and tasks.
fn fill(store: &Store, agents: u32, tasks: u32) -> anyhow::Result<()> {
    let mut ledger = Ledger::new();
    apply(&mut ledger, [Change::ModuleAdmitted(module()), framework()]);
    let each = tasks.div_ceil(agents.max(1));
    let mut launched = 0;
    for number in 0..agents {
        let name = format!("node-{number}");
        let key = Some(number.to_be_bytes());
        let (id, changes) = ledger.register_agent(
            name.into(),
            BootId(1),
            20_000,
            SessionId(number),
            key,
            usize::MAX,
        )?;
        apply(&mut ledger, changes);
        let agent = ledger.agent(id).context("it was registered")?;
        let changes = ledger.describe_agent(agent, description());
        apply(&mut ledger, changes);
        let offer = OfferId(number.into());
        let change = ledger.make_offer(
            offer,
            FRAMEWORK,
            id,
            NOW + std::time::Duration::from_secs(10),
        );
        apply(&mut ledger, change);
        let count = each.min(tasks - launched);
        let wanted: Vec<_> = (0..count).map(|index| task(launched + index)).collect();
        let mut no_variant = |id, _| Ok(edgerm_master::variants::Blob { id, size: 1000 });
        let changes = ledger.accept_offer(NOW, offer, FRAMEWORK, &wanted, &mut no_variant)?;
        apply(&mut ledger, changes);
        for task in wanted {
            for state in [TaskState::Issued, TaskState::Starting, TaskState::Running] {
                let change = ledger.move_task_to(task.id, state, None);
                apply(&mut ledger, change);
            }
        }
        launched += count;
    }
    let keys: Vec<_> = ledger.row_keys().collect();
    for (number, keys) in (1..).zip(keys.chunks(1000)) {
        let rows = keys.iter().map(|key| (*key, ledger.row(*key))).collect();
        store.commit(&Batch { number, rows })?;
    }
    Ok(())
}

fn apply(ledger: &mut Ledger, changes: impl IntoIterator<Item = Change>) {
    for change in changes {
        ledger.apply(NOW, &change);
    }
}

fn framework() -> Change {
    Change::FrameworkRegistered {
        framework: FRAMEWORK,
        name: "fleet".to_owned(),
        role: "default".to_owned(),
        owner: None,
    }
}

fn module() -> Module {
    Module {
        id: MODULE,
        size: 1000,
        memory: 0,
        memory_needed: 0,
        permissions: Permissions::NONE,
        features: Vec::new(),
        admitted_at: NOW,
        owner: None,
    }
}

fn task(number: u32) -> LaunchTask {
    let resources = TaskResources {
        cpus: 10,
        mem: 65_536,
        devices: vec!["temperature".to_owned()],
        ports: Vec::new(),
    };
    LaunchTask::new(TaskId(number.into()), "sample", MODULE, resources)
}

/// Five resources and eight attributes.
fn description() -> Description {
    let resources = [
        ("cpus", Value::Scalar(1000)),
        ("mem", Value::Scalar(16 << 20)),
        ("tasks", Value::Scalar(16)),
        (
            "temperature",
            Value::device(DeviceClass::Sensor, "temperature", Access::Shared),
        ),
        (
            "relay",
            Value::device(DeviceClass::Actuator, "relay", Access::Exclusive),
        ),
    ];
    let attributes = [
        "os",
        "arch",
        "board",
        "executors",
        "domain",
        "location",
        "firmware",
        "hostname",
    ];
    Description {
        resources: resources.into(),
        attributes: attributes
            .map(|name| (name, AttributeValue::Text("a value".into())))
            .into(),
    }
}
