//! Forms that own what they hold, for whoever has a heap: the master, the Linux agent, the
//! HTTP API.

mod named;

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use ecow::{EcoString, EcoVec};
pub use named::Named;

use crate::codec::{List, Text, TextError};
use crate::description::{self, EncodedDescription, Member};
use crate::limits::{MAX_ATTRIBUTES, MAX_DESCRIPTION, MAX_ITEMS, MAX_RESOURCES};
use crate::resource::{self, Access, DeviceClass, Range};

/// Resources by name.
pub type Resources = Named<Value>;

/// Attributes by name.
pub type Attributes = Named<AttributeValue>;

/// What an agent tells of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// What tasks may consume.
    pub resources: Resources,
    /// What is true.
    pub attributes: Attributes,
}

/// How much there is of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(untagged))]
pub enum Value {
    /// An amount, in the resource's unit.
    Scalar(u64),
    /// Numbers, such as ports.
    Ranges(Vec<Range>),
    /// Names, each of which one task may have.
    Set(BTreeSet<String>),
    /// A sensor or an actuator.
    Device(Device),
}

impl Value {
    /// A sensor or an actuator.
    pub fn device(class: DeviceClass, kind: &str, access: Access) -> Self {
        let kind = kind.into();
        Self::Device(Device {
            class,
            kind,
            access,
        })
    }
}

/// A sensor or an actuator of an agent, under its label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(deny_unknown_fields))]
pub struct Device {
    /// Which way it works.
    pub class: DeviceClass,
    /// What it measures or moves, by its standard name.
    pub kind: EcoString,
    /// How many tasks may use it at once.
    pub access: Access,
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "api", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "api", serde(untagged))]
pub enum AttributeValue {
    /// A number.
    Number(u64),
    /// A text.
    Text(EcoString),
    /// Several texts, such as the executors.
    Texts(EcoVec<EcoString>),
}

impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Texts(texts) => {
                for (place, text) in texts.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(f, "{comma}{text}")?;
                }
                Ok(())
            }
        }
    }
}

/// A name that stands twice in a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateName(pub EcoString);

impl fmt::Display for DuplicateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} stands twice in the description", self.0)
    }
}

impl core::error::Error for DuplicateName {}

impl TryFrom<EncodedDescription<'_>> for Description {
    type Error = DuplicateName;

    fn try_from(encoded: EncodedDescription<'_>) -> Result<Self, DuplicateName> {
        let (mut resources, mut attributes) = (Vec::new(), Vec::new());
        encoded.for_each(|member| match member {
            Member::Resource(resource::Resource { name, value }) => {
                resources.push((name.as_str().into(), value.into()));
            }
            Member::Attribute(resource::Attribute { name, value }) => {
                attributes.push((name.as_str().into(), value.into()));
            }
        });
        Ok(Self {
            resources: Named::from_distinct(resources).map_err(DuplicateName)?,
            attributes: Named::from_distinct(attributes).map_err(DuplicateName)?,
        })
    }
}

impl From<resource::Value<'_>> for Value {
    fn from(value: resource::Value<'_>) -> Self {
        match value {
            resource::Value::Scalar(amount) => Self::Scalar(amount),
            resource::Value::Ranges(ranges) => Self::Ranges(ranges.to_vec()),
            resource::Value::Set(names) => {
                Self::Set(names.iter().map(|name| name.as_str().to_owned()).collect())
            }
            resource::Value::Device(device) => Self::Device(Device {
                class: device.class,
                kind: device.kind.as_str().into(),
                access: device.access,
            }),
        }
    }
}

impl From<resource::AttributeValue<'_>> for AttributeValue {
    fn from(value: resource::AttributeValue<'_>) -> Self {
        match value {
            resource::AttributeValue::Number(number) => Self::Number(number),
            resource::AttributeValue::Text(text) => Self::Text(text.as_str().into()),
            resource::AttributeValue::Texts(texts) => {
                Self::Texts(texts.iter().map(|text| text.as_str().into()).collect())
            }
        }
    }
}

