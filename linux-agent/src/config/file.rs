//! The settings as a TOML file has them, before anything is understood of their values.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use edgerm_protocol::{owned, resource};
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// The whole file. `agent.example.toml` explains every key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Option<Scalar>,
    pub(super) master: Option<Scalar>,
    pub(super) credential: Option<PathBuf>,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) cpus: Option<Scalar>,
    pub(super) mem: Option<Scalar>,
    pub(super) disk: Option<Scalar>,
    pub(super) ports: Option<Scalar>,
    pub(super) docker: Option<PathBuf>,
    #[serde(default)]
    pub(super) reserve: Reserve,
    #[serde(default)]
    pub(super) container: Container,
    pub(super) slots: Option<Scalar>,
    pub(super) max_task_mem: Option<Scalar>,
    pub(super) module_cache: Option<Scalar>,
    pub(super) restart: Option<Scalar>,
    pub(super) ping_period: Option<Scalar>,
    pub(super) hwmon: Option<Scalar>,
    pub(super) iio: Option<Scalar>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Attribute>,
    #[serde(default)]
    pub(super) sensor: Vec<Sensor>,
    #[serde(default)]
    pub(super) actuator: Vec<Actuator>,
}

/// A number, a boolean or a text, as a text: flags and environment have nothing else.
#[derive(Debug)]
pub(super) struct Scalar(pub(super) String);

/// The value of an attribute.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "an attribute is a text, a whole number or a list of texts"
)]
pub(super) enum Attribute {
    Number(u64),
    Text(String),
    Texts(Vec<String>),
}

/// `[[sensor]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sensor {
    pub(super) label: String,
    pub(super) kind: String,
    #[serde(default = "shared")]
    pub(super) access: Access,
    pub(super) simulate: Option<Simulate>,
    pub(super) path: Option<PathBuf>,
}

/// `simulate` of a sensor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Simulate {
    Constant(Scalar),
    Sine(Sine),
    Replay(Replay),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sine {
    pub(super) mean: Scalar,
    pub(super) amplitude: Scalar,
    pub(super) period: Scalar,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    pub(super) path: PathBuf,
    #[serde(default)]
    pub(super) column: usize,
}

/// `[[actuator]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Actuator {
    pub(super) label: String,
    pub(super) kind: String,
    #[serde(default = "exclusive")]
    pub(super) access: Access,
    /// Said in so many words, so that nobody waits for a declared motor to turn.
    pub(super) simulate: Option<SimulateActuator>,
    pub(super) path: Option<PathBuf>,
}

/// `[reserve]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reserve {
    pub(super) cpus: Option<Scalar>,
    pub(super) mem: Option<Scalar>,
    pub(super) disk: Option<Scalar>,
}

/// `[container]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Container {
    pub(super) mounts: Vec<PathBuf>,
    pub(super) capabilities: Vec<String>,
    pub(super) host_network: bool,
}

/// `simulate` of an actuator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SimulateActuator {
    Memory,
}

/// `access`
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Access {
    Shared,
    Exclusive,
}

const fn shared() -> Access {
    Access::Shared
}

const fn exclusive() -> Access {
    Access::Exclusive
}

impl From<Access> for resource::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::Shared => Self::Shared,
            Access::Exclusive => Self::Exclusive,
        }
    }
}

impl From<Attribute> for owned::AttributeValue {
    fn from(attribute: Attribute) -> Self {
        match attribute {
            Attribute::Number(number) => Self::Number(number),
            Attribute::Text(text) => Self::Text(text.into()),
            Attribute::Texts(texts) => Self::Texts(texts.into_iter().map(Into::into).collect()),
        }
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Scalar, E> {
        Ok(Scalar(boolean.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }

    /// The shortest decimal that means this number: what stood in the file, up to 15 digits.
    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar(number.to_string()))
    }
}
