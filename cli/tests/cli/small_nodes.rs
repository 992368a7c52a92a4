//! Nodes with less memory than a page of WASM, beside one with more.

use std::path::Path;

use edgerm_framework::resource::Access;
use edgerm_linux_agent::Agent;
use edgerm_linux_agent::config::{Config, Reads, SensorConfig, Simulation};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::cluster::{self, Cluster};

/// What the prebuilt module needs of memory.
const NEEDED: u64 = 4240;

/// Nodes in this process that joined a cluster; they end with the test.
pub(crate) struct Nodes {
    _runtime: Runtime,
    _agents: Vec<Agent>,
    _data: tempfile::TempDir,
}

impl Nodes {
    /// Nodes of these names, each with a thermometer that always reads 21.5, of which one gives so
    /// many bytes to a task.
    pub(crate) fn join(cluster: &Cluster, nodes: &[(&str, u32)]) -> Self {
        let runtime = Runtime::new().unwrap();
        let data = tempfile::tempdir().unwrap();
        let start = |(name, max_task_mem): &(&str, u32)| {
            let thermometer = SensorConfig {
                label: "thermometer".into(),
                kind: "temperature".into(),
                access: Access::Shared,
                reads: Reads::Simulated(Simulation::Constant(21_500_000)),
            };
            let config = Config {
                data_dir: data.path().join(name),
                mem: u64::from(*max_task_mem) * 2,
                max_task_mem: *max_task_mem,
                hwmon: false,
                iio: false,
                sensors: vec![thermometer],
                ..Config::new(name, &cluster.coap)
            };
            let started = Agent::start(config.options().unwrap());
            runtime.block_on(started).unwrap()
        };
        let agents = nodes.iter().map(start).collect();
        Self {
            _runtime: runtime,
            _agents: agents,
            _data: data,
        }
    }
}

fn moving_average() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("../wasm-apps/prebuilt/moving-average.wasm");
    path.to_str().unwrap().to_owned()
}

fn memories(tasks: &[Value]) -> Vec<(&str, u64)> {
    let mut memories: Vec<_> = tasks
        .iter()
        .map(|task| {
            let mem = task["resources"]["mem"].as_u64().unwrap();
            (task["agentName"].as_str().unwrap(), mem)
        })
        .collect();
    memories.sort_unstable();
    memories
}

#[test]
fn a_module_runs_on_each_in_the_memory_that_suits_it() {
    let cluster = Cluster::up();
    let (small, large) = (8192, 1 << 20);
    let nodes = [("board-1", small), ("board-2", small), ("server", large)];
    let _nodes = Nodes::join(&cluster, &nodes);
    let module = moving_average();
    let on = ["--on", "sensor=temperature"];
    let named = [
        "--on",
        "agent=board-1",
        "--on",
        "agent=board-2",
        "--on",
        "agent=server",
    ];
    let env = ["--env", "INTERVAL_MS=0", "--env", "COUNT=1"];
    let run = ["run", module.as_str(), "--follow"];
    let said = cluster.say(&[&run[..], &on, &named, &env, &["--count", "3"]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let mut lines: Vec<&str> = said.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        "board-1 | temperature=21.5",
        "board-2 | temperature=21.5",
        "server  | temperature=21.5",
    ];
    assert_eq!(lines, expected);
    let whole = 2 * 65_536;
    let suited = [("board-1", NEEDED), ("board-2", NEEDED), ("server", whole)];
    assert_eq!(memories(&cluster.tasks()), suited);

    // The nodes are there now: this takes all of them.
    let run = [
        "run",
        module.as_str(),
        "--count",
        "all",
        "--mem",
        "5000",
        "-o",
        "json",
    ];
    let tasks = cluster.say(&[&run[..], &on, &named].concat()).json();
    let told = [("board-1", 5000), ("board-2", 5000), ("server", 5000)];
    assert_eq!(memories(&cluster::items(&tasks)), told);

    let modules = cluster.say(&["modules", "-o", "json"]).json();
    assert_eq!(cluster::items(&modules)[0]["memoryNeeded"], NEEDED);
}

#[test]
fn a_node_that_is_too_small_is_told_with_the_reason() {
    let cluster = Cluster::up();
    let _nodes = Nodes::join(&cluster, &[("tiny", 4096)]);
    let module = moving_average();
    let run = |more: &[&str], code| {
        let run = [
            "run",
            module.as_str(),
            "--on",
            "agent=tiny",
            "--timeout",
            "1s",
        ];
        let said = cluster.say(&[&run[..], more].concat());
        assert_eq!(said.code, Some(code), "{said:?}");
        said.stderr
    };
    let told = run(&[], 5);
    let reason = "tiny   4240 bytes of mem are more than the 4096 that the agent gives to one task";
    assert!(told.contains(reason), "{told}");
    let told = run(&["--mem", "4096"], 4);
    let reason = "4096 bytes of mem are less than the 4240 that the module needs";
    assert!(told.contains(reason), "{told}");
    let told = run(&["--on", "sensor=co2"], 5);
    assert!(told.contains("tiny   has no sensor=co2"), "{told}");
}
