//! The master asks what a task logged and uses; whoever reads no lines is sent none.

use edgerm_agent_core::{Input, InputError, TaskExit, Usage};
use edgerm_coap::Code;
use edgerm_protocol::message::LogLevel;
use edgerm_protocol::{TaskId, TaskState};

use crate::common::{Ask, FIRST, Inspected, SECOND, World, seconds};

fn log(world: &mut World, id: TaskId, line: &str) {
    world.log(id, line).expect("it runs");
}

fn lines(inspected: &Inspected) -> Vec<&str> {
    inspected
        .lines
        .iter()
        .map(|(_, line)| line.as_str())
        .collect()
}

#[test]
fn nothing_is_sent_of_what_nobody_asks_for() {
    let mut world = World::running(FIRST);
    let before = world.master.heard.len();
    for _ in 0..100 {
        log(&mut world, FIRST, "a line");
    }
    world.run_for(seconds(1));
    assert_eq!(world.master.heard.len(), before);
}

#[test]
fn lines_are_told_after_a_number() {
    let mut world = World::running(FIRST);
    assert_eq!(world.inspect(FIRST, Some(0)), Some(Inspected::default()));
    log(&mut world, FIRST, "one");
    log(&mut world, FIRST, "two");
    let told = world.inspect(FIRST, Some(0));
    let expected = Inspected {
        first: Some(1),
        lines: vec![
            (LogLevel::Info, "one".into()),
            (LogLevel::Info, "two".into()),
        ],
        ..Inspected::default()
    };
    assert_eq!(told, Some(expected));
    let told = world.inspect(FIRST, Some(1)).expect("it runs");
    assert_eq!((told.first, lines(&told)), (Some(2), vec!["two"]));
    assert_eq!(world.inspect(FIRST, Some(2)), Some(Inspected::default()));
    assert_eq!(
        world.inspect(FIRST, None),
        Some(Inspected::default()),
        "none are wanted"
    );
    assert_eq!(world.inspect(SECOND, Some(0)), None);
}

/// As many as the driver says, and of those that gave way the gap tells.
#[test]
fn all_that_is_kept_is_read_in_parts() {
    let mut world = World::running(FIRST);
    for number in 1..=50 {
        log(&mut world, FIRST, &format!("line {number:03}"));
    }
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let told = world.inspect(FIRST, Some(after)).expect("it runs");
        assert_eq!(
            told.lines.len(),
            if told.more { 25 } else { told.lines.len() }
        );
        let first = told.first.expect("there are lines");
        read.extend((first..).zip(lines(&told).into_iter().map(str::to_owned)));
        after = first + u32::try_from(told.lines.len()).expect("few") - 1;
        if !told.more {
            break;
        }
    }
    // 30 lines of 10 bytes.
    let expected: Vec<_> = (21..=50)
        .map(|number| (number, format!("line {number:03}")))
        .collect();
    assert_eq!(read, expected);
}

#[test]
fn what_a_task_used_is_told_though_it_has_ended() {
    let mut world = World::running(FIRST);
    for cpu_ms in [10, 250] {
        let usage = Usage {
            cpu_ms,
            mem: 65_536,
            mem_peak: 131_072,
        };
        world.used(FIRST, usage);
    }
    log(&mut world, FIRST, "last words");
    world.exit(FIRST, TaskExit::Exited(1)).expect("it runs");
    world.run_until(|world| world.master.state(FIRST) == Some(TaskState::Errored));
    world.run_for(seconds(60));
    let told = world.inspect(FIRST, Some(0)).expect("it is kept");
    assert_eq!(told.usage, Some((250, 65_536, 131_072)));
    assert_eq!(lines(&told), ["last words"]);
}

/// A driver that is asked nothing may not answer.
#[test]
fn what_was_not_asked_is_not_told() {
    let mut world = World::running(FIRST);
    let told = world.input(Input::Inspected(FIRST, Some(&[0xa0])));
    assert_eq!(told, Err(InputError::UnexpectedForTask(FIRST)));
}

#[test]
fn one_who_does_not_know_the_session_is_told_nothing() {
    let mut world = World::running(FIRST);
    log(&mut world, FIRST, "a line");
    let (code, diagnostic) = world.ask(Ask::Raw("i", vec![0xa2, 0x00, 0x18, 0xff, 0x01, 0x01]));
    assert_eq!(
        (code, diagnostic.as_str()),
        (Code::UNAUTHORIZED, "unknown session")
    );
    let (code, diagnostic) = world.ask(Ask::Raw("i", vec![0xa0]));
    assert_eq!(
        (code, diagnostic.as_str()),
        (Code::BAD_REQUEST, "the body is a required key is missing")
    );
}
