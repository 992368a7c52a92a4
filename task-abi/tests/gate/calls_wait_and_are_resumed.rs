//! A call that waits is suspended until its event or its deadline, never in the node.

use crate::node::{TestTask, failed, returned};
use edgerm_task_abi::{
    CallHandler,
    ErrorCode::{BufferTooSmall, TimedOut},
    Function::*,
    Outcome, Suspended, WakeOn,
};

fn suspended(outcome: Outcome) -> Suspended {
    match outcome {
        Outcome::Suspend(suspended) => suspended,
        Outcome::Return(_) | Outcome::Exit(_) => panic!("did not wait: {outcome:?}"),
    }
}

fn resume(task: &mut TestTask, suspended: Suspended) -> Outcome {
    task.gate.resume(suspended, &mut task.memory)
}

#[test]
fn sleep_lasts_until_its_deadline_however_often_it_is_resumed() {
    let mut task = TestTask::new();
    task.node().now_ms = 1000;
    let sleep = suspended(task.call(SleepMs, &[50]));
    assert_eq!(sleep.deadline_ms(), Some(1050));
    assert_eq!(sleep.wake_on(), WakeOn::Deadline);
    task.node().now_ms = 1049;
    assert_eq!(resume(&mut task, sleep), Outcome::Suspend(sleep));
    task.node().now_ms = 1050;
    assert_eq!(resume(&mut task, sleep), returned(0));
}

#[test]
fn the_longest_sleep_is_no_negative_one() {
    let mut task = TestTask::new();
    let sleep = suspended(task.call(SleepMs, &[-1]));
    assert_eq!(sleep.deadline_ms(), Some(u32::MAX.into()));
}

#[test]
fn a_message_ends_the_wait_for_it() {
    let mut task = TestTask::new();
    let wait = suspended(task.call(MessageReceive, &[100, 8, -1]));
    assert_eq!(wait.deadline_ms(), None);
    assert_eq!(wait.wake_on(), WakeOn::Message);
    task.node().now_ms = u64::MAX;
    assert_eq!(resume(&mut task, wait), Outcome::Suspend(wait));
    task.node().messages.push_back(b"stop".to_vec());
    assert_eq!(resume(&mut task, wait), returned(4));
    assert_eq!(task.memory[100..104], *b"stop");
}

#[test]
fn a_wait_times_out_at_its_deadline() {
    let mut task = TestTask::new();
    let wait = suspended(task.call(MessageReceive, &[0, 8, 20]));
    assert_eq!(wait.deadline_ms(), Some(20));
    task.node().now_ms = 20;
    assert_eq!(resume(&mut task, wait), failed(TimedOut));
    task.node().messages.push_back(b"late".to_vec());
    assert_eq!(
        resume(&mut task, wait),
        returned(4),
        "what came in time is taken"
    );
}

#[test]
fn a_timeout_of_nothing_does_not_wait() {
    let mut task = TestTask::new();
    assert_eq!(task.call(MessageReceive, &[0, 8, 0]), failed(TimedOut));
    assert_eq!(task.call(SleepMs, &[0]), returned(0));
}

#[test]
fn a_message_too_long_for_the_buffer_is_kept() {
    let mut task = TestTask::new();
    task.node().messages.push_back(b"a long message".to_vec());
    assert_eq!(
        task.call(MessageReceive, &[0, 4, 0]),
        failed(BufferTooSmall)
    );
    assert_eq!(task.memory[..4], [0; 4]);
    assert_eq!(task.call(MessageReceive, &[0, 14, 0]), returned(14));
}

#[test]
fn emit_waits_for_room() {
    let mut task = TestTask::new().with(0, b"21.5");
    assert_eq!(task.call(Emit, &[0, 4, 0]), returned(0));
    assert_eq!(task.call(Emit, &[0, 4, 0]), failed(TimedOut));
    let wait = suspended(task.call(Emit, &[0, 4, -1]));
    assert_eq!(wait.wake_on(), WakeOn::EmitRoom);
    task.node().emitted.clear();
    assert_eq!(resume(&mut task, wait), returned(0));
    assert_eq!(task.node().emitted, [b"21.5"]);
}