/// A description that cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptionError {
    /// A name or a text breaks a rule.
    Text {
        /// The name, or the text, that does.
        text: String,
        /// Which rule.
        error: TextError,
    },
    /// More resources, attributes or members of one than [`crate::limits`] allow.
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The encoding is longer than [`MAX_DESCRIPTION`].
    TooLarge,
}

impl fmt::Display for DescriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { text, error } => write!(f, "the name or text {text:?} is {error}"),
            Self::TooMany { what, count, max } => write!(f, "{count} {what}, {max} are allowed"),
            Self::TooLarge => write!(f, "the description is longer than {MAX_DESCRIPTION} bytes"),
        }
    }
}

impl core::error::Error for DescriptionError {}

impl Description {
    /// The encoded description, at most [`MAX_DESCRIPTION`] bytes.
    ///
    /// # Errors
    ///
    /// [`DescriptionError`], by the first member that cannot be told.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DescriptionError> {
        at_most("resources", self.resources.len(), MAX_RESOURCES)?;
        at_most("attributes", self.attributes.len(), MAX_ATTRIBUTES)?;
        let resources = self
            .resources
            .iter()
            .map(|(name, value)| {
                Ok(resource::Resource {
                    name: text(name)?,
                    value: value.borrowed()?,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let attributes = self
            .attributes
            .iter()
            .map(|(name, value)| {
                Ok(resource::Attribute {
                    name: text(name)?,
                    value: value.borrowed()?,
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut buffer = [0; MAX_DESCRIPTION];
        let description = description::Description {
            resources: &resources,
            attributes: &attributes,
        };
        match crate::encode(&description, &mut buffer) {
            Ok(bytes) => Ok(bytes.to_vec()),
            Err(crate::EncodeError::TooLarge { .. }) => Err(DescriptionError::TooLarge),
        }
    }
}

impl Value {
    fn borrowed(&self) -> Result<resource::Value<'_>, DescriptionError> {
        Ok(match self {
            Self::Scalar(amount) => resource::Value::Scalar(*amount),
            Self::Ranges(ranges) => {
                at_most("ranges", ranges.len(), MAX_ITEMS)?;
                resource::Value::Ranges(List::from_first(ranges.iter().copied()))
            }
            Self::Set(names) => {
                at_most("members", names.len(), MAX_ITEMS)?;
                resource::Value::Set(texts(names)?)
            }
            Self::Device(device) => resource::Value::Device(resource::Device {
                class: device.class,
                kind: text(&device.kind)?,
                access: device.access,
            }),
        })
    }
}

impl AttributeValue {
    fn borrowed(&self) -> Result<resource::AttributeValue<'_>, DescriptionError> {
        Ok(match self {
            Self::Number(number) => resource::AttributeValue::Number(*number),
            Self::Text(value) => resource::AttributeValue::Text(text(value)?),
            Self::Texts(values) => {
                at_most("texts", values.len(), MAX_ITEMS)?;
                resource::AttributeValue::Texts(texts(values)?)
            }
        })
    }
}

fn text<const MAX: usize>(text: &str) -> Result<Text<'_, MAX>, DescriptionError> {
    Text::new(text).map_err(|error| DescriptionError::Text {
        text: text.to_owned(),
        error,
    })
}

fn texts<'a, const MAX: usize>(
    members: impl IntoIterator<Item = &'a (impl AsRef<str> + 'a)>,
) -> Result<List<Text<'a, MAX>, MAX_ITEMS>, DescriptionError> {
    let members = members
        .into_iter()
        .map(|member| text(member.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(List::from_first(members))
}

fn at_most(what: &'static str, count: usize, max: usize) -> Result<(), DescriptionError> {
    if count > max {
        Err(DescriptionError::TooMany { what, count, max })
    } else {
        Ok(())
    }
}
