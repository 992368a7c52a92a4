//! Everything around an agent, as small machines with data: a master, a link, a storage and an
//! executor, on one virtual clock.

mod ask;
mod executor;
mod inspected;
mod link;
mod master;
mod record;
mod records;
mod storage;
mod world;

use std::time::Duration;

use edgerm_agent_core::Config;
use edgerm_coap::oscore::Credential;
use edgerm_protocol::description::Description;
use edgerm_protocol::resource::{
    Access, Attribute, AttributeValue, Device, DeviceClass, Name, Resource, Value, names,
};
use edgerm_protocol::{Instant, ModuleId, TaskId, encode};
use sha2::{Digest, Sha256};

pub(crate) use ask::{Answer, Ask, LaunchSpec};
pub(crate) use executor::Executor;
pub(crate) use inspected::Inspected;
pub(crate) use link::{Link, Network, To};
pub(crate) use master::Master;
pub(crate) use records::Records;
pub(crate) use storage::Storage;
pub(crate) use world::{Happened, World};

/// Tasks in the agent's table: one more than it has slots.
pub(crate) const TASKS: usize = 4;

pub(crate) const FIRST: TaskId = TaskId(0x0123_4567_89ab_cdef);
pub(crate) const SECOND: TaskId = TaskId(0x1123_4567_89ab_cdef);

/// The device that the agent has.
pub(crate) const THERMOMETER: &str = "thermometer";

pub(crate) fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn config() -> Config {
    Config {
        slots: TASKS - 1,
        max_task_mem: 64 * 1024,
        max_module: 16 * 1024,
        max_outputs: 4,
        ..Config::default()
    }
}

/// What the agent proves itself with.
pub(crate) fn credential() -> Credential {
    Credential::new([1, 2, 3, 4], [0x5e; 16], [7; 8])
}

/// The same, of an agent whose driver keeps records.
pub(crate) fn keeping() -> Config {
    Config {
        keeps_records: true,
        ..config()
    }
}

/// A module of so many bytes, and its id.
pub(crate) fn module(length: usize) -> (ModuleId, Vec<u8>) {
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
    (id_of(&bytes), bytes)
}

pub(crate) fn id_of(bytes: &[u8]) -> ModuleId {
    ModuleId(Sha256::digest(bytes).into())
}

/// What the agent has: slots, a thermometer, and so many attributes of 64 bytes each.
pub(crate) fn description(attributes: usize) -> Vec<u8> {
    let labels: Vec<String> = (0..attributes).map(|i| format!("attribute-{i}")).collect();
    let text = "x".repeat(64);
    let resources = [
        Resource {
            name: name(names::TASKS),
            value: Value::Scalar(3),
        },
        Resource {
            name: name(THERMOMETER),
            value: Value::Device(Device {
                class: DeviceClass::Sensor,
                kind: name("temperature"),
                access: Access::Shared,
            }),
        },
    ];
    let attributes: Vec<Attribute<'_>> = labels
        .iter()
        .map(|label| Attribute {
            name: name(label),
            value: AttributeValue::Text(edgerm_protocol::codec::Text::new(&text).expect("a text")),
        })
        .collect();
    let description = Description {
        resources: &resources,
        attributes: &attributes,
    };
    let mut buffer = [0; 4096];
    encode(&description, &mut buffer).expect("it fits").to_vec()
}

pub(crate) fn name(text: &str) -> Name<'_> {
    Name::new(text).expect("a name")
}
