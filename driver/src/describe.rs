//! What a node tells of itself, written into a buffer member by member.

use core::fmt;

use edgerm_protocol::codec::{EncodeError, List, Text};
use edgerm_protocol::description::Writer;
use edgerm_protocol::limits::{MAX_ATTRIBUTE, MAX_ATTRIBUTES, MAX_RESOURCES};
use edgerm_protocol::resource::{self, AttributeValue, Name, Value, names};
use edgerm_protocol::standard::{AFTER_REBOOT, TASKS, attributes};
use edgerm_task_abi::Feature;

use crate::port::{Device, Devices};

/// A node, as its platform and its firmware's author know it. An empty text is left out.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Thousandths of a core that tasks have together.
    pub cpus: u64,
    /// Bytes of memory that tasks have together: those of the slots' arenas that the engine
    /// leaves.
    pub mem: u64,
    /// Bytes of storage; 0 is left out.
    pub disk: u64,
    /// Tasks that run at once.
    pub slots: usize,
    /// Bytes of memory that one task may have: `max_task_mem` of the agent's configuration.
    pub max_task_mem: u32,
    /// Bytes that a module may have: `max_module` of the agent's configuration.
    pub max_module: u32,
    /// Whether tasks that say so start again after a reboot: [`crate::port::Records::KEPT`].
    pub restarts: bool,
    /// The operating system: `zephyr`.
    pub os: &'a str,
    /// The processor's architecture, as Rust names it: `arm`.
    pub arch: &'a str,
    /// The board, as Zephyr names it.
    pub board: &'a str,
    /// What the engine has of WASM beyond its first version, and floats.
    pub features: &'a [Feature],
    /// What the firmware's author adds, by name; none may bear a standard name used here.
    pub attributes: &'a [(&'a str, Fact<'a>)],
}

/// Something true of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<'a> {
    /// A text of 1 to 64 bytes, or an empty one, which is left out.
    Text(&'a str),
    /// A number.
    Number(u64),
}

/// Why a node cannot be described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescribeError {
    /// The device of this number has a label or a kind that is no name, or a label that another
    /// resource has.
    Device(usize),
    /// The added attribute of this number has a name that is none or is taken, or too long a text.
    Attribute(usize),
    /// The standard attribute of this name has too long a text.
    Text(&'static str),
    /// More devices or attributes than a description may have.
    TooMany,
    /// The buffer is too short.
    TooLarge {
        /// Bytes it has.
        capacity: usize,
    },
}

impl fmt::Display for DescribeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(index) => write!(
                f,
                "device {index} needs a label and a kind of 1 to 32 bytes, the label its own"
            ),
            Self::Attribute(index) => write!(
                f,
                "attribute {index} needs a name of 1 to 32 bytes of its own and a text of at most 64"
            ),
            Self::Text(name) => write!(f, "the text of {name} has more than 64 bytes"),
            Self::TooMany => f.write_str("too many devices or attributes"),
            Self::TooLarge { capacity } => write!(f, "does not fit {capacity} bytes"),
        }
    }
}

impl core::error::Error for DescribeError {}

impl From<EncodeError> for DescribeError {
    fn from(error: EncodeError) -> Self {
        let EncodeError::TooLarge { capacity } = error else {
            return Self::TooLarge { capacity: 0 };
        };
        Self::TooLarge { capacity }
    }
}

/// Encodes what `node` and its devices are at the start of `buffer`, of which a node with a few
/// devices needs some 400 bytes, and gives the bytes written.
///
/// # Errors
///
/// [`DescribeError`], by what the master would not understand.
pub fn describe<'b>(
    node: &Node<'_>,
    devices: &impl Devices,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], DescribeError> {
    let scalars = [
        (names::CPUS, node.cpus),
        (names::MEM, node.mem),
        (names::TASKS, node.slots as u64),
        (names::DISK, node.disk),
    ];
    let scalars = scalars.iter();
    let scalars = scalars.filter(|(name, amount)| *amount > 0 || *name != names::DISK);
    let count = scalars.clone().count() + iter(devices).count();
    if count > MAX_RESOURCES {
        return Err(DescribeError::TooMany);
    }
    let mut writer = Writer::new(buffer, count)?;
    for (name, amount) in scalars {
        writer.resource(standard(name)?, &Value::Scalar(*amount))?;
    }
    for (index, device) in iter(devices).enumerate() {
        let is_taken = iter(devices)
            .take(index)
            .any(|other| other.label == device.label)
            || names::ALL.contains(&device.label);
        let (label, value) = resource(&device)
            .filter(|_| !is_taken)
            .ok_or(DescribeError::Device(index))?;
        writer.resource(label, &value)?;
    }
    write_attributes(node, &mut writer)?;
    Ok(writer.finish())
}

