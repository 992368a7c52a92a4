//! Zephyr's log.

use core::ffi::c_char;
use core::fmt::{self, Write};

use edgerm_zephyr_sys as sys;

/// Bytes of a line at most; what is longer is cut.
const LINE: usize = 128;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is odd.
    Warning = 2,
    /// What people want to know.
    Information = 3,
    /// What people look for.
    Debug = 4,
}

/// Writes a line.
pub fn write(level: Level, line: fmt::Arguments<'_>) {
    if level as u32 > sys::EDGERM_LOG_LEVEL {
        return;
    }
    let mut text = Line {
        bytes: [0; LINE],
        length: 0,
    };
    // A line that is cut is one all the same.
    let _cut = text.write_fmt(line);
    // SAFETY: the text ends with a NUL, since the last byte is never written.
    unsafe { sys::edgerm_log(level as u8, text.bytes.as_ptr().cast::<c_char>()) };
}

struct Line {
    bytes: [u8; LINE],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = LINE - 1 - self.length;
        let end = text.floor_char_boundary(room);
        let bytes = &text.as_bytes()[..end];
        self.bytes[self.length..][..end].copy_from_slice(bytes);
        self.length += end;
        if end < text.len() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}
