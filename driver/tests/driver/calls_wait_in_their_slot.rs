use std::time::Duration;

use edgerm_coap::Code;
use edgerm_driver::Wait;
use edgerm_protocol::message::path;
use edgerm_task_abi::{ErrorCode, Function};

use crate::common::{Ask, FIRST, Launch, SECOND, World};

#[test]
fn a_sleep_is_waited_for_and_no_longer() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    let start = world.now();
    assert_eq!(world.call(0, Function::SleepMs, &[20]), None);
    assert_eq!(world.wait, Wait::Until(start + Duration::from_millis(20)));
    world.advance(Duration::from_millis(19));
    assert_eq!(world.answered(0), None);
    world.advance(Duration::from_millis(1));
    assert_eq!(world.answered(0), Some(0));
}

#[test]
fn an_emit_waits_for_room_and_tasks_take_turns() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    world.run(1, SECOND, Launch::default());
    // The queue holds two outputs, and the master takes none.
    world.master.refuse(path::OUTPUT, Code::SERVICE_UNAVAILABLE);
    world.memory(0)[0] = b'a';
    world.memory(1)[0] = b'b';
    for _ in 0..2 {
        assert_eq!(world.call(0, Function::Emit, &[0, 1, -1]), Some(0));
    }
    assert_eq!(world.call(0, Function::Emit, &[0, 1, 0]), Some(TIMED_OUT));
    assert_eq!(world.call(0, Function::Emit, &[0, 1, -1]), None);
    assert_eq!(world.call(1, Function::Emit, &[0, 1, 1_000]), None);
    world.advance(Duration::from_secs(1));
    assert_eq!(world.answered(1), Some(TIMED_OUT), "its time is over");
    assert_eq!(world.call(1, Function::Emit, &[0, 1, -1]), None);
    world.master.accept(path::OUTPUT);
    world.advance(Duration::from_secs(10));
    assert_eq!((world.answered(0), world.answered(1)), (Some(0), Some(0)));
    let told = world.master.outputs.iter().map(|output| output.payload[0]);
    assert_eq!(told.filter(|payload| *payload == b'b').count(), 1);
    assert_eq!(world.master.outputs.len(), 4, "all of them, once");
}

#[test]
fn a_message_wakes_its_task_and_others_wait_for_theirs() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    world.run(1, SECOND, Launch::default());
    for slot in [0, 1] {
        let receive = world.call(slot, Function::MessageReceive, &[16, 8, -1]);
        assert_eq!(receive, None);
    }
    world.master.ask(Ask::Message(SECOND, b"hello".to_vec()));
    world.settle();
    assert_eq!((world.answered(0), world.answered(1)), (None, Some(5)));
    assert_eq!(world.memory(1)[16..21], *b"hello");
}

#[test]
fn messages_wait_in_order_and_one_too_many_is_refused() {
    let mut world = World::new();
    world.run(0, FIRST, Launch::default());
    for number in 0..5 {
        world.master.ask(Ask::Message(FIRST, vec![number]));
        world.settle();
    }
    let codes: Vec<_> = world
        .master
        .answers
        .iter()
        .map(|answer| answer.code)
        .collect();
    let (taken, refused) = (Some(Code::CHANGED), Some(Code::SERVICE_UNAVAILABLE));
    assert_eq!(codes[1..], [taken, taken, taken, taken, refused]);
    let too_small = Some(i64::from(ErrorCode::BufferTooSmall.code()));
    assert_eq!(
        world.call(0, Function::MessageReceive, &[0, 0, 0]),
        too_small
    );
    for number in 0..4 {
        assert_eq!(world.call(0, Function::MessageReceive, &[0, 1, 0]), Some(1));
        assert_eq!(world.memory(0)[0], number);
    }
    let empty = world.call(0, Function::MessageReceive, &[0, 1, 0]);
    assert_eq!(empty, Some(TIMED_OUT));
}

const TIMED_OUT: i64 = ErrorCode::TimedOut as i64;
