//! A sound call reaches the node, and its result the task's memory.

use crate::node::{TestTask, failed, returned};
use edgerm_task_abi::{
    ErrorCode::{BufferTooSmall, NotSupported},
    Function::*,
    LogLevel, Outcome, Value,
};

#[test]
fn a_sensor_is_read_into_memory() {
    let mut task = TestTask::new().with(0, b"thermometer");
    assert_eq!(task.call(SensorOpen, &[0, 11]), returned(0));
    // Not aligned, and the last place where 8 bytes fit.
    for pointer in [3, 4096 - 8] {
        assert_eq!(task.call(SensorRead, &[0, pointer]), returned(0));
        let start = usize::try_from(pointer).expect("a small number");
        assert_eq!(task.memory[start..start + 8], 21_500_000_i64.to_le_bytes());
    }
}

#[test]
fn an_actuator_is_written() {
    let mut task = TestTask::new().with(0, b"led");
    assert_eq!(task.call(ActuatorOpen, &[0, 3]), returned(1));
    assert_eq!(task.call(ActuatorWrite, &[1, i64::MIN]), returned(0));
    assert_eq!(task.node().led, i64::MIN);
}

#[test]
fn the_environment_is_copied_even_over_its_key() {
    let mut task = TestTask::new().with(0, b"WINDOW");
    assert_eq!(task.call(EnvGet, &[0, 6, 0, 6]), returned(1));
    assert_eq!(task.memory[..6], *b"4INDOW");
}

#[test]
fn a_line_is_cut_at_a_whole_character() {
    let line = "ä".repeat(150);
    let mut task = TestTask::new().with(0, line.as_bytes()).with(1000, b"x");
    // From 1000 on: "x", then characters of two bytes, so that the cut goes through one.
    task.memory[1001..1301].copy_from_slice(line.as_bytes());
    assert_eq!(task.call(Log, &[1, 0, 300]), returned(0));
    assert_eq!(task.call(Log, &[4, 1000, 301]), returned(0));
    assert_eq!(task.call(Log, &[3, 0, 0]), returned(0));
    let expected = [
        (LogLevel::Error, "ä".repeat(100)),
        (LogLevel::Debug, format!("x{}", "ä".repeat(99))),
        (LogLevel::Info, String::new()),
    ];
    assert_eq!(task.node().lines, expected);
}

#[test]
fn what_is_stored_is_found_again() {
    let mut task = TestTask::new().with(0, b"count").with(16, b"0042");
    assert_eq!(task.call(KvSet, &[0, 5, 16, 4]), returned(0));
    assert_eq!(task.call(KvGet, &[0, 5, 64, 3]), failed(BufferTooSmall));
    assert_eq!(task.memory[64..67], [0; 3]);
    assert_eq!(task.call(KvGet, &[0, 5, 64, 4]), returned(4));
    assert_eq!(task.memory[64..68], *b"0042");
}

#[test]
fn the_largest_payload_and_the_empty_one_are_emitted() {
    for length in [800, 0] {
        let mut task = TestTask::new();
        assert_eq!(task.call(Emit, &[4096 - length, length, 0]), returned(0));
        let expected = usize::try_from(length).expect("a small number");
        assert_eq!(task.node().emitted[0].len(), expected);
    }
}

#[test]
fn clocks_are_wide_and_so_are_their_errors() {
    let mut task = TestTask::new();
    task.node().now_ms = 1 << 40;
    let now = Outcome::Return(Value::I64(1 << 40));
    assert_eq!(task.call(ClockMonotonicMs, &[]), now);
    let unknown = Outcome::Return(Value::I64(NotSupported.code().into()));
    assert_eq!(task.call(ClockUnixMs, &[]), unknown);
}

#[test]
fn what_the_node_lacks_is_told() {
    let mut task = TestTask::new().with(0, b"coap://[::1]/x");
    assert_eq!(
        task.call(CoapPost, &[0, 14, 0, 0, -1]),
        failed(NotSupported)
    );
}
