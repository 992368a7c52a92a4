//! Devices: opened, read and written.

use edgerm_task_abi::ErrorCode;

use super::failed;
use crate::case::{Case, case};
use crate::node::{Did, FIRST_READING};
use crate::text::{telling, told};

/// `sensor_open` or `actuator_open`, of one that is there.
pub(super) fn opens(function: &str, name: &str, handle: i32) -> Case {
    let data = format!(
        r#"(data (i32.const 0) "{name}") (data (i32.const 16) "absent")
        (data (i32.const 32) "NOT_PERMITTED") (data (i32.const 48) "TOO_MANY")
        (func $open (param i32 i32)
          (call $tell (call ${function} (local.get 0) (local.get 1))))"#
    );
    let body = format!(
        "(call $open (i32.const 0) (i32.const {length}))
        (call $open (i32.const 16) (i32.const 6))
        (call $open (i32.const 32) (i32.const 13))
        (call $open (i32.const 48) (i32.const 8))
        (call $open (i32.const 0) (i32.const 0))
        (call $open (i32.const 0) (i32.const 33))",
        length = name.len(),
    );
    case(function, telling(&data, &body)).does([
        told(handle),
        failed(ErrorCode::NotFound),
        failed(ErrorCode::NotPermitted),
        failed(ErrorCode::TooMany),
        failed(ErrorCode::InvalidArgument),
        failed(ErrorCode::TooLong),
    ])
}

pub(super) fn sensor_read() -> Case {
    let read = "(func $read (param i32)
          (call $tell (call $sensor_read (local.get 0) (i32.const 65519)))
          (call $tell64 (i64.load align=1 (i32.const 65519))))";
    let body = "(call $read (i32.const 0)) (call $read (i32.const 0)) (call $read (i32.const 1))
        (call $tell (call $sensor_read (i32.const -1) (i32.const 0)))
        (call $tell (call $sensor_read (i32.const 65536) (i32.const 0)))";
    case("sensor_read", telling(read, body)).does([
        told(0),
        told(FIRST_READING),
        told(0),
        told(FIRST_READING + 1_000_000),
        failed(ErrorCode::Io),
        told(FIRST_READING + 1_000_000),
        failed(ErrorCode::InvalidArgument),
        failed(ErrorCode::InvalidArgument),
    ])
}

pub(super) fn actuator_write() -> Case {
    let body = "(call $tell (call $actuator_write (i32.const 7) (i64.const 0x7fffffffffffffff)))
        (call $tell (call $actuator_write (i32.const 7) (i64.const 0x8000000000000000)))
        (call $tell (call $actuator_write (i32.const 1) (i64.const 0)))
        (call $tell (call $actuator_write (i32.const 0) (i64.const 0)))";
    case("actuator_write", telling("", body)).does([
        Did::Wrote(i64::MAX),
        told(0),
        Did::Wrote(i64::MIN),
        told(0),
        failed(ErrorCode::Io),
        failed(ErrorCode::InvalidArgument),
    ])
}
