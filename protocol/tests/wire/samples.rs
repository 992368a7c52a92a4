//! Values of every message, drawn at random within their capacities.
//!
//! Messages borrow what they hold, so what is drawn for them is leaked: a few kilobytes in the
//! life of a test.

use std::fmt::Debug;

use edgerm_protocol::codec::{Decode, Encode, List, Text};
use edgerm_protocol::limits::{
    MAX_ATTRIBUTES, MAX_BODY, MAX_DESCRIPTION, MAX_ENV, MAX_ITEMS, MAX_PAYLOAD, MAX_RESOURCES,
    MAX_TASK_DEVICES, MAX_TASKS,
};
use edgerm_protocol::message::{
    Deregister, Inspect, Inspection, Kill, Launch, Message, Output, Ping, Pong, Register,
    Registered, StatusUpdate, Variable,
};
use edgerm_protocol::owned::{AttributeValue, Description, Device, Value};
use edgerm_protocol::resource::{Access, DeviceClass, Range};
use edgerm_protocol::{
    AgentId, BootId, DecodeError, ModuleId, SessionId, TaskId, TaskState, decode, encode,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;

/// One kind of body: its rule in `docs/protocol.md`, and how the code reads it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) rule: &'static str,
    /// Decodes, and encodes again what came out.
    pub(crate) reencode: fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
}

macro_rules! kinds {
    ($($rule:literal $message:ty),* $(,)?) => {
        pub(crate) const KINDS: &[Kind] = &[$(Kind {
            rule: $rule,
            reencode: |bytes| decode::<$message>(bytes).map(|message| to_bytes(&message)),
        }),*];
    };
}

kinds! {
    "register" Register<'_>,
    "registered" Registered,
    "ping" Ping<'_>,
    "pong" Pong,
    "output" Output<'_>,
    "deregister" Deregister<'_>,
    "launch" Launch<'_>,
    "kill" Kill,
    "message" Message<'_>,
    "inspect" Inspect,
    "inspection" Inspection<'_>,
}

/// A body that was encoded, and decoded to the same value.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) kind: Kind,
    pub(crate) bytes: Vec<u8>,
}

impl Sample {
    fn new<M>(rule: &str, message: &M) -> Self
    where
        M: Encode + Decode<'static> + PartialEq + Debug,
    {
        let bytes = to_bytes(message);
        assert_eq!(decode::<M>(bytes.clone().leak()).as_ref(), Ok(message));
        Self {
            kind: kind(rule),
            bytes,
        }
    }
}

pub(crate) fn kind(rule: &str) -> Kind {
    *KINDS.iter().find(|kind| kind.rule == rule).expect(rule)
}

/// The encoding, however long; what is longer than [`MAX_BODY`] is refused elsewhere.
pub(crate) fn to_bytes(message: &impl Encode) -> Vec<u8> {
    encode(message, &mut [0; 8 * MAX_BODY])
        .expect("fits")
        .to_vec()
}

/// A body of any kind.
pub(crate) fn sample() -> impl Strategy<Value = Sample> {
    prop_oneof![
        register().prop_map(|message| Sample::new("register", &message)),
        registered().prop_map(|message| Sample::new("registered", &message)),
        ping().prop_map(|message| Sample::new("ping", &message)),
        option::of(any::<u8>()).prop_map(|waiting| Sample::new("pong", &Pong { waiting })),
        output().prop_map(|message| Sample::new("output", &message)),
        deregister().prop_map(|message| Sample::new("deregister", &message)),
        launch().prop_map(|message| Sample::new("launch", &message)),
        kill().prop_map(|message| Sample::new("kill", &message)),
        message().prop_map(|message| Sample::new("message", &message)),
        inspect().prop_map(|message| Sample::new("inspect", &message)),
        inspection().prop_map(|message| Sample::new("inspection", &message)),
    ]
}

/// A description within every capacity.
pub(crate) fn description() -> impl Strategy<Value = Description> {
    let resources = btree_map(owned_text(32), value(), 0..=MAX_RESOURCES);
    let attributes = btree_map(owned_text(32), attribute_value(), 0..=MAX_ATTRIBUTES);
    (resources, attributes)
        .prop_map(|(resources, attributes)| Description {
            resources: resources.into_iter().collect(),
            attributes: attributes.into_iter().collect(),
        })
        .prop_filter("fits a description", |description| {
            description.to_bytes().is_ok()
        })
}

fn register() -> impl Strategy<Value = Register<'static>> {
    let length = 0..=u32::try_from(MAX_DESCRIPTION).expect("fits");
    (
        any::<u8>(),
        text(),
        any::<u32>().prop_map(BootId),
        any::<u32>(),
        length,
        option::of(bytes(512)),
        list(status_update()),
    )
        .prop_map(
            |(version, name, boot, ping_period, description_length, description, tasks)| Register {
                version,
                name,
                boot,
                ping_period,
                description_length,
                description,
                tasks,
            },
        )
}

fn registered() -> impl Strategy<Value = Registered> {
    (
        any::<u32>().prop_map(AgentId),
        session(),
        list::<_, MAX_TASKS>(task()),
    )
        .prop_map(|(agent, session, unwanted)| Registered {
            agent,
            session,
            unwanted,
        })
}

fn ping() -> impl Strategy<Value = Ping<'static>> {
    (session(), list(status_update())).prop_map(|(session, updates)| Ping { session, updates })
}

