use edgerm_linux_agent::executor::TaskEvent;
use edgerm_task_abi::limits::MAX_VALUE;
use edgerm_task_abi::{ABI_VERSION, ErrorCode, LogLevel, TaskEnd};

use crate::rig::{Rig, spec, task};

fn code(error: ErrorCode) -> i64 {
    error.code().into()
}

#[test]
fn its_version_of_the_host_api() {
    let tell = r#"(func (export "_start") (call $tell (call $abi_version)))"#;
    assert_eq!(Rig::new().told_by(tell), [i64::from(ABI_VERSION.number())]);
}

#[test]
fn a_variable_of_the_launch() {
    let mut rig = Rig::new();
    let get = r#"(data (i32.const 0) "PERIOD") (data (i32.const 8) "ABSENT")
        (func (export "_start")
          (call $tell (call $env_get (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 3)))
          (call $tell (i32.load (i32.const 16)))
          (call $tell (call $env_get (i32.const 0) (i32.const 6) (i32.const 16) (i32.const 2)))
          (call $tell (call $env_get (i32.const 8) (i32.const 6) (i32.const 16) (i32.const 3))))"#;
    let value = i64::from(u32::from_le_bytes(*b"250\0"));
    let [too_small, not_found] = [ErrorCode::BufferTooSmall, ErrorCode::NotFound].map(code);
    assert_eq!(rig.told_by(get), [3, value, too_small, not_found]);
}

#[test]
fn clocks_that_go_on() {
    let clocks = r#"(func (export "_start") (local i64)
        (local.set 0 (call $clock_monotonic_ms))
        (drop (call $sleep_ms (i32.const 2)))
        (call $tell64 (i64.sub (call $clock_monotonic_ms) (local.get 0)))
        (call $tell64 (call $clock_unix_ms)))"#;
    let told = Rig::new().told_by(clocks);
    assert!(told[0] >= 2, "slept for {} ms", told[0]);
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    let now = i64::try_from(now).unwrap();
    assert!((now - 600_000..=now).contains(&told[1]), "{}", told[1]);
}

#[test]
fn a_log_line_with_its_level() {
    let mut rig = Rig::new();
    let log = r#"(data (i32.const 0) "too warm")
        (func (export "_start") (result i32)
          (call $log (i32.const 2) (i32.const 0) (i32.const 8)))"#;
    let id = rig.start(spec(1, &task(log)));
    let line = TaskEvent::Log(id, LogLevel::Warning, "too warm".into());
    assert_eq!(rig.next(), line);
    rig.ends(id, TaskEnd::Exited(0));
}

#[test]
fn that_a_wait_is_over() {
    let wait = r#"(func (export "_start")
        (call $tell (call $message_receive (i32.const 0) (i32.const 8) (i32.const 0)))
        (call $tell (call $message_receive (i32.const 0) (i32.const 8) (i32.const 1)))
        (call $tell (call $sleep_ms (i32.const 0)))
        (call $tell (call $sleep_ms (i32.const 1))))"#;
    let timed_out = code(ErrorCode::TimedOut);
    assert_eq!(Rig::new().told_by(wait), [timed_out, timed_out, 0, 0]);
}

#[test]
fn that_it_has_no_network_for_tasks() {
    let post = r#"(data (i32.const 0) "coap://host/path")
        (func (export "_start") (call $tell
          (call $coap_post (i32.const 0) (i32.const 16) (i32.const 0) (i32.const 0) (i32.const -1))))"#;
    assert_eq!(Rig::new().told_by(post), [code(ErrorCode::NotSupported)]);
}

