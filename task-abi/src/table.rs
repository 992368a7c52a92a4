//! The host API itself.

use crate::ErrorCode::{
    BufferTooSmall, InvalidArgument, Io, NotFound, NotPermitted, NotSupported, OutOfBounds,
    TimedOut, TooLong, TooMany,
};
use crate::ParamKind::{Buffer, Bytes, I32, I64, Length, OutI64, Text, U32};
use crate::{Function, HostFunction, Param, ParamKind, Permission, ValueType, Version};

/// Every function that a task may import, in the order of [`Function`].
pub const HOST_FUNCTIONS: &[HostFunction] = &[
    HostFunction {
        function: Function::AbiVersion,
        name: "abi_version",
        params: &[],
        result: Some(ValueType::I32),
        permission: None,
        since: V1_0,
        doc: "Tells the version of the host API that the node serves.",
        returns: "the major version times 65,536, plus the minor one",
        errors: &[],
    },
    HostFunction {
        function: Function::Exit,
        name: "exit",
        params: &[param("code", I32)],
        result: None,
        permission: None,
        since: V1_0,
        doc: "Ends the task with an exit code: 0 is success.",
        returns: "",
        errors: &[],
    },
    HostFunction {
        function: Function::SleepMs,
        name: "sleep_ms",
        params: &[param("duration_ms", U32)],
        result: Some(ValueType::I32),
        permission: None,
        since: V1_0,
        doc: "Waits for this many milliseconds, 0 to 4,294,967,295. The node may sleep meanwhile.",
        returns: "0",
        errors: &[],
    },
    HostFunction {
        function: Function::Log,
        name: "log",
        params: &[param("level", I32), param("line", Text), LENGTH],
        result: Some(ValueType::I32),
        permission: Some(Permission::Log),
        since: V1_0,
        doc: "Writes one line of UTF-8 to the task's log, at level 1 (error), 2 (warning), 3 \
              (info) or 4 (debug). A line longer than 200 bytes is cut. The node keeps the newest \
              lines, and sends those that somebody reads: logging never waits, and costs no \
              message where nobody does.",
        returns: "0",
        errors: &[InvalidArgument, OutOfBounds],
    },
    HostFunction {
        function: Function::ClockMonotonicMs,
        name: "clock_monotonic_ms",
        params: &[],
        result: Some(ValueType::I64),
        permission: Some(Permission::Clock),
        since: V1_0,
        doc: "Tells the milliseconds since an instant that the node chose. They never go \
              backwards.",
        returns: "the milliseconds",
        errors: &[],
    },
    HostFunction {
        function: Function::ClockUnixMs,
        name: "clock_unix_ms",
        params: &[],
        result: Some(ValueType::I64),
        permission: Some(Permission::Clock),
        since: V1_0,
        doc: "Tells the milliseconds since 1970-01-01 UTC. They may jump when the node's clock \
              is set.",
        returns: "the milliseconds",
        errors: &[NotSupported],
    },
    HostFunction {
        function: Function::EnvGet,
        name: "env_get",
        params: &[
            param("key", Text),
            KEY_LENGTH,
            param("value", Buffer),
            VALUE_LENGTH,
        ],
        result: Some(ValueType::I32),
        permission: Some(Permission::Env),
        since: V1_0,
        doc: "Copies the value of an environment variable of the launch into the buffer.",
        returns: "the bytes of the value",
        errors: &[
            NotFound,
            InvalidArgument,
            OutOfBounds,
            BufferTooSmall,
            TooLong,
        ],
    },
    HostFunction {
        function: Function::SensorOpen,
        name: "sensor_open",
        params: &[param("name", Text), LENGTH],
        result: Some(ValueType::I32),
        permission: Some(Permission::Sensor),
        since: V1_0,
        doc: "Opens a sensor by its label or, for the first one of a kind, by its kind \
              (`temperature`). The sensor must be among the devices of the launch.",
        returns: "a handle, 0 or more, which lasts as long as the task",
        errors: &[
            NotPermitted,
            NotFound,
            InvalidArgument,
            OutOfBounds,
            TooLong,
            TooMany,
        ],
    },
    HostFunction {
        function: Function::SensorRead,
        name: "sensor_read",
        params: &[param("sensor", I32), param("value", OutI64)],
        result: Some(ValueType::I32),
        permission: Some(Permission::Sensor),
        since: V1_0,
        doc: "Reads a sensor. The value is in millionths of the unit that Zephyr's \
              `sensor_value` has for the sensor's kind: a temperature of 21.5 degrees Celsius \
              is 21,500,000.",
        returns: "0",
        errors: &[InvalidArgument, OutOfBounds, Io],
    },
    HostFunction {
        function: Function::ActuatorOpen,
        name: "actuator_open",
        params: &[param("name", Text), LENGTH],
        result: Some(ValueType::I32),
        permission: Some(Permission::Actuator),
        since: V1_0,
        doc: "Opens an actuator, as `sensor_open` does a sensor.",
        returns: "a handle, 0 or more, which lasts as long as the task",
        errors: &[
            NotPermitted,
            NotFound,
            InvalidArgument,
            OutOfBounds,
            TooLong,
            TooMany,
        ],
    },
    HostFunction {
        function: Function::ActuatorWrite,
        name: "actuator_write",
        params: &[param("actuator", I32), param("value", I64)],
        result: Some(ValueType::I32),
        permission: Some(Permission::Actuator),
        since: V1_0,
        doc: "Sets an actuator. The value is in millionths of the unit of the actuator's kind; \
              what is on or off is on at any value but 0.",
        returns: "0",
        errors: &[InvalidArgument, Io],
    },
    HostFunction {
        function: Function::Emit,
        name: "emit",
        params: &[param("payload", Bytes), LENGTH, TIMEOUT],
        result: Some(ValueType::I32),
        permission: Some(Permission::Emit),
        since: V1_0,
        doc: "Queues 0 to 800 bytes for the task's framework. While the queue is full, as it \
              will be when the master is out of reach, the call waits for room.",
        returns: "0",
        errors: &[OutOfBounds, TooLong, TimedOut],
    },
    HostFunction {
        function: Function::MessageReceive,
        name: "message_receive",
        params: &[param("message", Buffer), LENGTH, TIMEOUT],
        result: Some(ValueType::I32),
        permission: Some(Permission::Receive),
        since: V1_0,
        doc: "Takes the oldest message from the task's framework, waiting for one where there \
              is none. A buffer of 800 bytes holds any message.",
        returns: "the bytes of the message",
        errors: &[OutOfBounds, BufferTooSmall, TimedOut],
    },
    HostFunction {
        function: Function::KvGet,
        name: "kv_get",
        params: &[
            param("key", Text),
            KEY_LENGTH,
            param("value", Buffer),
            VALUE_LENGTH,
        ],
        result: Some(ValueType::I32),
        permission: Some(Permission::Kv),
        since: V1_0,
        doc: "Copies what is stored under a key into the buffer. A buffer of 256 bytes holds \
              any value.",
        returns: "the bytes of the value",
        errors: &[
            NotFound,
            InvalidArgument,
            OutOfBounds,
            BufferTooSmall,
            TooLong,
            NotSupported,
            Io,
        ],
    },
    HostFunction {
        function: Function::KvSet,
        name: "kv_set",
        params: &[
            param("key", Text),
            KEY_LENGTH,
            param("value", Bytes),
            VALUE_LENGTH,
        ],
        result: Some(ValueType::I32),
        permission: Some(Permission::Kv),
        since: V1_0,
        doc: "Stores at most 256 bytes under a key. Each task has its own keys, for as long as \
              it runs; a node with storage may keep them until it starts the task again. An \
              empty value removes the key.",
        returns: "0",
        errors: &[
            InvalidArgument,
            OutOfBounds,
            TooLong,
            TooMany,
            NotSupported,
            Io,
        ],
    },
    HostFunction {
        function: Function::CoapPost,
        name: "coap_post",
        params: &[
            param("uri", Text),
            param("uri_length", Length),
            param("payload", Bytes),
            param("payload_length", Length),
            TIMEOUT,
        ],
        result: Some(ValueType::I32),
        permission: Some(Permission::Network),
        since: V1_0,
        doc: "Posts at most 800 bytes to a `coap://` URI of at most 255 bytes and waits for the \
              response.",
        returns: "the response's code: 204 for 2.04 Changed",
        errors: &[
            InvalidArgument,
            OutOfBounds,
            TooLong,
            TooMany,
            TimedOut,
            NotSupported,
            Io,
        ],
    },
];

