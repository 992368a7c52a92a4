//! What a node does for its tasks.

use core::task::Poll;

use crate::ErrorCode;

/// A device that a task has opened. Each task has its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(pub u16);

/// The severity of a log line; numbered as in Zephyr and on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum LogLevel {
    /// Something went wrong.
    Error = 1,
    /// Something may go wrong.
    Warning = 2,
    /// Something happened.
    Info = 3,
    /// For whoever looks closely.
    Debug = 4,
}

impl LogLevel {
    /// Every level, from the most severe on.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Info, Self::Debug];

    /// The level with this number.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|level| *level as i32 == number)
    }

    /// The name, as the C header has it after `EDGERM_LOG_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warning => "WARNING",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }
}

/// What a node does for one of its tasks.
///
/// [`crate::Gate`] calls these once the permission is found granted and every argument within
/// its limits: names have 1 to [`crate::limits::MAX_NAME`] bytes, payloads at most their
/// maximum. A method never waits. One that returns [`Poll::Pending`] is called again with the
/// same arguments when the event that it stands for has happened, see
/// [`crate::Suspended`].
pub trait Host {
    /// Milliseconds since an instant of the node's choosing, which never go backwards.
    fn monotonic_ms(&mut self) -> u64;

    /// Milliseconds since 1970-01-01 UTC, or `None` where the node does not know the time.
    fn unix_ms(&mut self) -> Option<u64>;

    /// Takes one log line of at most [`crate::limits::MAX_LOG`] bytes. The node
    /// keeps the newest ones: logging never holds a task up.
    fn log(&mut self, level: LogLevel, line: &str);

    /// The value of this environment variable.
    fn env(&mut self, key: &str) -> Option<&str>;

    /// Opens a sensor by its label or its kind. Only devices of the task's launch are its own:
    /// others are [`ErrorCode::NotPermitted`] or, where there are none, [`ErrorCode::NotFound`].
    fn sensor_open(&mut self, name: &str) -> Result<Handle, ErrorCode>;

    /// Reads a sensor: millionths of Zephyr's unit for its kind. A handle that this task did
    /// not get from [`Host::sensor_open`] is [`ErrorCode::InvalidArgument`].
    fn sensor_read(&mut self, sensor: Handle) -> Result<i64, ErrorCode>;

    /// Opens an actuator, as [`Host::sensor_open`] does a sensor.
    fn actuator_open(&mut self, name: &str) -> Result<Handle, ErrorCode>;

    /// Writes an actuator: millionths of the unit of its kind.
    fn actuator_write(&mut self, actuator: Handle, value: i64) -> Result<(), ErrorCode>;

    /// Queues a payload for the framework. Pending, and not queued, while there is no room.
    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>>;

    /// Moves the oldest message from the framework into `buffer` and returns its length.
    /// Pending while there is none. A message longer than `buffer` stays, and is
    /// [`ErrorCode::BufferTooSmall`].
    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>>;

    /// Copies the value stored under `key` into `buffer` and returns its length. One longer
    /// than `buffer` is [`ErrorCode::BufferTooSmall`].
    fn kv_get(&mut self, key: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode>;

    /// Stores `value` under `key`, which is this task's own. An empty value removes the key.
    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode>;

    /// Posts `payload` to a `coap://` URI and returns the response's code as class times 100
    /// plus detail: 204 for 2.04 Changed. Pending until the response is here; the call that
    /// found no request under way starts it, and one that is not repeated is forgotten.
    fn coap_post(&mut self, uri: &str, payload: &[u8]) -> Poll<Result<u16, ErrorCode>>;
}
