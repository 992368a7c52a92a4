//! The bytes of each message, written down, so that the wire cannot drift unseen.

use std::fmt::Debug;

use edgerm_protocol::codec::{Decode, Encode, List, Text};
use edgerm_protocol::description::{Description, EncodedDescription, Member};
use edgerm_protocol::message::{
    Deregister, Inspect, Inspection, Kill, Launch, LogLevel, LogLines, Message, Output, Ping, Pong,
    Register, Registered, StatusUpdate, Variable,
};
use edgerm_protocol::resource::{
    Access, Attribute, AttributeValue, Device, DeviceClass, Name, Range, Resource, Value,
};
use edgerm_protocol::{
    AgentId, BootId, ModuleId, SessionId, TaskId, TaskState, WIRE_VERSION, decode,
};

use super::samples::to_bytes;

/// One body, by its rule in `docs/protocol.md`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector {
    name: &'static str,
    pub(crate) rule: &'static str,
    hex: &'static str,
}

const fn vector(name: &'static str, rule: &'static str, hex: &'static str) -> Vector {
    Vector { name, rule, hex }
}

impl Vector {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let digits: Vec<char> = self.hex.chars().filter(|c| !c.is_whitespace()).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(&String::from_iter(pair), 16).unwrap())
            .collect()
    }
}

/// Spaces part the entries of the outermost map.
pub(crate) const VECTORS: &[Vector] = &[
    vector(
        "register",
        "register",
        "a7 0001 01676b69746368656e 021adeadbeef 03191388 0403 0543a100a0 \
         0681a4001b010203040506070801060222036d6f7574206f66206d656d6f7279",
    ),
    vector(
        "register, to be pulled",
        "register",
        "a5 0001 01676b69746368656e 021adeadbeef 03191388 04191000",
    ),
    vector(
        "registered",
        "registered",
        "a3 00182a 011a11223344 02821b010203040506070807",
    ),
    vector("ping, idle", "ping", "a1 001a11223344"),
    vector(
        "ping, two running",
        "ping",
        "a2 001a11223344 0182a2001b01020304050607080103a2001bffffffffffffffff0103",
    ),
    vector(
        "ping, one errored",
        "ping",
        "a2 001a11223344 0181a4001b010203040506070801060222036d6f7574206f66206d656d6f7279",
    ),
    vector("pong, idle", "pong", "a0"),
    vector("pong, two waiting", "pong", "a1 0002"),
    vector(
        "output",
        "output",
        "a4 001a11223344 011b0102030405060708 0219012c 044200ff",
    ),
    vector(
        "inspect, usage alone",
        "inspect",
        "a2 001a11223344 011b0102030405060708",
    ),
    vector(
        "inspect, from the beginning",
        "inspect",
        "a3 001a11223344 011b0102030405060708 0200",
    ),
    vector("inspection, nothing", "inspection", "a0"),
    vector(
        "inspection, of a microcontroller",
        "inspection",
        "a2 0001 01450203686f74",
    ),
    vector(
        "inspection, with all there is",
        "inspection",
        "a6 0019012c 014b0203686f740404636f6f6c 02f5 031903e8 041a00010000 051a00020000",
    ),
    vector(
        "deregister",
        "deregister",
        "a2 001a11223344 0181a4001b010203040506070801060222036d6f7574206f66206d656d6f7279",
    ),
    vector(
        "launch",
        "launch",
        "a5 001a11223344 011b0102030405060708 \
         025820abababababababababababababababababababababababababababababababab 03190898 \
         041a00010000",
    ),
    vector(
        "launch, with everything",
        "launch",
        "ae 001a11223344 011b0102030405060708 \
         025820abababababababababababababababababababababababababababababababab 03190898 \
         041a00010000 0518fa 060a 07816b746865726d6f6d65746572 \
         08828269504552494f445f4d53633235308265454d50545960 09f5 0a183c \
         0b190e10 0c1878 0d05",
    ),
    vector("kill", "kill", "a2 001a11223344 011b0102030405060708"),
    vector(
        "message",
        "message",
        "a3 001a11223344 011b0102030405060708 02446f70656e",
    ),
    vector(
        "description",
        "description",
        "a2 \
         00a46463707573190fa065706f72747381820119ffff646770757382616161626b746865726d6f6d6574 \
         6572a30000016b74656d70657261747572650200 \
         01a3626f73656c696e7578696578656375746f727381647761736d6c6d61785f7461736b5f6d656d1a00 \
         100000",
    ),
];

