//! The types that the host API is written down in.

use core::fmt;

use crate::table::HOST_FUNCTIONS;
use crate::{ErrorCode, Permission};

/// A version of the host API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Grows when a function changes or goes.
    pub major: u16,
    /// Grows when a function is added.
    pub minor: u16,
}

impl Version {
    /// As one number: the major version times 65,536, plus the minor one.
    pub const fn number(self) -> i32 {
        (self.major as i32) << 16 | self.minor as i32
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A WASM type. The host API has no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// 32 bits.
    I32,
    /// 64 bits.
    I64,
}

impl ValueType {
    /// The name, as WASM's text format has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
        }
    }
}

impl fmt::Display for ValueType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A WASM value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// 32 bits.
    I32(i32),
    /// 64 bits.
    I64(i64),
}

impl From<ErrorCode> for Value {
    fn from(error: ErrorCode) -> Self {
        Self::I32(error.code())
    }
}

/// One function of the host API. Its number is its place in [`HOST_FUNCTIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `abi_version`
    AbiVersion,
    /// `exit`
    Exit,
    /// `sleep_ms`
    SleepMs,
    /// `log`
    Log,
    /// `clock_monotonic_ms`
    ClockMonotonicMs,
    /// `clock_unix_ms`
    ClockUnixMs,
    /// `env_get`
    EnvGet,
    /// `sensor_open`
    SensorOpen,
    /// `sensor_read`
    SensorRead,
    /// `actuator_open`
    ActuatorOpen,
    /// `actuator_write`
    ActuatorWrite,
    /// `emit`
    Emit,
    /// `message_receive`
    MessageReceive,
    /// `kv_get`
    KvGet,
    /// `kv_set`
    KvSet,
    /// `coap_post`
    CoapPost,
}

impl Function {
    /// All that is written down of it.
    pub const fn description(self) -> &'static HostFunction {
        &HOST_FUNCTIONS[self as usize]
    }

    /// The function that tasks import under this name.
    pub fn from_name(name: &str) -> Option<Self> {
        HOST_FUNCTIONS
            .iter()
            .find(|host_function| host_function.name == name)
            .map(|host_function| host_function.function)
    }
}

/// What is written down of one function.
#[derive(Clone, Copy, Debug)]
pub struct HostFunction {
    /// Which one.
    pub function: Function,
    /// The name that a task imports it under.
    pub name: &'static str,
    /// Its parameters, at most [`MAX_PARAMS`].
    pub params: &'static [Param],
    /// The type of its result. `None`: it does not return.
    pub result: Option<ValueType>,
    /// What the launch must grant. `None`: every task may call it.
    pub permission: Option<Permission>,
    /// The first version of the host API that has it.
    pub since: Version,
    /// What it does, in sentences.
    pub doc: &'static str,
    /// What it returns where it succeeds; empty where it does not return. Where it fails it
    /// returns one of [`Self::errors`].
    pub returns: &'static str,
    /// The codes that it may return, [`ErrorCode::NotPermitted`] for want of the permission
    /// left out.
    pub errors: &'static [ErrorCode],
}

impl HostFunction {
    /// The WASM types of its parameters.
    pub fn param_types(&self) -> impl ExactSizeIterator<Item = ValueType> + Clone {
        self.params.iter().map(|param| param.kind.value_type())
    }
}

/// Parameters of a function at most.
pub const MAX_PARAMS: usize = 5;

/// One parameter of a function.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// What it is called, in C and in Rust.
    pub name: &'static str,
    /// What it is.
    pub kind: ParamKind,
}

/// What a parameter is. A pointer is followed by the length of what it points at, except
/// [`ParamKind::OutI64`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParamKind {
    /// A pointer to UTF-8 that the task wrote.
    Text,
    /// A pointer to bytes that the task wrote.
    Bytes,
    /// A pointer to bytes that the node writes.
    Buffer,
    /// A pointer to 8 bytes that the node writes, the lowest first. Need not be aligned.
    OutI64,
    /// Bytes at the pointer before it, without sign.
    Length,
    /// A number.
    I32,
    /// A number without sign.
    U32,
    /// A wide number.
    I64,
}

impl ParamKind {
    /// The WASM type that carries it.
    pub const fn value_type(self) -> ValueType {
        match self {
            Self::Text
            | Self::Bytes
            | Self::Buffer
            | Self::OutI64
            | Self::Length
            | Self::I32
            | Self::U32 => ValueType::I32,
            Self::I64 => ValueType::I64,
        }
    }
}

/// The arguments of a call, in cells of 64 bits; an i32 stands in the lower half.
///
/// Those that are absent are 0, so that a call cannot have too few.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Args([u64; MAX_PARAMS]);

impl Args {
    /// The argument at `index`, below [`MAX_PARAMS`], without sign, as a 32-bit number.
    pub const fn u32(&self, index: usize) -> u32 {
        let [a, b, c, d, ..] = self.0[index].to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    /// The argument at `index` as a 32-bit number.
    pub(crate) const fn i32(&self, index: usize) -> i32 {
        self.u32(index).cast_signed()
    }

    /// The argument at `index` as a 64-bit number.
    pub(crate) const fn i64(&self, index: usize) -> i64 {
        self.0[index].cast_signed()
    }
}

impl FromIterator<Value> for Args {
    /// Takes the first [`MAX_PARAMS`] values.
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        let mut args = Self::default();
        for (cell, value) in args.0.iter_mut().zip(values) {
            *cell = match value {
                Value::I32(value) => value.cast_unsigned().into(),
                Value::I64(value) => value.cast_unsigned(),
            };
        }
        args
    }
}
