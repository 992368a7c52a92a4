//! The gate between a task and its node: every call passes here, whatever the engine.
//!
//! It finds the permission granted and the arguments sound, or answers with an
//! [`ErrorCode`]; then it asks the [`Host`]. A call that must wait comes back as
//! [`Suspended`], for the engine to wait as it can, where a kill ends the wait.

use core::task::Poll;

use crate::limits::{MAX_EMIT, MAX_LOG, MAX_URI, MAX_VALUE};
use crate::{
    ABI_VERSION, Args, Call, CallHandler, ErrorCode, Function, Handle, Host, LogLevel, Outcome,
    Permissions, Suspended, Value, ValueType, WakeOn, memory,
};

/// Lets a task's calls through to `H` as far as its launch granted them.
#[derive(Debug)]
pub struct Gate<H> {
    granted: Permissions,
    host: H,
}

impl<H: Host> Gate<H> {
    /// A gate for a task with these permissions.
    pub const fn new(granted: Permissions, host: H) -> Self {
        Self { granted, host }
    }

    /// The host behind the gate.
    pub const fn host_mut(&mut self) -> &mut H {
        &mut self.host
    }
}

impl<H: Host> CallHandler for Gate<H> {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        match call.function.description().permission {
            Some(permission) if !self.granted.contains(permission) => {
                fail(call, ErrorCode::NotPermitted)
            }
            Some(_) | None => self.dispatch(call, memory, Deadline::Unset),
        }
    }

    fn resume(&mut self, suspended: Suspended, memory: &mut [u8]) -> Outcome {
        self.dispatch(suspended.call, memory, Deadline::Set(suspended.deadline_ms))
    }
}

/// The deadline of a call that may wait.
#[derive(Clone, Copy)]
enum Deadline {
    /// The call is new: its arguments tell.
    Unset,
    /// The call waited already, until then.
    Set(Option<u64>),
}

impl<H: Host> Gate<H> {
    fn dispatch(&mut self, call: Call, memory: &mut [u8], deadline: Deadline) -> Outcome {
        let args = &call.args;
        let done = match call.function {
            Function::AbiVersion => Ok(Value::I32(ABI_VERSION.number())),
            Function::Exit => return Outcome::Exit(args.i32(0)),
            Function::SleepMs => return self.sleep(call, deadline),
            Function::Log => self.log(args, memory),
            Function::ClockMonotonicMs => wide(self.host.monotonic_ms()),
            Function::ClockUnixMs => match self.host.unix_ms() {
                Some(millis) => wide(millis),
                None => Err(ErrorCode::NotSupported),
            },
            Function::EnvGet => self.env_get(args, memory),
            Function::SensorOpen => {
                named(args, memory, |name| self.host.sensor_open(name)).map(handle_value)
            }
            Function::SensorRead => self.sensor_read(args, memory),
            Function::ActuatorOpen => {
                named(args, memory, |name| self.host.actuator_open(name)).map(handle_value)
            }
            Function::ActuatorWrite => self.actuator_write(args),
            Function::KvGet => self.kv_get(args, memory),
            Function::KvSet => self.kv_set(args, memory),
            Function::Emit => {
                let polled = self.emit(args, memory);
                return self.wait(call, args.i32(2), WakeOn::EmitRoom, deadline, polled);
            }
            Function::MessageReceive => {
                let polled = self.message_receive(args, memory);
                return self.wait(call, args.i32(2), WakeOn::Message, deadline, polled);
            }
            Function::CoapPost => {
                let polled = self.coap_post(args, memory);
                return self.wait(call, args.i32(4), WakeOn::Response, deadline, polled);
            }
        };
        match done {
            Ok(value) => Outcome::Return(value),
            Err(error) => fail(call, error),
        }
    }

    fn sleep(&mut self, call: Call, deadline: Deadline) -> Outcome {
        let now = self.host.monotonic_ms();
        let until = match deadline {
            Deadline::Unset => Some(now.saturating_add(call.args.u32(0).into())),
            Deadline::Set(until) => until,
        };
        if until.is_some_and(|until| until > now) {
            return Outcome::Suspend(Suspended {
                call,
                deadline_ms: until,
                wake_on: WakeOn::Deadline,
            });
        }
        Outcome::Return(OK)
    }

