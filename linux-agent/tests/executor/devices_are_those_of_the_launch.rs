use edgerm_linux_agent::executor::TaskEvent;
use edgerm_task_abi::{ErrorCode, TaskEnd};

use crate::rig::{ATTIC, ROOM, Rig, spec, task};

/// A task that tells what opening the device gives.
fn open(call: &str, name: &str) -> String {
    format!(
        r#"(data (i32.const 0) "{name}")
        (func (export "_start")
          (call $tell (call ${call} (i32.const 0) (i32.const {}))))"#,
        name.len()
    )
}

fn read(name: &str) -> String {
    format!(
        r#"(data (i32.const 0) "{name}")
        (func (export "_start")
          (call $tell (call $sensor_read
            (call $sensor_open (i32.const 0) (i32.const {})) (i32.const 64)))
          (call $tell64 (i64.load (i32.const 64))))"#,
        name.len()
    )
}

#[test]
fn a_sensor_is_found_by_its_label_or_by_its_kind() {
    let mut rig = Rig::new();
    // The first one of the launch that has the kind.
    for (name, value) in [("room", ROOM), ("attic", ATTIC), ("temperature", ROOM)] {
        assert_eq!(rig.told_by(&read(name)), [0, value], "{name}");
    }
}

#[test]
fn what_is_not_granted_is_told_from_what_is_not_there() {
    let mut rig = Rig::new();
    for (call, name, error) in [
        ("sensor_open", "cellar", ErrorCode::NotPermitted),
        ("sensor_open", "humidity", ErrorCode::NotPermitted),
        ("sensor_open", "roof", ErrorCode::NotFound),
        ("sensor_open", "pressure", ErrorCode::NotFound),
        ("actuator_open", "door", ErrorCode::NotPermitted),
        ("actuator_open", "lock", ErrorCode::NotPermitted),
        ("actuator_open", "siren", ErrorCode::NotFound),
        // Each class is opened by its own function.
        ("sensor_open", "led", ErrorCode::NotFound),
        ("actuator_open", "temperature", ErrorCode::NotFound),
    ] {
        let told = rig.told_by(&open(call, name));
        assert_eq!(told, [i64::from(error.code())], "{call} {name}");
    }
}

#[test]
fn an_actuator_is_written() {
    let mut rig = Rig::new();
    let write = r#"(data (i32.const 0) "led")
        (func (export "_start")
          (call $tell (call $actuator_write
            (call $actuator_open (i32.const 0) (i32.const 3)) (i64.const -1500000))))"#;
    assert_eq!(rig.told_by(write), [0]);
    assert_eq!(rig.lamp.try_recv(), Ok(-1_500_000));
}

#[test]
fn a_handle_is_for_what_it_was_opened_for() {
    let mut rig = Rig::new();
    let invalid = i64::from(ErrorCode::InvalidArgument.code());
    let confused = r#"(data (i32.const 0) "room") (data (i32.const 8) "lamp")
        (func (export "_start")
          (call $tell (call $sensor_open (i32.const 0) (i32.const 4)))
          (call $tell (call $actuator_open (i32.const 8) (i32.const 4)))
          (call $tell (call $actuator_write (i32.const 0) (i64.const 1)))
          (call $tell (call $sensor_read (i32.const 1) (i32.const 64)))
          (call $tell (call $sensor_read (i32.const 2) (i32.const 64)))
          (call $tell (call $sensor_read (i32.const -1) (i32.const 64)))
          (call $tell (call $actuator_write (i32.const 65536) (i64.const 1))))"#;
    let told = rig.told_by(confused);
    assert_eq!(told, [0, 1, invalid, invalid, invalid, invalid, invalid]);
    assert!(rig.lamp.try_recv().is_err());
}

#[test]
fn handles_run_out_for_who_opens_for_ever() {
    let mut rig = Rig::new();
    let open_all = r#"(data (i32.const 0) "room")
        (func (export "_start") (result i32) (local i32)
          (loop
            (local.set 0 (call $sensor_open (i32.const 0) (i32.const 4)))
            (br_if 0 (i32.ge_s (local.get 0) (i32.const 0))))
          (local.get 0))"#;
    let too_many = TaskEnd::Exited(ErrorCode::TooMany.code());
    assert_eq!(rig.end_of(open_all), too_many);
}

#[test]
fn a_device_of_the_launch_that_this_machine_lacks_is_not_found() {
    let mut rig = Rig::new();
    let spec = edgerm_linux_agent::executor::TaskSpec {
        devices: vec!["roof".into()],
        ..spec(1, &task(&open("sensor_open", "roof")))
    };
    let id = rig.start(spec);
    let not_found = i64::from(ErrorCode::NotFound.code()).to_le_bytes();
    assert_eq!(rig.next(), TaskEvent::Output(id, not_found.to_vec()));
}
