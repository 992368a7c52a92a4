//! The modules that are committed do what their sources say, under the agent's executor.
//!
//! `EDGERM_WASM_APPS` names another directory to take them from: `cargo xtask wasm --check`
//! runs this on what it has just built where it cannot compare bytes.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use edgerm_linux_agent::devices::{Actuator, DeviceError, Devices, Driver, Sensor};
use edgerm_linux_agent::executor::{Executor, TaskEvent, TaskSpec};
use edgerm_protocol::TaskId;
use edgerm_protocol::resource::Access;
use edgerm_task_abi::{LogLevel, Permissions, TaskEnd, Trap};

/// How long an event may take before the test has failed; no test waits for it.
const FAILURE: Duration = Duration::from_secs(120);

/// Bytes of memory that a task may have: four pages.
const MEM: u32 = 4 << 16;

const TASK: TaskId = TaskId(1);

/// Reads 1.5, 2.5, 3.5 and so on.
struct Rising(i64);

impl Sensor for Rising {
    fn read(&mut self) -> Result<i64, DeviceError> {
        self.0 += 1_000_000;
        Ok(self.0)
    }
}

struct Led(mpsc::Sender<i64>);

impl Actuator for Led {
    fn write(&mut self, value: i64) -> Result<(), DeviceError> {
        self.0.send(value).expect("the test outlives its task");
        Ok(())
    }
}

/// What a task did until it ended.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    emitted: Vec<String>,
    logged: Vec<(LogLevel, String)>,
    led: Vec<i64>,
    end: TaskEnd,
}

struct Node {
    executor: Executor,
    events: Receiver<TaskEvent>,
    led: Receiver<i64>,
}

impl Node {
    /// A node with the sensor `shed` (temperature) and the actuator `lamp` (led), where this
    /// task has been started.
    fn with_task(name: &str, env: &[(&str, &str)]) -> Self {
        let (written, led) = mpsc::channel();
        let mut devices = Devices::default();
        let sensor = Driver::Sensor(Box::new(Rising(500_000)));
        devices.add("shed", "temperature", Access::Shared, sensor);
        let actuator = Driver::Actuator(Box::new(Led(written)));
        devices.add("lamp", "led", Access::Exclusive, actuator);
        let (sender, events) = mpsc::channel();
        let tell = move |event| sender.send(event).unwrap_or_default();
        let mut executor = Executor::new(devices, Arc::new(tell));
        let env = env
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        let spec = TaskSpec {
            id: TASK,
            wasm: module(name),
            mem: MEM,
            permissions: Permissions::ALL,
            devices: vec!["shed".into(), "lamp".into()],
            env: env.collect::<BTreeMap<_, _>>(),
        };
        executor.start(spec).expect("a thread");
        let node = Self {
            executor,
            events,
            led,
        };
        assert_eq!(node.next(), TaskEvent::Started(TASK));
        node
    }

    fn next(&self) -> TaskEvent {
        self.events
            .recv_timeout(FAILURE)
            .expect("something happens")
    }

    fn until_its_end(mut self) -> Run {
        let (mut emitted, mut logged) = (Vec::new(), Vec::new());
        loop {
            match self.next() {
                TaskEvent::Output(_, payload) => {
                    emitted.push(String::from_utf8(payload).expect("these tasks emit text"));
                    self.executor.output_taken(TASK);
                }
                TaskEvent::Log(_, level, line) => logged.push((level, line)),
                TaskEvent::Ended(_, end) => {
                    self.executor.reap(TASK);
                    let led = self.led.try_iter().collect();
                    return Run {
                        emitted,
                        logged,
                        led,
                        end,
                    };
                }
                other @ (TaskEvent::Started(_) | TaskEvent::NotStarted(..)) => {
                    panic!("it ran already: {other:?}")
                }
            }
        }
    }
}