/// Holds the vector of this name to `message`, in both directions.
fn hold<M>(name: &str, message: &M)
where
    M: Encode + Decode<'static> + PartialEq + Debug,
{
    let vector = VECTORS.iter().find(|vector| vector.name == name).unwrap();
    assert_eq!(hex(&to_bytes(message)), hex(&vector.bytes()), "{name}");
    assert_eq!(
        decode::<M>(vector.bytes().leak()).as_ref(),
        Ok(message),
        "{name}"
    );
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const SESSION: SessionId = SessionId(0x1122_3344);
const TASK: TaskId = TaskId(0x0102_0304_0506_0708);

fn text<const MAX: usize>(text: &str) -> Text<'_, MAX> {
    Text::new(text).unwrap()
}

fn running(task: TaskId) -> StatusUpdate<'static> {
    StatusUpdate {
        task,
        state: TaskState::Running,
        exit_code: None,
        detail: None,
    }
}

fn errored() -> StatusUpdate<'static> {
    StatusUpdate {
        task: TASK,
        state: TaskState::Errored,
        exit_code: Some(-3),
        detail: Some(text("out of memory")),
    }
}

#[test]
fn registration() {
    let register = Register {
        version: WIRE_VERSION,
        name: name("kitchen"),
        boot: BootId(0xdead_beef),
        ping_period: 5_000,
        description_length: 3,
        description: Some(&[0xa1, 0x00, 0xa0]),
        tasks: List::from_first([errored()]),
    };
    hold("register", &register);
    let without_description = Register {
        description_length: 4_096,
        description: None,
        tasks: List::default(),
        ..register
    };
    hold("register, to be pulled", &without_description);
    hold(
        "registered",
        &Registered {
            agent: AgentId(42),
            session: SESSION,
            unwanted: List::from_first([TASK, TaskId(7)]),
        },
    );
    let updates = List::from_first([errored()]);
    hold(
        "deregister",
        &Deregister {
            session: SESSION,
            updates,
        },
    );
}

#[test]
fn heartbeats() {
    let ping = |updates: &[StatusUpdate<'static>]| Ping {
        session: SESSION,
        updates: List::from_first(updates.iter().copied()),
    };
    hold("ping, idle", &ping(&[]));
    let other = TaskId(u64::MAX);
    hold("ping, two running", &ping(&[running(TASK), running(other)]));
    hold("ping, one errored", &ping(&[errored()]));
    hold("pong, idle", &Pong { waiting: None });
    hold("pong, two waiting", &Pong { waiting: Some(2) });
}

#[test]
fn what_tasks_say_and_hear() {
    let output = Output {
        session: SESSION,
        task: TASK,
        sequence: 300,
        payload: &[0x00, 0xff],
    };
    hold("output", &output);
    let payload = b"open";
    hold(
        "message",
        &Message {
            session: SESSION,
            task: TASK,
            payload,
        },
    );
}

