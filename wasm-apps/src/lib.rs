#![no_std]
//! What the tasks in `src/bin` share: their environment.

use edgerm_task::{ErrorCode, LogLevel, env, log, parse_number};

/// A name in the environment, copied into `buffer`, or else `default`.
///
/// # Errors
///
/// Those of [`env`], logged, but [`ErrorCode::NotFound`].
pub fn name_or<'b>(
    key: &str,
    default: &'static str,
    buffer: &'b mut [u8],
) -> Result<&'b str, ErrorCode> {
    match env(key, buffer) {
        Err(ErrorCode::NotFound) => Ok(default),
        other => other.inspect_err(|_| log(LogLevel::Error, key)),
    }
}

/// A number in the environment, or else `default`.
///
/// # Errors
///
/// [`ErrorCode::InvalidArgument`], logged, where it is no number.
pub fn number_or(key: &str, default: u32) -> Result<u32, ErrorCode> {
    let mut buffer = [0; 16];
    match env(key, &mut buffer) {
        Err(ErrorCode::NotFound) => Ok(default),
        other => other
            .and_then(parse_number)
            .inspect_err(|_| log(LogLevel::Error, key)),
    }
}