fn module(name: &str) -> Vec<u8> {
    let directory = match std::env::var_os("EDGERM_WASM_APPS") {
        Some(directory) => PathBuf::from(directory),
        None => PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../wasm-apps/prebuilt"
        )),
    };
    let path = directory.join(name).with_extension("wasm");
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn run(name: &str, env: &[(&str, &str)]) -> Run {
    Node::with_task(name, env).until_its_end()
}

#[test]
fn hello_greets() {
    for (env, greeting) in [
        (&[][..], "hello, world"),
        (&[("NAME", "Ada")], "hello, Ada"),
    ] {
        let run = run("hello", env);
        assert_eq!(run.emitted, [greeting]);
        assert_eq!(run.logged, [(LogLevel::Info, "saying hello".into())]);
        assert_eq!(run.end, TaskEnd::Exited(0));
    }
}

#[test]
fn moving_average_slides_over_its_window() {
    let env = [("WINDOW", "2"), ("INTERVAL_MS", "0"), ("COUNT", "3")];
    let run = run("moving-average", &env);
    let expected = ["temperature=2", "temperature=3", "temperature=4"];
    assert_eq!(
        (run.emitted, run.end),
        (expected.map(String::from).into(), TaskEnd::Exited(0))
    );
}

#[test]
fn moving_average_emits_what_is_no_whole_number_and_names_the_sensor_as_told() {
    let env = [
        ("SENSOR", "shed"),
        ("INTERVAL_MS", "1"),
        ("WINDOW", "1"),
        ("COUNT", "1"),
    ];
    assert_eq!(run("moving-average", &env).emitted, ["shed=1.5"]);
}

#[test]
fn moving_average_goes_on_for_ever_without_a_count() {
    let node = Node::with_task("moving-average", &[("INTERVAL_MS", "0")]);
    for _ in 0..20 {
        assert!(matches!(node.next(), TaskEvent::Output(..)));
        node.executor.output_taken(TASK);
    }
    node.executor.kill(TASK);
    assert_eq!(node.until_its_end().end, TaskEnd::Killed);
}

#[test]
fn moving_average_refuses_what_it_cannot_do() {
    for (env, code, line) in [
        ([("WINDOW", "0")], 3, "WINDOW is 1 to 64"),
        ([("WINDOW", "65")], 3, "WINDOW is 1 to 64"),
        ([("WINDOW", "four")], 3, "WINDOW"),
        ([("INTERVAL_MS", "-1")], 3, "INTERVAL_MS"),
        ([("SENSOR", "barometer")], 2, "no such sensor"),
    ] {
        let run = run("moving-average", &env);
        assert_eq!(run.end, TaskEnd::Exited(code), "{env:?}");
        assert_eq!(run.logged, [(LogLevel::Error, line.into())]);
    }
}

#[test]
fn threshold_switches_where_it_is_crossed() {
    let env = [("THRESHOLD", "2.5"), ("INTERVAL_MS", "0"), ("COUNT", "4")];
    let run = run("threshold", &env);
    assert_eq!(run.led, [0, 1_000_000]);
    assert_eq!(run.emitted, ["led=0", "led=1"]);
    assert_eq!(run.end, TaskEnd::Exited(0));
}

#[test]
fn threshold_refuses_what_is_no_decimal() {
    let run = run("threshold", &[("THRESHOLD", "warm")]);
    let line = "THRESHOLD is no decimal".to_owned();
    assert_eq!(
        (run.end, run.logged),
        (TaskEnd::Exited(3), vec![(LogLevel::Error, line)])
    );
    assert_eq!(run.led, []);
}

#[test]
fn spin_ends_by_a_kill_alone() {
    let node = Node::with_task("spin", &[]);
    node.executor.kill(TASK);
    assert_eq!(node.until_its_end().end, TaskEnd::Killed);
}

#[test]
fn oom_ends_at_the_memory_of_its_launch() {
    assert_eq!(run("oom", &[]).end, TaskEnd::Trapped(Trap::OutOfMemory));
}

#[test]
fn trap_traps() {
    assert_eq!(run("trap", &[]).end, TaskEnd::Trapped(Trap::Unreachable));
}
