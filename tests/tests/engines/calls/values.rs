//! Values that are stored under a key.

use edgerm_task_abi::ErrorCode;

use super::failed;
use crate::case::{Case, case};
use crate::node::Did;
use crate::text::{telling, told};

pub(super) fn kv_get() -> Case {
    let data = format!(
        r#"(data (i32.const 0) "key") (data (i32.const 8) "value") {FAULTY_KEYS}
        (func $get (param i32 i32 i32)
          (call $tell (call $kv_get (local.get 0) (local.get 1) (i32.const 64) (local.get 2))))"#
    );
    let body = format!(
        "(call $get (i32.const 0) (i32.const 3) (i32.const 5))
        (drop (call $kv_set (i32.const 0) (i32.const 3) (i32.const 8) (i32.const 5)))
        (call $get (i32.const 0) (i32.const 3) (i32.const 4))
        (call $get (i32.const 0) (i32.const 3) (i32.const 5))
        (call $tell64 (i64.load (i32.const 64)))
        {}",
        faulty_keys("$get"),
    );
    case("kv_get", telling(&data, &body))
        .does([
            failed(ErrorCode::NotFound),
            Did::Stored("key".into(), b"value".into()),
            failed(ErrorCode::BufferTooSmall),
            told(5),
            told(i64::from_le_bytes(*b"value\0\0\0")),
        ])
        .does(FAULTS.map(failed))
}

pub(super) fn kv_set() -> Case {
    let data = format!(
        r#"(data (i32.const 0) "key") (data (i32.const 8) "value") {FAULTY_KEYS}
        (func $set (param i32 i32 i32)
          (call $tell (call $kv_set (local.get 0) (local.get 1) (i32.const 8) (local.get 2))))"#
    );
    let body = format!(
        "(call $set (i32.const 0) (i32.const 3) (i32.const 5))
        (call $set (i32.const 0) (i32.const 3) (i32.const 0))
        (call $set (i32.const 0) (i32.const 3) (i32.const 257))
        {}",
        faulty_keys("$set"),
    );
    case("kv_set", telling(&data, &body))
        .does([
            Did::Stored("key".into(), b"value".into()),
            told(0),
            Did::Stored("key".into(), Vec::new()),
            told(0),
            failed(ErrorCode::TooLong),
        ])
        .does(FAULTS.map(failed))
}

/// Calls of `function` with keys by which it fails with each of [`FAULTS`].
fn faulty_keys(function: &str) -> String {
    [(128, 8), (144, 2), (160, 13), (176, 2), (0, 0), (0, 33)]
        .map(|(key, length)| {
            format!("(call {function} (i32.const {key}) (i32.const {length}) (i32.const 5))")
        })
        .concat()
}

/// Data at which [`faulty_keys`] points.
const FAULTY_KEYS: &str = r#"(data (i32.const 128) "TOO_MANY") (data (i32.const 144) "IO")
    (data (i32.const 160) "NOT_SUPPORTED") (data (i32.const 176) "\c3(")"#;

const FAULTS: [ErrorCode; 6] = [
    ErrorCode::TooMany,
    ErrorCode::Io,
    ErrorCode::NotSupported,
    ErrorCode::InvalidArgument,
    ErrorCode::InvalidArgument,
    ErrorCode::TooLong,
];
