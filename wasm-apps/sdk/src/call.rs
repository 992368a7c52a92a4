//! The host API with Rust's types.

use edgerm_task_abi::{ErrorCode, LogLevel};

use crate::imports;

/// How long a call may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// Not at all: [`ErrorCode::TimedOut`] where it would have to.
    NoWait,
    /// This many milliseconds, at most 2,147,483,647.
    Millis(u32),
    /// For ever.
    Never,
}

impl Timeout {
    fn argument(self) -> i32 {
        match self {
            Self::NoWait => 0,
            Self::Millis(millis) => i32::try_from(millis).unwrap_or(i32::MAX),
            Self::Never => -1,
        }
    }
}

/// Ends the task. Exit code 0 is success.
pub fn exit(code: i32) -> ! {
    imports::exit(code)
}

/// Waits for this many milliseconds.
pub fn sleep_ms(duration: u32) {
    imports::sleep_ms(duration);
}

/// Writes a line to the task's log, where the launch granted it and the node has room.
pub fn log(level: LogLevel, line: &str) {
    // SAFETY: the pointer and the length are those of `line`, which is only read.
    unsafe { imports::log(level as i32, line.as_ptr(), line.len()) };
}

/// Milliseconds since an instant that the node chose. They never go backwards.
///
/// # Errors
///
/// [`ErrorCode::NotPermitted`].
pub fn monotonic_ms() -> Result<u64, ErrorCode> {
    wide(imports::clock_monotonic_ms())
}

/// Milliseconds since 1970-01-01 UTC.
///
/// # Errors
///
/// [`ErrorCode::NotSupported`] where the node does not know the time.
pub fn unix_ms() -> Result<u64, ErrorCode> {
    wide(imports::clock_unix_ms())
}

/// The value of an environment variable, copied into `buffer`.
///
/// # Errors
///
/// [`ErrorCode::NotFound`] where there is none, [`ErrorCode::BufferTooSmall`].
pub fn env<'b>(key: &str, buffer: &'b mut [u8]) -> Result<&'b str, ErrorCode> {
    // SAFETY: the pointers and lengths are those of `key`, which is only read, and of `buffer`,
    // which this function alone may write.
    let length =
        unsafe { imports::env_get(key.as_ptr(), key.len(), buffer.as_mut_ptr(), buffer.len()) };
    let value = filled(buffer, length)?;
    // SAFETY: the host API gives an environment in UTF-8. To check it again would cost each task
    // a kilobyte, and a node that breaks its word can write to all of the task's memory anyway.
    Ok(unsafe { core::str::from_utf8_unchecked(value) })
}

/// Queues at most [`crate::limits::MAX_EMIT`] bytes for the framework.
///
/// # Errors
///
/// [`ErrorCode::TimedOut`] where the queue stayed full, [`ErrorCode::TooLong`].
pub fn emit(payload: &[u8], timeout: Timeout) -> Result<(), ErrorCode> {
    // SAFETY: the pointer and the length are those of `payload`, which is only read.
    let result = unsafe { imports::emit(payload.as_ptr(), payload.len(), timeout.argument()) };
    number(result).map(drop)
}

/// The oldest message from the framework, copied into `buffer`; one of
/// [`crate::limits::MAX_MESSAGE`] bytes holds any.
///
/// # Errors
///
/// [`ErrorCode::TimedOut`] where none came, [`ErrorCode::BufferTooSmall`].
pub fn receive(buffer: &mut [u8], timeout: Timeout) -> Result<&[u8], ErrorCode> {
    // SAFETY: the pointer and the length are those of `buffer`, which this function alone may
    // write.
    let length =
        unsafe { imports::message_receive(buffer.as_mut_ptr(), buffer.len(), timeout.argument()) };
    filled(buffer, length)
}

/// What is stored under `key`, copied into `buffer`; one of [`crate::limits::MAX_VALUE`] bytes
/// holds any.
///
/// # Errors
///
/// [`ErrorCode::NotFound`] where there is nothing, [`ErrorCode::BufferTooSmall`].
pub fn kv_get<'b>(key: &str, buffer: &'b mut [u8]) -> Result<&'b [u8], ErrorCode> {
    // SAFETY: the pointers and lengths are those of `key`, which is only read, and of `buffer`,
    // which this function alone may write.
    let length =
        unsafe { imports::kv_get(key.as_ptr(), key.len(), buffer.as_mut_ptr(), buffer.len()) };
    filled(buffer, length)
}

/// Stores `value` under `key`; an empty one removes the key.
///
/// # Errors
///
/// [`ErrorCode::TooLong`], [`ErrorCode::TooMany`] where the store is full.
pub fn kv_set(key: &str, value: &[u8]) -> Result<(), ErrorCode> {
    // SAFETY: the pointers and lengths are those of `key` and `value`, which are only read.
    let result = unsafe { imports::kv_set(key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
    number(result).map(drop)
}

/// Posts `payload` to a `coap://` URI and returns the response's code: 204 for 2.04 Changed.
///
/// # Errors
///
/// [`ErrorCode::TimedOut`], [`ErrorCode::NotSupported`] where the node sends no requests.
pub fn coap_post(uri: &str, payload: &[u8], timeout: Timeout) -> Result<u32, ErrorCode> {
    // SAFETY: the pointers and lengths are those of `uri` and `payload`, which are only read.
    let result = unsafe {
        imports::coap_post(
            uri.as_ptr(),
            uri.len(),
            payload.as_ptr(),
            payload.len(),
            timeout.argument(),
        )
    };
    number(result)
}

/// What a call returned, where it is no error.
pub(crate) fn number(result: i32) -> Result<u32, ErrorCode> {
    u32::try_from(result).map_err(|_| error(result))
}

fn wide(result: i64) -> Result<u64, ErrorCode> {
    u64::try_from(result).map_err(|_| i32::try_from(result).map_or(ErrorCode::NotSupported, error))
}

fn filled(buffer: &[u8], length: i32) -> Result<&[u8], ErrorCode> {
    let length = usize::try_from(length).map_err(|_| error(length))?;
    buffer.get(..length).ok_or(ErrorCode::OutOfBounds)
}

/// The error of a negative result. A code that this SDK does not know is of a newer node.
fn error(result: i32) -> ErrorCode {
    ErrorCode::from_code(result).unwrap_or(ErrorCode::NotSupported)
}