#[test]
fn pointers_that_a_task_made_up() {
    let mut rig = Rig::new();
    for call in [
        "(call $emit (i32.const 65536) (i32.const 1) (i32.const -1))",
        "(call $emit (i32.const -1) (i32.const -1) (i32.const -1))",
        "(call $emit (i32.const 1) (i32.const 65536) (i32.const -1))",
        "(call $log (i32.const 3) (i32.const 65535) (i32.const 2))",
        "(call $log (i32.const 3) (i32.const 0) (i32.const -1))",
        "(call $sensor_open (i32.const -4) (i32.const 4))",
        "(call $actuator_open (i32.const 65533) (i32.const 4))",
        "(call $env_get (i32.const 0) (i32.const 1) (i32.const 65535) (i32.const 2))",
        "(call $message_receive (i32.const 65535) (i32.const 2) (i32.const -1))",
        "(call $kv_get (i32.const 0) (i32.const 1) (i32.const 1) (i32.const -1))",
        "(call $kv_set (i32.const 0) (i32.const 1) (i32.const 65536) (i32.const 1))",
    ] {
        let body =
            format!(r#"(data (i32.const 0) "key") (func (export "_start") (result i32) {call})"#);
        let out_of_bounds = TaskEnd::Exited(ErrorCode::OutOfBounds.code());
        assert_eq!(rig.end_of(&body), out_of_bounds, "{call}");
    }
    let read = r#"(data (i32.const 0) "room")
        (func (export "_start") (result i32)
          (call $sensor_read (call $sensor_open (i32.const 0) (i32.const 4)) (i32.const 65529)))"#;
    let out_of_bounds = TaskEnd::Exited(ErrorCode::OutOfBounds.code());
    assert_eq!(rig.end_of(read), out_of_bounds);
}

#[test]
fn what_a_task_has_stored() {
    let mut rig = Rig::new();
    let store = r#"(data (i32.const 0) "key") (data (i32.const 8) "value")
        (func $get (param i32) (result i32)
          (call $kv_get (i32.const 0) (i32.const 3) (i32.const 16) (local.get 0)))
        (func $set (param i32) (result i32)
          (call $kv_set (i32.const 0) (i32.const 3) (i32.const 8) (local.get 0)))
        (func (export "_start")
          (call $tell (call $get (i32.const 8)))
          (call $tell (call $set (i32.const 4)))
          (call $tell (call $set (i32.const 5)))
          (call $tell (call $get (i32.const 4)))
          (call $tell (call $get (i32.const 256)))
          (call $tell64 (i64.load (i32.const 16)))
          (call $tell (call $set (i32.const 257)))
          (call $tell (call $set (i32.const 256)))
          (call $tell (call $get (i32.const 256)))
          (call $tell (call $set (i32.const 0)))
          (call $tell (call $get (i32.const 8))))"#;
    assert_eq!(MAX_VALUE, 256, "the task stores as much");
    let [not_found, too_small, too_long] = [
        ErrorCode::NotFound,
        ErrorCode::BufferTooSmall,
        ErrorCode::TooLong,
    ]
    .map(code);
    let value = i64::from_le_bytes(*b"value\0\0\0");
    let told = [
        not_found, 0, 0, too_small, 5, value, too_long, 0, 256, 0, not_found,
    ];
    assert_eq!(rig.told_by(store), told);
}

#[test]
fn that_a_store_is_full() {
    let mut rig = Rig::new();
    // Stores under keys of one byte each; tells how many there were, and that it can
    // still replace one, and store another once one is removed.
    let store = r#"
        (func $set (param i32 i32) (result i32)
          (i32.store8 (i32.const 0) (local.get 0))
          (call $kv_set (i32.const 0) (i32.const 1) (i32.const 8) (local.get 1)))
        (func (export "_start") (local i32 i32)
          (loop
            (local.set 1 (call $set (local.get 0) (i32.const 1)))
            (if (i32.eqz (local.get 1))
              (then (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 1))))
          (call $tell (local.get 0))
          (call $tell (local.get 1))
          (call $tell (call $set (i32.const 5) (i32.const 2)))
          (call $tell (call $set (i32.const 6) (i32.const 0)))
          (call $tell (call $set (local.get 0) (i32.const 1))))"#;
    let too_many = code(ErrorCode::TooMany);
    assert_eq!(rig.told_by(store), [64, too_many, 0, 0, 0]);
}
