//! An executor with simulated devices, and modules written as text.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use edgerm_linux_agent::devices::{Actuator, Constant, DeviceError, Devices, Driver};
use edgerm_linux_agent::executor::{Executor, TaskEvent, TaskSpec};
use edgerm_linux_agent::usage::Usage;
use edgerm_protocol::TaskId;
use edgerm_protocol::resource::Access;
use edgerm_task_abi::{HOST_FUNCTIONS, IMPORT_MODULE, Permissions, TaskEnd};

/// How long an event may take before the test has failed; no test waits for it.
const FAILURE: Duration = Duration::from_secs(120);

/// Bytes of memory that a task here may have.
pub(crate) const MEM: u32 = 16 << 16;

/// What `room` reads: 21.5 degrees.
pub(crate) const ROOM: i64 = 21_500_000;

/// What `attic` reads: -3.25 degrees.
pub(crate) const ATTIC: i64 = -3_250_000;

pub(crate) struct Rig {
    pub(crate) executor: Executor,
    pub(crate) events: Receiver<TaskEvent>,
    /// What was written to `lamp`.
    pub(crate) lamp: Receiver<i64>,
}

struct Lamp(mpsc::Sender<i64>);

impl Actuator for Lamp {
    fn write(&mut self, value: i64) -> Result<(), DeviceError> {
        self.0.send(value).expect("the rig outlives its tasks");
        Ok(())
    }
}

impl Rig {
    /// With the sensors `room`, `attic` (temperature) and `cellar` (humidity), and the actuators
    /// `lamp` and `door`.
    pub(crate) fn new() -> Self {
        let mut devices = Devices::default();
        for (label, kind, value) in [
            ("room", "temperature", ROOM),
            ("attic", "temperature", ATTIC),
            ("cellar", "humidity", 0),
        ] {
            let sensor = Driver::Sensor(Box::new(Constant(value)));
            devices.add(label, kind, Access::Shared, sensor);
        }
        let (written, lamp) = mpsc::channel();
        for (label, kind) in [("lamp", "led"), ("door", "lock")] {
            let actuator = Driver::Actuator(Box::new(Lamp(written.clone())));
            devices.add(label, kind, Access::Exclusive, actuator);
        }
        Self {
            lamp,
            ..Self::with(devices)
        }
    }

    pub(crate) fn with(devices: Devices) -> Self {
        let (sender, events) = mpsc::channel();
        let tell = move |event| {
            // A test may end before its tasks.
            let _over = sender.send(event);
        };
        Self {
            executor: Executor::new(devices, Arc::new(tell)),
            events,
            lamp: mpsc::channel().1,
        }
    }

    pub(crate) fn next(&self) -> TaskEvent {
        self.events
            .recv_timeout(FAILURE)
            .expect("something happens")
    }

    /// Starts the task, and waits until it runs.
    pub(crate) fn start(&mut self, spec: TaskSpec) -> TaskId {
        let id = spec.id;
        self.executor.start(spec).expect("a thread");
        assert_eq!(self.next(), TaskEvent::Started(id));
        id
    }

    /// The next payload that is emitted; its place in the queue stays taken.
    pub(crate) fn output(&self) -> Vec<u8> {
        let event = self.next();
        let TaskEvent::Output(_, payload) = event else {
            panic!("not an output but {event:?}");
        };
        payload
    }

    /// The next event is that this task has ended so. Gives what it has used.
    pub(crate) fn ends(&self, id: TaskId, expected: TaskEnd) -> Usage {
        let event = self.next();
        let TaskEvent::Ended(ended, end, usage) = event else {
            panic!("not an end but {event:?}");
        };
        assert_eq!((ended, end), (id, expected));
        usage
    }

    /// Runs the only task to its end. Gives what it emitted, and how it ended.
    pub(crate) fn finish(&mut self, id: TaskId) -> (Vec<Vec<u8>>, TaskEnd) {
        let mut outputs = Vec::new();
        loop {
            match self.next() {
                TaskEvent::Output(_, payload) => {
                    outputs.push(payload);
                    self.executor.output_taken(id);
                }
                TaskEvent::Ended(ended, end, _) => {
                    assert_eq!(ended, id);
                    self.executor.reap(id);
                    return (outputs, end);
                }
                TaskEvent::Log(..) => {}
                event @ (TaskEvent::Started(_) | TaskEvent::NotStarted(..)) => {
                    panic!("neither output nor end but {event:?}")
                }
            }
        }
    }

    /// How a task with this body of a module ends.
    pub(crate) fn end_of(&mut self, body: &str) -> TaskEnd {
        let id = self.start(spec(1, &task(body)));
        self.finish(id).1
    }

    /// The numbers that a task with this body tells before it ends well.
    pub(crate) fn told_by(&mut self, body: &str) -> Vec<i64> {
        let id = self.start(spec(1, &task(body)));
        let (outputs, end) = self.finish(id);
        assert_eq!(end, TaskEnd::Exited(0));
        let number = |bytes: Vec<u8>| i64::from_le_bytes(bytes.try_into().expect("an i64"));
        outputs.into_iter().map(number).collect()
    }
}

/// A task that is given a core, and may do all there is with `room`, `attic` and `lamp`.
pub(crate) fn spec(id: u64, wat: &str) -> TaskSpec {
    TaskSpec {
        id: TaskId(id),
        wasm: wat::parse_str(wat).expect("the test's module is well-formed"),
        mem: MEM,
        cpus: 1_000,
        permissions: Permissions::ALL,
        devices: ["room", "attic", "lamp"].map(str::to_owned).into(),
        env: BTreeMap::from([("PERIOD".to_owned(), "250".to_owned())]),
    }
}

/// A module of one page with all host functions, `$tell` (emits an i32 as eight bytes) and
/// `$tell64`. They use the memory's last eight bytes.
pub(crate) fn task(body: &str) -> String {
    with_imports(&format!(
        r#"(memory (export "memory") 1)
        (func $tell64 (param i64)
          (i64.store (i32.const 65528) (local.get 0))
          (if (call $emit (i32.const 65528) (i32.const 8) (i32.const -1)) (then unreachable)))
        (func $tell (param i32) (call $tell64 (i64.extend_i32_s (local.get 0))))
        {body}"#
    ))
}

/// A module that imports every host function under its name.
pub(crate) fn with_imports(rest: &str) -> String {
    let mut module = String::from("(module\n");
    for function in HOST_FUNCTIONS {
        let params: String = function
            .param_types()
            .map(|ty| format!(" {}", ty.name()))
            .collect();
        let result = function.result.map(|ty| format!("(result {})", ty.name()));
        writeln!(
            module,
            r#"(import "{IMPORT_MODULE}" "{name}" (func ${name} (param{params}) {result}))"#,
            name = function.name,
            result = result.unwrap_or_default(),
        )
        .expect("a String has room");
    }
    module + rest + ")"
}
