//! What an agent has: resources, which tasks consume, and attributes, which are true of it.
//!
//! `cpus` are thousandths of one core, `mem` and `disk` bytes, `tasks` slots; `ports` are ranges.
//! `docs/resources.md` lists the standard names. There are no floats.

use core::fmt;

use crate::cbor::{Kind, cbor_map, cbor_numbers};
use crate::codec::{Decode, Decoder, Encode, Encoder, List, Stopped, Text};
use crate::limits::{MAX_ATTRIBUTE, MAX_ITEMS, MAX_NAME};

/// The name of a resource, a device, an attribute or an agent.
pub type Name<'a> = Text<'a, MAX_NAME>;

/// Standard names of resources that are no devices.
pub mod names {
    /// Thousandths of a core.
    pub const CPUS: &str = "cpus";
    /// Bytes of memory that tasks may have together.
    pub const MEM: &str = "mem";
    /// Bytes of storage.
    pub const DISK: &str = "disk";
    /// Task slots.
    pub const TASKS: &str = "tasks";
    /// Network ports, as ranges.
    pub const PORTS: &str = "ports";

    /// All of them.
    pub const ALL: [&str; 5] = [CPUS, MEM, DISK, TASKS, PORTS];
}

/// One resource of an agent: under its name, how much there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// What it is called; for a device its label, unique on the agent.
    pub name: Name<'a>,
    /// What there is of it.
    pub value: Value<'a>,
}

/// How much there is of a resource. The CBOR type tells the variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An amount, in the resource's unit.
    Scalar(u64),
    /// Numbers, such as ports.
    Ranges(List<Range, MAX_ITEMS>),
    /// Names, each of which one task may have.
    Set(List<Name<'a>, MAX_ITEMS>),
    /// A sensor or an actuator.
    Device(Device<'a>),
}

/// The numbers from `start` to `end`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first number.
    pub start: u16,
    /// The last number, not below the first.
    pub end: u16,
}

/// A sensor or an actuator of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device<'a> {
    /// Which way it works.
    pub class: DeviceClass,
    /// What it measures or moves, by its standard name: `temperature`, `led`.
    pub kind: Name<'a>,
    /// How many tasks may use it at once.
    pub access: Access,
}

cbor_map!(Device<'a> {
    0: class,
    1: kind,
    2: access,
});

/// Which way a device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum DeviceClass {
    /// It is read.
    Sensor,
    /// It is written.
    Actuator,
}

cbor_numbers!(DeviceClass {
    0: Sensor,
    1: Actuator,
});

/// How many tasks may use a device at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum Access {
    /// Any number of tasks.
    Shared,
    /// One task.
    Exclusive,
}

cbor_numbers!(Access {
    0: Shared,
    1: Exclusive,
});

/// Something true of an agent: `os`, `arch`, `board`, ...
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// What it is called.
    pub name: Name<'a>,
    /// What is true.
    pub value: AttributeValue<'a>,
}

/// The value of an attribute. The CBOR type tells the variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue<'a> {
    /// A number.
    Number(u64),
    /// A text.
    Text(Text<'a, MAX_ATTRIBUTE>),
    /// Several texts, such as the executors.
    Texts(List<Text<'a, MAX_ATTRIBUTE>, MAX_ITEMS>),
}

impl fmt::Display for DeviceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sensor => "sensor",
            Self::Actuator => "actuator",
        })
    }
}

#[cfg(feature = "api")]
impl serde::Serialize for Range {
    /// As `[start, end]`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.start, self.end).serialize(serializer)
    }
}

#[cfg(feature = "api")]
impl<'de> serde::Deserialize<'de> for Range {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (start, end) = <(u16, u16)>::deserialize(deserializer)?;
        if start > end {
            return Err(serde::de::Error::custom("a range ends before it starts"));
        }
        Ok(Self { start, end })
    }
}

impl Encode for Range {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.array(2);
        self.start.encode(encoder);
        self.end.encode(encoder);
    }
}

impl Decode<'_> for Range {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, Stopped> {
        if decoder.array()? != 2 {
            return decoder.beyond();
        }
        let range = Self {
            start: decoder.read()?,
            end: decoder.read()?,
        };
        if range.start > range.end {
            decoder.beyond()
        } else {
            Ok(range)
        }
    }
}

impl Encode for Value<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        match self {
            Self::Scalar(amount) => amount.encode(encoder),
            Self::Ranges(ranges) => ranges.encode(encoder),
            Self::Set(names) => names.encode(encoder),
            Self::Device(device) => device.encode(encoder),
        }
    }
}

impl<'b> Decode<'b> for Value<'b> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let kind = decoder.kind()?;
        if kind == Kind::Unsigned {
            decoder.read().map(Self::Scalar)
        } else if kind == Kind::Map {
            decoder.read().map(Self::Device)
        } else if holds_texts(decoder)? {
            decoder.read().map(Self::Set)
        } else {
            decoder.read().map(Self::Ranges)
        }
    }
}

impl Encode for AttributeValue<'_> {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        match self {
            Self::Number(number) => number.encode(encoder),
            Self::Text(text) => text.encode(encoder),
            Self::Texts(texts) => texts.encode(encoder),
        }
    }
}

impl<'b> Decode<'b> for AttributeValue<'b> {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, Stopped> {
        let kind = decoder.kind()?;
        if kind == Kind::Text {
            decoder.read().map(Self::Text)
        } else if kind == Kind::Array {
            decoder.read().map(Self::Texts)
        } else {
            decoder.read().map(Self::Number)
        }
    }
}

/// Whether the array that comes next, which is not consumed, begins with a text.
fn holds_texts(decoder: &mut Decoder<'_>) -> Result<bool, Stopped> {
    let mut probe = decoder.clone();
    let holds = match probe.array() {
        Ok(0) => Ok(false),
        Ok(_) => probe.kind().map(|kind| kind == Kind::Text),
        Err(stopped) => Err(stopped),
    };
    if holds.is_err() {
        // It stops here as it did there.
        *decoder = probe;
    }
    holds
}