fn deregister() -> impl Strategy<Value = Deregister<'static>> {
    (session(), list(status_update()))
        .prop_map(|(session, updates)| Deregister { session, updates })
}

fn status_update() -> impl Strategy<Value = StatusUpdate<'static>> {
    (
        task(),
        prop::sample::select(&TaskState::ALL),
        option::of(any::<i32>()),
        option::of(text()),
    )
        .prop_map(|(task, state, exit_code, detail)| StatusUpdate {
            task,
            state,
            exit_code,
            detail,
        })
}

fn output() -> impl Strategy<Value = Output<'static>> {
    (session(), task(), any::<u32>(), bytes(MAX_PAYLOAD)).prop_map(
        |(session, task, sequence, payload)| Output {
            session,
            task,
            sequence,
            payload,
        },
    )
}

fn inspect() -> impl Strategy<Value = Inspect> {
    (session(), task(), option::of(any::<u32>())).prop_map(|(session, task, after)| Inspect {
        session,
        task,
        after,
    })
}

fn inspection() -> impl Strategy<Value = Inspection<'static>> {
    let lines = option::of((any::<u32>(), bytes(MAX_PAYLOAD)));
    let usage = option::of(any::<(u64, u64, u64)>());
    (lines, option::of(any::<bool>()), usage).prop_map(|(lines, more, usage)| Inspection {
        first: lines.map(|(first, _)| first),
        lines: lines.map(|(_, lines)| lines),
        more,
        cpu_ms: usage.map(|(cpu_ms, ..)| cpu_ms),
        mem: usage.map(|(_, mem, _)| mem),
        mem_peak: usage.map(|(.., mem_peak)| mem_peak),
    })
}

fn launch() -> impl Strategy<Value = Launch<'static>> {
    let variable = (text(), owned_text(200)).prop_map(|(key, value)| Variable {
        key,
        value: value.leak(),
    });
    (
        (
            session(),
            task(),
            any::<[u8; 32]>().prop_map(ModuleId),
            any::<u32>(),
            any::<u32>(),
        ),
        (option::of(any::<u32>()), option::of(any::<u32>())),
        list::<_, MAX_TASK_DEVICES>(text()),
        list::<_, MAX_ENV>(variable),
        option::of(any::<bool>()),
        [(); 4].map(|()| option::of(any::<u32>())),
    )
        .prop_map(
            |(always, (cpus, permissions), devices, env, restart, watched)| {
                let (session, task, module, module_size, mem) = always;
                let [stop_after_disconnected, deadline, max_silence, max_restarts] = watched;
                Launch {
                    session,
                    task,
                    module,
                    module_size,
                    mem,
                    cpus,
                    permissions,
                    devices,
                    env,
                    restart,
                    stop_after_disconnected,
                    deadline,
                    max_silence,
                    max_restarts,
                }
            },
        )
}

fn kill() -> impl Strategy<Value = Kill> {
    (session(), task()).prop_map(|(session, task)| Kill { session, task })
}

fn message() -> impl Strategy<Value = Message<'static>> {
    (session(), task(), bytes(MAX_PAYLOAD)).prop_map(|(session, task, payload)| Message {
        session,
        task,
        payload,
    })
}

fn value() -> impl Strategy<Value = Value> {
    let range = any::<(u16, u16)>().prop_map(|(a, b)| Range {
        start: a.min(b),
        end: a.max(b),
    });
    let class = prop::sample::select(&[DeviceClass::Sensor, DeviceClass::Actuator]);
    let access = prop::sample::select(&[Access::Shared, Access::Exclusive]);
    prop_oneof![
        any::<u64>().prop_map(Value::Scalar),
        vec(range, 0..=MAX_ITEMS).prop_map(Value::Ranges),
        // A set without members cannot be told from ranges without members.
        btree_set(owned_text(32), 1..=MAX_ITEMS).prop_map(Value::Set),
        (class, owned_text(32), access).prop_map(|(class, kind, access)| {
            Value::Device(Device {
                class,
                kind: kind.into(),
                access,
            })
        }),
    ]
}

fn attribute_value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        any::<u64>().prop_map(AttributeValue::Number),
        owned_text(64).prop_map(|text| AttributeValue::Text(text.into())),
        vec(owned_text(64).prop_map_into(), 0..=MAX_ITEMS)
            .prop_map(|texts| AttributeValue::Texts(texts.into())),
    ]
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<u32>().prop_map(SessionId)
}

fn task() -> impl Strategy<Value = TaskId> {
    any::<u64>().prop_map(TaskId)
}

fn list<S: Strategy, const N: usize>(member: S) -> impl Strategy<Value = List<S::Value, N>>
where
    S::Value: Clone,
{
    vec(member, 0..=N).prop_map(List::from_first)
}

fn bytes(max: usize) -> impl Strategy<Value = &'static [u8]> {
    vec(any::<u8>(), 0..=max).prop_map(|bytes| &*bytes.leak())
}

fn text<const MAX: usize>() -> impl Strategy<Value = Text<'static, MAX>> {
    owned_text(MAX).prop_map(|text| Text::new(text.leak()).expect("drawn within the rules"))
}

/// 1 to `max` bytes without control characters, some of them of more than one byte.
fn owned_text(max: usize) -> impl Strategy<Value = String> {
    "[ -~äß°€🌡]{1,64}".prop_map(move |text| {
        let end = text
            .char_indices()
            .map(|(at, character)| at + character.len_utf8())
            .take_while(|end| *end <= max)
            .last()
            .expect("one character fits");
        text[..end].to_owned()
    })
}
