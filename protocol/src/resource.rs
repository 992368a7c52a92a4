//! What an agent has: resources, which tasks consume, and attributes, which are true of it.
//!
//! `cpus` are thousandths of one core, `mem` and `disk` bytes, `tasks` slots; `ports` are ranges.
//! `docs/resources.md` lists the standard names. There are no floats.

use core::fmt;

use minicbor::data::Type;
use minicbor::encode::write::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::codec::{List, Text, out_of_range};
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Device<'a> {
    /// Which way it works.
    #[n(0)]
    pub class: DeviceClass,
    /// What it measures or moves, by its standard name: `temperature`, `led`.
    #[b(1)]
    pub kind: Name<'a>,
    /// How many tasks may use it at once.
    #[n(2)]
    pub access: Access,
}

/// Which way a device works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum DeviceClass {
    /// It is read.
    #[n(0)]
    Sensor,
    /// It is written.
    #[n(1)]
    Actuator,
}

/// How many tasks may use a device at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(rename_all = "camelCase"))]
pub enum Access {
    /// Any number of tasks.
    #[n(0)]
    Shared,
    /// One task.
    #[n(1)]
    Exclusive,
}

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

impl<Ctx> Encode<Ctx> for Range {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        _: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        encoder.array(2)?.u16(self.start)?.u16(self.end)?.ok()
    }
}

impl<'b, Ctx> Decode<'b, Ctx> for Range {
    fn decode(decoder: &mut Decoder<'b>, _: &mut Ctx) -> Result<Self, minicbor::decode::Error> {
        if decoder.array()? != Some(2) {
            return Err(out_of_range(decoder));
        }
        let range = Self {
            start: decoder.u16()?,
            end: decoder.u16()?,
        };
        if range.start > range.end {
            Err(out_of_range(decoder))
        } else {
            Ok(range)
        }
    }
}

impl<Ctx> Encode<Ctx> for Value<'_> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Scalar(amount) => encoder.u64(*amount)?.ok(),
            Self::Ranges(ranges) => ranges.encode(encoder, ctx),
            Self::Set(names) => names.encode(encoder, ctx),
            Self::Device(device) => device.encode(encoder, ctx),
        }
    }
}

impl<'b, Ctx> Decode<'b, Ctx> for Value<'b> {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut Ctx) -> Result<Self, minicbor::decode::Error> {
        if is_unsigned(decoder.datatype()?) {
            return Ok(Self::Scalar(decoder.u64()?));
        }
        if decoder.datatype()? == Type::Map {
            return Ok(Self::Device(Decode::decode(decoder, ctx)?));
        }
        match first_member(decoder)? {
            Some(Type::String) => Ok(Self::Set(Decode::decode(decoder, ctx)?)),
            _ => Ok(Self::Ranges(Decode::decode(decoder, ctx)?)),
        }
    }
}

impl<Ctx> Encode<Ctx> for AttributeValue<'_> {
    fn encode<W: Write>(
        &self,
        encoder: &mut Encoder<W>,
        ctx: &mut Ctx,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Number(number) => encoder.u64(*number)?.ok(),
            Self::Text(text) => text.encode(encoder, ctx),
            Self::Texts(texts) => texts.encode(encoder, ctx),
        }
    }
}

impl<'b, Ctx> Decode<'b, Ctx> for AttributeValue<'b> {
    fn decode(decoder: &mut Decoder<'b>, ctx: &mut Ctx) -> Result<Self, minicbor::decode::Error> {
        let datatype = decoder.datatype()?;
        if datatype == Type::String {
            Ok(Self::Text(Decode::decode(decoder, ctx)?))
        } else if datatype == Type::Array {
            Ok(Self::Texts(Decode::decode(decoder, ctx)?))
        } else {
            Ok(Self::Number(decoder.u64()?))
        }
    }
}

fn is_unsigned(datatype: Type) -> bool {
    matches!(datatype, Type::U8 | Type::U16 | Type::U32 | Type::U64)
}

/// The type of the first member of the array that comes next, which is not consumed.
fn first_member(decoder: &Decoder<'_>) -> Result<Option<Type>, minicbor::decode::Error> {
    let mut probe = decoder.clone();
    match probe.array()? {
        Some(0) => Ok(None),
        Some(_) => probe.datatype().map(Some),
        None => Err(out_of_range(&probe)),
    }
}