    /// What becomes of a call that may wait `timeout_ms` for `wake_on`.
    fn wait(
        &mut self,
        call: Call,
        timeout_ms: i32,
        wake_on: WakeOn,
        deadline: Deadline,
        polled: Poll<Result<Value, ErrorCode>>,
    ) -> Outcome {
        match polled {
            Poll::Ready(Ok(value)) => return Outcome::Return(value),
            Poll::Ready(Err(error)) => return fail(call, error),
            Poll::Pending => {}
        }
        let now = self.host.monotonic_ms();
        let deadline_ms = match deadline {
            // A negative timeout is no u64: it waits for ever.
            Deadline::Unset => u64::try_from(timeout_ms)
                .ok()
                .map(|timeout| now.saturating_add(timeout)),
            Deadline::Set(deadline_ms) => deadline_ms,
        };
        if deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now) {
            return fail(call, ErrorCode::TimedOut);
        }
        Outcome::Suspend(Suspended {
            call,
            deadline_ms,
            wake_on,
        })
    }

    fn log(&mut self, args: &Args, memory: &[u8]) -> Result<Value, ErrorCode> {
        let level = LogLevel::from_number(args.i32(0)).ok_or(ErrorCode::InvalidArgument)?;
        let line = memory::text_cut(memory, args, 1, MAX_LOG)?;
        self.host.log(level, line);
        Ok(OK)
    }

    fn env_get(&mut self, args: &Args, memory: &mut [u8]) -> Result<Value, ErrorCode> {
        let key = memory::name(memory, args, 0)?;
        let buffer = memory::buffer(memory, args, 2)?;
        let value = self.host.env(key.as_str()).ok_or(ErrorCode::NotFound)?;
        buffer
            .get_mut(..value.len())
            .ok_or(ErrorCode::BufferTooSmall)?
            .copy_from_slice(value.as_bytes());
        length_value(value.len())
    }

    fn sensor_read(&mut self, args: &Args, memory: &mut [u8]) -> Result<Value, ErrorCode> {
        let out = memory::out_i64(memory, args, 1)?;
        let value = self.host.sensor_read(handle(args)?)?;
        *out = value.to_le_bytes();
        Ok(OK)
    }

    fn actuator_write(&mut self, args: &Args) -> Result<Value, ErrorCode> {
        self.host.actuator_write(handle(args)?, args.i64(1))?;
        Ok(OK)
    }

    fn emit(&mut self, args: &Args, memory: &[u8]) -> Poll<Result<Value, ErrorCode>> {
        let payload = memory::bytes_within(memory, args, 0, MAX_EMIT)?;
        self.host.emit(payload).map_ok(|()| OK)
    }

    fn message_receive(
        &mut self,
        args: &Args,
        memory: &mut [u8],
    ) -> Poll<Result<Value, ErrorCode>> {
        let buffer = memory::buffer(memory, args, 0)?;
        let polled = self.host.message_receive(buffer);
        polled.map(|received| received.and_then(length_value))
    }

    fn kv_get(&mut self, args: &Args, memory: &mut [u8]) -> Result<Value, ErrorCode> {
        let key = memory::name(memory, args, 0)?;
        let buffer = memory::buffer(memory, args, 2)?;
        length_value(self.host.kv_get(key.as_str(), buffer)?)
    }

    fn kv_set(&mut self, args: &Args, memory: &[u8]) -> Result<Value, ErrorCode> {
        let key = memory::name(memory, args, 0)?;
        let value = memory::bytes_within(memory, args, 2, MAX_VALUE)?;
        self.host.kv_set(key.as_str(), value)?;
        Ok(OK)
    }

    fn coap_post(&mut self, args: &Args, memory: &[u8]) -> Poll<Result<Value, ErrorCode>> {
        let uri = memory::utf8(memory::bytes_within(memory, args, 0, MAX_URI)?)?;
        let payload = memory::bytes_within(memory, args, 2, MAX_EMIT)?;
        let polled = self.host.coap_post(uri, payload);
        polled.map_ok(|code| Value::I32(code.into()))
    }
}

const OK: Value = Value::I32(0);

/// The call's failure, in the type of its result.
fn fail(call: Call, error: ErrorCode) -> Outcome {
    Outcome::Return(match call.function.description().result {
        Some(ValueType::I64) => Value::I64(error.code().into()),
        Some(ValueType::I32) | None => Value::I32(error.code()),
    })
}

fn named<T>(
    args: &Args,
    memory: &[u8],
    open: impl FnOnce(&str) -> Result<T, ErrorCode>,
) -> Result<T, ErrorCode> {
    open(memory::name(memory, args, 0)?.as_str())
}

fn handle(args: &Args) -> Result<Handle, ErrorCode> {
    let number = u16::try_from(args.i32(0)).map_err(|_| ErrorCode::InvalidArgument)?;
    Ok(Handle(number))
}

fn handle_value(handle: Handle) -> Value {
    Value::I32(handle.0.into())
}

fn length_value(length: usize) -> Result<Value, ErrorCode> {
    let length = i32::try_from(length).map_err(|_| ErrorCode::TooLong)?;
    Ok(Value::I32(length))
}

fn wide(millis: u64) -> Result<Value, ErrorCode> {
    let millis = i64::try_from(millis).map_err(|_| ErrorCode::NotSupported)?;
    Ok(Value::I64(millis))
}
