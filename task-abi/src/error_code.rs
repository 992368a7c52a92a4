//! What a call returns where it fails.

use core::fmt;

/// Why a call failed. Every function returns it as its negative number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i32)]
pub enum ErrorCode {
    /// The launch did not grant the permission that the function needs, or not this device.
    NotPermitted = -1,
    /// Nothing has this name.
    NotFound = -2,
    /// An argument has no meaning here: text that is no UTF-8, an empty name, a handle that was
    /// not opened, a level that does not exist.
    InvalidArgument = -3,
    /// A pointer and its length reach beyond the task's memory.
    OutOfBounds = -4,
    /// The result is longer than the buffer. Nothing was written, and nothing is lost.
    BufferTooSmall = -5,
    /// A name, a value or a payload is longer than its limit.
    TooLong = -6,
    /// The node holds as many of these as it can.
    TooMany = -7,
    /// It did not happen in the time given; at once, where that was 0.
    TimedOut = -8,
    /// This node does not have what the function needs.
    NotSupported = -9,
    /// The device or the storage behind it does not work now.
    Io = -10,
}

impl ErrorCode {
    /// Every code, from -1 downwards.
    pub const ALL: [Self; 10] = [
        Self::NotPermitted,
        Self::NotFound,
        Self::InvalidArgument,
        Self::OutOfBounds,
        Self::BufferTooSmall,
        Self::TooLong,
        Self::TooMany,
        Self::TimedOut,
        Self::NotSupported,
        Self::Io,
    ];

    /// The number that a task sees.
    pub const fn code(self) -> i32 {
        self as i32
    }

    /// The code with this number.
    pub fn from_code(code: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.code() == code)
    }

    /// The name, as the C header has it after `EDGERM_ERROR_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotPermitted => "NOT_PERMITTED",
            Self::NotFound => "NOT_FOUND",
            Self::InvalidArgument => "INVALID_ARGUMENT",
            Self::OutOfBounds => "OUT_OF_BOUNDS",
            Self::BufferTooSmall => "BUFFER_TOO_SMALL",
            Self::TooLong => "TOO_LONG",
            Self::TooMany => "TOO_MANY",
            Self::TimedOut => "TIMED_OUT",
            Self::NotSupported => "NOT_SUPPORTED",
            Self::Io => "IO",
        }
    }

    /// What it means, as a sentence without its full stop.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NotPermitted => "the launch did not grant the permission, or not this device",
            Self::NotFound => "nothing has this name",
            Self::InvalidArgument => {
                "text that is no UTF-8, an empty name, a handle or a level that does not exist"
            }
            Self::OutOfBounds => "a pointer and its length reach beyond the task's memory",
            Self::BufferTooSmall => {
                "the result is longer than the buffer; nothing was written, nothing is lost"
            }
            Self::TooLong => "a name, a value or a payload is longer than its limit",
            Self::TooMany => "the node holds as many of these as it can",
            Self::TimedOut => "it did not happen in the time given",
            Self::NotSupported => "this node does not have what the function needs",
            Self::Io => "the device or the storage behind it does not work now",
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.meaning())
    }
}

impl core::error::Error for ErrorCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_negative_and_found_by_its_number() {
        for (index, error) in (1..).zip(ErrorCode::ALL) {
            assert_eq!(error.code(), -index);
            assert_eq!(ErrorCode::from_code(error.code()), Some(error));
        }
        for code in [0, 1, -11, i32::MIN] {
            assert_eq!(ErrorCode::from_code(code), None);
        }
    }
}
