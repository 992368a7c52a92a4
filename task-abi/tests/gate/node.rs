//! A node with a few things in it, for the tests of the gate.

use core::task::Poll;
use std::collections::{BTreeMap, VecDeque};

use edgerm_task_abi::{
    Args, Call, CallHandler, ErrorCode, Function, Gate, Handle, Host, LogLevel, Outcome,
    Permissions, Value,
};

/// One sensor (`thermometer`, of handle 0) at 21.5 degrees, one actuator (`led`, of handle 1),
/// one environment variable (`WINDOW=4`), room for one payload, no network.
#[derive(Default)]
pub(crate) struct Node {
    pub(crate) now_ms: u64,
    pub(crate) lines: Vec<(LogLevel, String)>,
    pub(crate) led: i64,
    pub(crate) emitted: Vec<Vec<u8>>,
    pub(crate) messages: VecDeque<Vec<u8>>,
    pub(crate) stored: BTreeMap<String, Vec<u8>>,
}

impl Host for Node {
    fn monotonic_ms(&mut self) -> u64 {
        self.now_ms
    }

    fn unix_ms(&mut self) -> Option<u64> {
        None
    }

    fn log(&mut self, level: LogLevel, line: &str) {
        self.lines.push((level, line.into()));
    }

    fn env(&mut self, key: &str) -> Option<&str> {
        (key == "WINDOW").then_some("4")
    }

    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        match name {
            "thermometer" => Ok(Handle(0)),
            "camera" => Err(ErrorCode::NotPermitted),
            _ => Err(ErrorCode::NotFound),
        }
    }

    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode> {
        match sensor {
            Handle(0) => Ok(21_500_000),
            Handle(_) => Err(ErrorCode::InvalidArgument),
        }
    }

    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode> {
        match name {
            "led" => Ok(Handle(1)),
            _ => Err(ErrorCode::NotFound),
        }
    }

    fn actuator_write(&mut self, actuator: Handle, value: i64) -> Result<(), ErrorCode> {
        if actuator != Handle(1) {
            return Err(ErrorCode::InvalidArgument);
        }
        self.led = value;
        Ok(())
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        if !self.emitted.is_empty() {
            return Poll::Pending;
        }
        self.emitted.push(payload.into());
        Poll::Ready(Ok(()))
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        let Some(message) = self.messages.front() else {
            return Poll::Pending;
        };
        Poll::Ready(copy(message, buffer).inspect(|_| {
            self.messages.pop_front();
        }))
    }

    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        copy(self.stored.get(key).ok_or(ErrorCode::NotFound)?, buffer)
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        self.stored.insert(key.into(), value.into());
        Ok(())
    }

    fn coap_post(&mut self, _: &str, _: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        Poll::Ready(Err(ErrorCode::NotSupported))
    }
}

fn copy(value: &[u8], buffer: &mut [u8]) -> Result<usize, ErrorCode> {
    buffer
        .get_mut(..value.len())
        .ok_or(ErrorCode::BufferTooSmall)?
        .copy_from_slice(value);
    Ok(value.len())
}

/// A task with 4,096 bytes of memory that may do everything.
pub(crate) struct TestTask {
    pub(crate) gate: Gate<Node>,
    pub(crate) memory: Vec<u8>,
}

impl TestTask {
    pub(crate) fn new() -> Self {
        Self::granted(Permissions::ALL)
    }

    pub(crate) fn granted(permissions: Permissions) -> Self {
        Self {
            gate: Gate::new(permissions, Node::default()),
            memory: vec![0; 4096],
        }
    }

    /// With `bytes` in its memory at `pointer`.
    pub(crate) fn with(mut self, pointer: usize, bytes: &[u8]) -> Self {
        self.memory[pointer..pointer + bytes.len()].copy_from_slice(bytes);
        self
    }

    pub(crate) fn node(&mut self) -> &mut Node {
        self.gate.host_mut()
    }

    /// Calls `function` with arguments that are cut to the types it has.
    pub(crate) fn call(&mut self, function: Function, args: &[i64]) -> Outcome {
        let call = Call {
            function,
            args: typed(function, args),
        };
        self.gate.handle_call(call, &mut self.memory)
    }
}

fn typed(function: Function, args: &[i64]) -> Args {
    use edgerm_task_abi::ValueType;
    function
        .description()
        .param_types()
        .zip(args)
        .map(|(value_type, &arg)| match value_type {
            ValueType::I32 => Value::I32(i32::try_from(arg).expect("the test gives an i32")),
            ValueType::I64 => Value::I64(arg),
        })
        .collect()
}

/// The outcome of a call that returned an i32.
pub(crate) fn returned(value: i32) -> Outcome {
    Outcome::Return(Value::I32(value))
}

/// The outcome of a call that failed.
pub(crate) fn failed(error: ErrorCode) -> Outcome {
    returned(error.code())
}