#[test]
fn what_there_is_to_know_of_a_task() {
    let inspect = |after| Inspect {
        session: SESSION,
        task: TASK,
        after,
    };
    hold("inspect, usage alone", &inspect(None));
    hold("inspect, from the beginning", &inspect(Some(0)));
    hold("inspection, nothing", &Inspection::default());
    assert_eq!(LogLines::header(LogLevel::Warning, 3), *b"\x02\x03");
    let short = Inspection {
        first: Some(1),
        lines: Some(b"\x02\x03hot"),
        ..Inspection::default()
    };
    hold("inspection, of a microcontroller", &short);
    let long = Inspection {
        first: Some(300),
        lines: Some(b"\x02\x03hot\x04\x04cool"),
        more: Some(true),
        cpu_ms: Some(1000),
        mem: Some(65536),
        mem_peak: Some(131_072),
    };
    hold("inspection, with all there is", &long);
}

#[test]
fn launch_and_kill() {
    let launch = Launch {
        session: SESSION,
        task: TASK,
        module: ModuleId([0xab; 32]),
        module_size: 2_200,
        mem: 65_536,
        cpus: None,
        permissions: None,
        devices: List::default(),
        env: List::default(),
        restart: None,
        stop_after_disconnected: None,
        deadline: None,
        max_silence: None,
        max_restarts: None,
    };
    hold("launch", &launch);
    let variable = |key, value| Variable {
        key: text(key),
        value,
    };
    let everything = Launch {
        cpus: Some(250),
        permissions: Some(0b1010),
        devices: List::from_first([name("thermometer")]),
        env: List::from_first([variable("PERIOD_MS", "250"), variable("EMPTY", "")]),
        restart: Some(true),
        stop_after_disconnected: Some(60),
        deadline: Some(3_600),
        max_silence: Some(120),
        max_restarts: Some(5),
        ..launch
    };
    hold("launch, with everything", &everything);
    hold(
        "kill",
        &Kill {
            session: SESSION,
            task: TASK,
        },
    );
}

#[test]
fn description() {
    let resource = |text, value| Resource {
        name: name(text),
        value,
    };
    let resources = [
        resource("cpus", Value::Scalar(4_000)),
        resource(
            "ports",
            Value::Ranges(List::from_first([Range {
                start: 1,
                end: 65_535,
            }])),
        ),
        resource("gpus", Value::Set(List::from_first([name("a"), name("b")]))),
        resource(
            "thermometer",
            Value::Device(Device {
                class: DeviceClass::Sensor,
                kind: name("temperature"),
                access: Access::Shared,
            }),
        ),
    ];
    let attribute = |text, value| Attribute {
        name: name(text),
        value,
    };
    let attributes = [
        attribute("os", AttributeValue::Text(text("linux"))),
        attribute(
            "executors",
            AttributeValue::Texts(List::from_first([text("wasm")])),
        ),
        attribute("max_task_mem", AttributeValue::Number(1 << 20)),
    ];
    let vector = VECTORS
        .iter()
        .find(|vector| vector.rule == "description")
        .unwrap();
    let bytes = vector.bytes();
    let encoded = to_bytes(&Description {
        resources: &resources,
        attributes: &attributes,
    });
    assert_eq!(hex(&encoded), hex(&bytes));
    let mut members = Vec::new();
    EncodedDescription::new(&bytes)
        .unwrap()
        .for_each(|member| members.push(member));
    let resources = resources.into_iter().map(Member::Resource);
    assert_eq!(
        members,
        resources
            .chain(attributes.into_iter().map(Member::Attribute))
            .collect::<Vec<_>>()
    );
}

fn name(text: &str) -> Name<'_> {
    Name::new(text).unwrap()
}

/// What the CBOR takes of the budgets in `docs/protocol.md`; CoAP takes 11 bytes of a ping with
/// a body, and 6 of a pong without.
#[test]
fn sizes() {
    let length = |name| {
        let vector = VECTORS.iter().find(|vector| vector.name == name);
        vector.unwrap().bytes().len()
    };
    assert_eq!(length("ping, idle"), 7);
    assert_eq!(length("ping, two running"), 35);
    assert_eq!(length("pong, idle"), 1);
    assert_eq!(length("pong, two waiting"), 3);
    assert_eq!(length("registered"), 22);
    assert_eq!(length("launch"), 62);
}
