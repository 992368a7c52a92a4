//! A node that runs one task, and what that did.

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
use edgerm_task_abi::{LogLevel, Permissions, TaskEnd};

/// How long an event may take before the test has failed; no test waits for it.
const FAILURE: Duration = Duration::from_secs(120);

/// Bytes of memory that a task may have: four pages.
pub(crate) const MEM: u32 = 4 << 16;

pub(crate) const TASK: TaskId = TaskId(1);

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
pub(crate) struct Run {
    pub(crate) emitted: Vec<String>,
    pub(crate) logged: Vec<(LogLevel, String)>,
    pub(crate) led: Vec<i64>,
    pub(crate) end: TaskEnd,
}

pub(crate) struct Node {
    pub(crate) executor: Executor,
    events: Receiver<TaskEvent>,
    led: Receiver<i64>,
}

impl Node {
    /// A node where a task of this prebuilt module has been started.
    pub(crate) fn with_task(name: &str, env: &[(&str, &str)]) -> Self {
        Self::running(module(name), MEM, env)
    }

    /// A node with the sensor `shed` (temperature) and the actuator `lamp` (led), where a task of
    /// this module has been started.
    pub(crate) fn running(wasm: Vec<u8>, mem: u32, env: &[(&str, &str)]) -> Self {
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
            wasm,
            mem,
            cpus: 1_000,
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

    pub(crate) fn next(&self) -> TaskEvent {
        self.events
            .recv_timeout(FAILURE)
            .expect("something happens")
    }

    pub(crate) fn until_its_end(mut self) -> Run {
        let (mut emitted, mut logged) = (Vec::new(), Vec::new());
        loop {
            match self.next() {
                TaskEvent::Output(_, payload) => {
                    emitted.push(String::from_utf8(payload).expect("these tasks emit text"));
                    self.executor.output_taken(TASK);
                }
                TaskEvent::Log(_, level, line) => logged.push((level, line)),
                TaskEvent::Ended(_, end, _) => {
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

pub(crate) fn module(name: &str) -> Vec<u8> {
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

pub(crate) fn run(name: &str, env: &[(&str, &str)]) -> Run {
    Node::with_task(name, env).until_its_end()
}