const V1_0: Version = Version { major: 1, minor: 0 };

const LENGTH: Param = param("length", Length);
const KEY_LENGTH: Param = param("key_length", Length);
const VALUE_LENGTH: Param = param("value_length", Length);

/// Milliseconds. 0: do not wait. Negative: wait for ever.
const TIMEOUT: Param = param("timeout_ms", I32);

const fn param(name: &'static str, kind: ParamKind) -> Param {
    Param { name, kind }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use crate::function::MAX_PARAMS;
    use crate::limits::{MAX_EMIT, MAX_LOG, MAX_MESSAGE, MAX_URI, MAX_VALUE};

    #[test]
    fn a_function_stands_at_its_number() {
        for (index, host_function) in HOST_FUNCTIONS.iter().enumerate() {
            assert_eq!(host_function.function as usize, index);
            assert_eq!(
                host_function.function.description().name,
                host_function.name
            );
            assert_eq!(
                Function::from_name(host_function.name),
                Some(host_function.function)
            );
        }
        assert_eq!(Function::from_name("fd_write"), None);
    }

    #[test]
    fn pointers_are_followed_by_their_length() {
        for host_function in HOST_FUNCTIONS {
            assert!(host_function.params.len() <= MAX_PARAMS);
            for (index, param) in host_function.params.iter().enumerate() {
                let next = host_function.params.get(index + 1).map(|param| param.kind);
                let points = matches!(param.kind, Text | Bytes | Buffer);
                assert_eq!(points, next == Some(Length), "{}", host_function.name);
            }
        }
    }

    #[test]
    fn the_words_tell_the_limits() {
        for (function, limit) in [
            (Function::Log, MAX_LOG),
            (Function::Emit, MAX_EMIT),
            (Function::MessageReceive, MAX_MESSAGE),
            (Function::KvGet, MAX_VALUE),
            (Function::KvSet, MAX_VALUE),
            (Function::CoapPost, MAX_EMIT),
            (Function::CoapPost, MAX_URI),
        ] {
            let words = function.description().doc;
            assert!(words.contains(&std::format!("{limit} bytes")), "{words}");
        }
    }

    #[test]
    fn what_does_not_return_cannot_fail() {
        for host_function in HOST_FUNCTIONS {
            if host_function.result.is_none() {
                assert!(host_function.errors.is_empty());
                assert_eq!(host_function.permission, None);
            }
        }
    }
}