fn iter(devices: &impl Devices) -> impl Iterator<Item = Device<'_>> {
    (0..).map_while(|index| devices.device(index))
}

fn resource<'a>(device: &Device<'a>) -> Option<(Name<'a>, Value<'a>)> {
    let label = Name::new(device.label).ok()?;
    let value = Value::Device(resource::Device {
        class: device.class,
        kind: Name::new(device.kind).ok()?,
        access: device.access,
    });
    Some((label, value))
}

fn write_attributes(node: &Node<'_>, writer: &mut Writer<'_>) -> Result<(), DescribeError> {
    let texts_of_its_own = [
        (attributes::OS, node.os),
        (attributes::ARCH, node.arch),
        (attributes::BOARD, node.board),
        (
            attributes::RESTART,
            if node.restarts { AFTER_REBOOT } else { "" },
        ),
        (attributes::SUPERVISES, TASKS),
    ];
    let texts_of_its_own = texts_of_its_own.iter().filter(|(_, text)| !text.is_empty());
    let features = node.features.iter().map(|feature| feature.name());
    let others = [
        (
            attributes::MAX_TASK_MEM,
            AttributeValue::Number(node.max_task_mem.into()),
        ),
        (
            attributes::MAX_MODULE,
            AttributeValue::Number(node.max_module.into()),
        ),
        (attributes::EXECUTORS, texts(["wasm"].into_iter())),
        (attributes::WASM_FEATURES, texts(features)),
    ];
    let added = node.attributes.iter().enumerate();
    let added = added.filter(|(_, (_, fact))| *fact != Fact::Text(""));
    let count = texts_of_its_own.clone().count() + others.len() + added.clone().count();
    if count > MAX_ATTRIBUTES {
        return Err(DescribeError::TooMany);
    }
    writer.attributes(count)?;
    for (name, text) in texts_of_its_own {
        let (own, value) = attribute(name, Fact::Text(text)).ok_or(DescribeError::Text(name))?;
        writer.attribute(own, &value)?;
    }
    for (name, value) in &others {
        writer.attribute(standard(name)?, value)?;
    }
    for (index, (name, fact)) in added {
        let mut earlier = node.attributes[..index].iter();
        let is_taken = STANDARD.contains(name) || earlier.any(|(other, _)| other == name);
        let (own, value) = attribute(name, *fact)
            .filter(|_| !is_taken)
            .ok_or(DescribeError::Attribute(index))?;
        writer.attribute(own, &value)?;
    }
    Ok(())
}

/// Attributes that are a node's own to tell.
const STANDARD: [&str; 9] = [
    attributes::OS,
    attributes::ARCH,
    attributes::BOARD,
    attributes::MAX_TASK_MEM,
    attributes::MAX_MODULE,
    attributes::EXECUTORS,
    attributes::WASM_FEATURES,
    attributes::RESTART,
    attributes::SUPERVISES,
];

fn attribute<'a>(name: &'a str, fact: Fact<'a>) -> Option<(Name<'a>, AttributeValue<'a>)> {
    let value = match fact {
        Fact::Text(text) => AttributeValue::Text(Text::<MAX_ATTRIBUTE>::new(text).ok()?),
        Fact::Number(number) => AttributeValue::Number(number),
    };
    Some((Name::new(name).ok()?, value))
}

fn texts(texts: impl Iterator<Item = &'static str>) -> AttributeValue<'static> {
    let texts = texts.filter_map(|text| Text::new(text).ok());
    AttributeValue::Texts(List::from_first(texts))
}

/// A standard name, which is one.
fn standard(name: &'static str) -> Result<Name<'static>, DescribeError> {
    Name::new(name).map_err(|_| DescribeError::Text(name))
}
