use edgerm_linux_agent::executor::{MESSAGES, NotTaken, OUTPUT_CREDIT};
use edgerm_protocol::TaskId;
use edgerm_task_abi::{ErrorCode, TaskEnd};

use crate::rig::{Rig, spec, task};

const COUNT_TO_9: &str = r#"(func (export "_start") (local i32)
    (loop
      (local.set 0 (i32.add (local.get 0) (i32.const 1)))
      (call $tell (local.get 0))
      (br_if 0 (i32.lt_s (local.get 0) (i32.const 9)))))"#;

#[test]
fn the_ninth_output_waits_until_one_has_left() {
    assert_eq!(OUTPUT_CREDIT, 8, "the task counts to one more");
    let mut rig = Rig::new();
    let id = rig.start(spec(1, &task(COUNT_TO_9)));
    for number in 1..=8_i64 {
        assert_eq!(rig.output(), number.to_le_bytes());
    }
    // Another task runs from start to end meanwhile, and this one says nothing.
    let other = rig.start(spec(2, &task(r#"(func (export "_start"))"#)));
    rig.ends(other, TaskEnd::Exited(0));
    rig.executor.output_taken(id);
    assert_eq!(rig.output(), 9_i64.to_le_bytes());
    rig.ends(id, TaskEnd::Exited(0));
}

#[test]
fn who_does_not_wait_for_room_is_told() {
    let mut rig = Rig::new();
    let emit = r#"(func (export "_start") (result i32) (local i32)
        (loop
          (local.set 0 (call $emit (i32.const 0) (i32.const 4) (i32.const 0)))
          (br_if 0 (i32.eqz (local.get 0))))
        (local.get 0))"#;
    let id = rig.start(spec(1, &task(emit)));
    for _ in 0..OUTPUT_CREDIT {
        rig.output();
    }
    let timed_out = TaskEnd::Exited(ErrorCode::TimedOut.code());
    rig.ends(id, timed_out);
}

#[test]
fn outputs_of_any_length_up_to_the_limit() {
    let mut rig = Rig::new();
    let emit = r#"(func (export "_start")
        (drop (call $emit (i32.const 0) (i32.const 0) (i32.const -1)))
        (drop (call $emit (i32.const 0) (i32.const 800) (i32.const -1)))
        (call $tell (call $emit (i32.const 0) (i32.const 801) (i32.const -1))))"#;
    rig.start(spec(1, &task(emit)));
    assert_eq!(rig.output(), b"");
    assert_eq!(rig.output(), [0; 800]);
    let too_long = i64::from(ErrorCode::TooLong.code());
    assert_eq!(rig.output(), too_long.to_le_bytes());
}

/// Receives into a buffer of four bytes, then into one of 800, for ever; tells what it got.
const RECEIVE: &str = r#"(func $emit_received (param i32)
      (if (i32.ge_s (local.get 0) (i32.const 0))
        (then (drop (call $emit (i32.const 0) (local.get 0) (i32.const -1))))
        (else (call $tell (local.get 0)))))
    (func (export "_start")
      (loop
        (call $emit_received
          (call $message_receive (i32.const 0) (i32.const 4) (i32.const -1)))
        (call $emit_received
          (call $message_receive (i32.const 0) (i32.const 800) (i32.const -1)))
        (br 0)))"#;

#[test]
fn messages_come_in_order_and_a_long_one_waits_for_its_buffer() {
    let mut rig = Rig::new();
    let id = rig.start(spec(1, &task(RECEIVE)));
    for message in [&b"one"[..], b"two", b"", b"four", b"fifth message"] {
        rig.executor.message(id, message).unwrap();
    }
    let too_small = i64::from(ErrorCode::BufferTooSmall.code()).to_le_bytes();
    for told in [
        &b"one"[..],
        b"two",
        b"",
        b"four",
        &too_small,
        b"fifth message",
    ] {
        assert_eq!(rig.output(), told);
    }
}

#[test]
fn a_full_queue_takes_no_message_until_one_was_received() {
    let mut rig = Rig::new();
    // Receives once it has room for a ninth output.
    let body = r#"(func (export "_start") (local i32)
        (loop
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (call $tell (local.get 0))
          (br_if 0 (i32.lt_s (local.get 0) (i32.const 9))))
        (drop (call $message_receive (i32.const 0) (i32.const 800) (i32.const -1)))
        (call $tell (i32.const 10))
        (loop (br 0)))"#;
    let id = rig.start(spec(1, &task(body)));
    for _ in 0..OUTPUT_CREDIT {
        rig.output();
    }
    for _ in 0..MESSAGES {
        rig.executor.message(id, b"message").unwrap();
    }
    assert_eq!(rig.executor.message(id, b"one more"), Err(NotTaken));
    for number in [9_i64, 10] {
        rig.executor.output_taken(id);
        assert_eq!(rig.output(), number.to_le_bytes());
    }
    rig.executor.message(id, b"one more").unwrap();
    assert_eq!(rig.executor.message(id, b"and another"), Err(NotTaken));
}

#[test]
fn a_task_that_is_not_there_takes_none() {
    let mut rig = Rig::new();
    assert_eq!(rig.executor.message(TaskId(1), b"hello"), Err(NotTaken));
    rig.end_of(r#"(func (export "_start"))"#);
    assert_eq!(rig.executor.message(TaskId(1), b"hello"), Err(NotTaken));
}
