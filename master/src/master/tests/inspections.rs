//! What tasks log and use is read from their agents while somebody wants it, and at no other time.

use edgerm_protocol::api::{InspectionState, LogWanted, Usage};
use edgerm_protocol::message::{Inspect, Inspection, LogLevel, LogLines};

use super::road::output;
use super::*;

/// A task's log at its agent.
#[derive(Debug, Default)]
pub(in super::super) struct NodeLog {
    pub(super) lines: Vec<String>,
    /// Lines that gave way before those.
    pub(super) gone: u32,
    pub(super) usage: Usage,
    /// Whether it knows nothing of the task any more.
    pub(super) is_forgotten: bool,
    /// What was asked: after which line, where lines were wanted.
    pub(super) asked: Vec<Option<u32>>,
}

/// Lines in one answer.
const PART: usize = 3;

impl NodeLog {
    pub(in super::super) fn answer(&mut self, body: &[u8]) -> (Code, Vec<u8>) {
        let inspect: Inspect = decode(body).unwrap();
        self.asked.push(inspect.after);
        if self.is_forgotten {
            return (Code::NOT_FOUND, Vec::new());
        }
        let after = inspect.after.unwrap_or(u32::MAX);
        let numbered = (self.gone + 1..).zip(&self.lines);
        let rest: Vec<_> = numbered.filter(|(number, _)| *number > after).collect();
        let mut lines = Vec::new();
        for (_, line) in rest.iter().take(PART) {
            lines.extend(LogLines::header(LogLevel::Info, line.len()));
            lines.extend(line.as_bytes());
        }
        let first = rest.first().map(|(number, _)| *number);
        let inspection = Inspection {
            first,
            lines: first.map(|_| lines.as_slice()),
            more: (rest.len() > PART).then_some(true),
            cpu_ms: self.usage.cpu_ms,
            mem: self.usage.mem,
            mem_peak: self.usage.mem_peak,
        };
        let mut buffer = [0; MAX_BODY];
        let body = encode(&inspection, &mut buffer).unwrap().to_vec();
        (Code::CHANGED, body)
    }
}

/// A task that runs, on the only node.
fn running() -> (World, TaskId) {
    let mut world = World::new(1);
    let (_, task) = world.launched();
    world.ping(0, &[update(task, TaskState::Running)]);
    (world, task)
}

fn log(world: &mut World, lines: &[&str]) {
    let lines = lines.iter().map(|&line| line.to_owned());
    world.nodes[0].log.lines.extend(lines);
}

fn asked(world: &World) -> usize {
    world.nodes[0].log.asked.len()
}

fn query(log: LogWanted, after: u64) -> OutputQuery {
    OutputQuery {
        after,
        limit: 100,
        wait_ms: 30_000,
        log,
    }
}

/// The answer to a call, after as much time as it takes.
fn read(world: &mut World, task: TaskId, query: OutputQuery) -> api::Outputs {
    match world.master.read_outputs(world.now, task, query).unwrap() {
        Answer::Ready(outputs) => outputs,
        Answer::Waiting(wait) => {
            world.settle();
            for _ in 0..query.wait_ms {
                if let Some(Reply::Outputs(outputs)) = world.replies.remove(&wait) {
                    return outputs;
                }
                world.pass(1);
            }
            panic!("it is answered in its time")
        }
    }
}

fn texts(outputs: &api::Outputs) -> Vec<String> {
    let texts = outputs.outputs.iter().map(|output| {
        let bytes = output.data.to_bytes().unwrap();
        String::from_utf8(bytes).unwrap()
    });
    texts.collect()
}

#[test]
fn nobody_is_asked_for_what_nobody_reads() {
    let (mut world, task) = running();
    log(&mut world, &["one"]);
    output(&mut world, task, 1, b"emitted");
    let outputs = read(&mut world, task, query(LogWanted::None, 0));
    assert_eq!(
        (texts(&outputs), outputs.log),
        (vec!["emitted".to_owned()], None)
    );
    world.pass(60_000);
    assert_eq!(asked(&world), 0);
}

#[test]
fn all_lines_are_read_in_as_many_parts_as_it_takes() {
    let (mut world, task) = running();
    log(&mut world, &["1", "2", "3", "4", "5", "6", "7"]);
    let outputs = read(&mut world, task, query(LogWanted::Read, 0));
    assert_eq!(texts(&outputs), ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(outputs.log, Some(InspectionState::Read));
    assert!(!outputs.end);
    assert!(
        outputs
            .outputs
            .iter()
            .all(|output| output.level == Some(LogLevel::Info))
    );
    assert_eq!(world.nodes[0].log.asked, [Some(0), Some(3), Some(6)]);
    // Who does not want them is not told them.
    let at_once = OutputQuery {
        wait_ms: 0,
        ..query(LogWanted::None, 0)
    };
    let none = read(&mut world, task, at_once);
    assert_eq!(texts(&none), [""; 0]);
}

/// Each call that reads waits for an answer that was asked for after it came.
#[test]
fn what_was_logged_before_a_call_is_in_its_answer() {
    let (mut world, task) = running();
    for round in 1..=5_u64 {
        log(&mut world, &["line"]);
        let outputs = read(&mut world, task, query(LogWanted::Read, round - 1));
        assert_eq!(texts(&outputs), ["line"], "round {round}");
        let nothing = read(&mut world, task, query(LogWanted::Read, round));
        assert_eq!(texts(&nothing), [""; 0]);
        assert_eq!(nothing.log, Some(InspectionState::Read));
    }
}

#[test]
fn who_follows_is_told_what_comes_next() {
    let (mut world, task) = running();
    let call = query(LogWanted::Follow, 0);
    let Answer::Waiting(wait) = world.master.read_outputs(world.now, task, call).unwrap() else {
        panic!("there is none yet")
    };
    world.settle();
    world.pass(10_000);
    assert!(world.replies.is_empty());
    log(&mut world, &["one"]);
    world.pass(2500);
    let Some(Reply::Outputs(outputs)) = world.replies.remove(&wait) else {
        panic!("it came")
    };
    assert_eq!(texts(&outputs), ["one"]);
}

/// The ping period of the node is 1 s.
#[test]
fn a_quiet_task_is_asked_about_ever_less_and_no_more_once_nobody_reads() {
    let (mut world, task) = running();
    let call = query(LogWanted::Follow, 0);
    let _waiting = world.master.read_outputs(world.now, task, call).unwrap();
    world.settle();
    // After twice a tenth of that, twice as long, and then half of it.
    for (millis, times) in [
        (199, 1),
        (1, 2),
        (399, 2),
        (1, 3),
        (499, 3),
        (1, 4),
        (500, 5),
    ] {
        world.pass(millis);
        assert_eq!(asked(&world), times, "at {:?}", world.now);
    }
    world.pass(30_000);
    let at_the_end = asked(&world);
    world.pass(60_000);
    assert_eq!(asked(&world), at_the_end);
}

#[test]
fn the_end_is_told_once_the_last_words_are_there() {
    for (is_forgotten, expected) in [(false, vec!["last words".to_owned()]), (true, Vec::new())] {
        let (mut world, task) = running();
        let call = query(LogWanted::Follow, 0);
        let Answer::Waiting(wait) = world.master.read_outputs(world.now, task, call).unwrap()
        else {
            panic!("there is none yet")
        };
        world.settle();
        log(&mut world, &["last words"]);
        world.nodes[0].log.is_forgotten = is_forgotten;
        world.ping(0, &[update(task, TaskState::Errored)]);
        let Some(Reply::Outputs(outputs)) = world.replies.remove(&wait) else {
            panic!("it ended")
        };
        assert_eq!(texts(&outputs), expected);
        let last = outputs.outputs.last().map_or(0, |last| last.index);
        let rest = read(&mut world, task, query(LogWanted::Follow, last));
        assert!(rest.end && rest.outputs.is_empty(), "{rest:?}");
    }
}

#[test]
fn lines_that_gave_way_are_told_as_a_number() {
    let (mut world, task) = running();
    log(&mut world, &["one"]);
    read(&mut world, task, query(LogWanted::Read, 0));
    let node = &mut world.nodes[0].log;
    (node.gone, node.lines) = (4, vec!["six".into()]);
    node.lines[0] = "five".into();
    let outputs = read(&mut world, task, query(LogWanted::Read, 1));
    assert_eq!(texts(&outputs), ["five"]);
    assert_eq!(outputs.outputs[0].lost, 3);
}

#[test]
fn an_agent_that_rebooted_is_read_from_its_beginning() {
    let (mut world, task) = running();
    log(&mut world, &["one", "two"]);
    read(&mut world, task, query(LogWanted::Read, 0));
    world.nodes[0].boot = BootId(2);
    world.nodes[0].log.lines = vec!["anew".into()];
    world.register(0, &[update(task, TaskState::Running)]);
    let outputs = read(&mut world, task, query(LogWanted::Read, 2));
    assert_eq!(texts(&outputs), ["anew"]);
    assert_eq!(outputs.outputs[0].lost, 0);
    assert_eq!(world.nodes[0].log.asked.last(), Some(&Some(0)));
}

#[test]
fn one_who_is_not_reached_is_not_waited_for() {
    let (mut world, task) = running();
    log(&mut world, &["one"]);
    read(&mut world, task, query(LogWanted::Read, 0));
    // A question is on its way, and given up after 93 s (RFC 7252 section 4.8.2).
    let call = query(LogWanted::Follow, 1);
    let _waiting = world.master.read_outputs(world.now, task, call).unwrap();
    world.nodes[0].deaf = true;
    world.pass(130_000);
    let asked = asked(&world);
    for wanted in [LogWanted::Read, LogWanted::Follow] {
        let outputs = read(&mut world, task, query(wanted, 0));
        assert_eq!(texts(&outputs), ["one"], "what was read before");
        assert_eq!(outputs.log, Some(InspectionState::Unreachable));
    }
    assert_eq!(world.nodes[0].log.asked.len(), asked);
    // It is heard, and asked what it is still wanted for.
    log(&mut world, &["two"]);
    world.nodes[0].deaf = false;
    let Answer::Ready(_) = world
        .master
        .read_outputs(world.now, task, query(LogWanted::Read, 1))
        .unwrap()
    else {
        panic!("it is not reached")
    };
    world.ping(0, &[]);
    let outputs = read(&mut world, task, query(LogWanted::Read, 1));
    assert_eq!(texts(&outputs), ["two"]);
}

#[test]
fn what_a_task_uses_is_read_without_its_lines() {
    let (mut world, task) = running();
    log(&mut world, &["one"]);
    let usage = Usage {
        cpu_ms: Some(1250),
        mem: Some(65_536),
        mem_peak: Some(131_072),
    };
    world.nodes[0].log.usage = usage;
    let Answer::Waiting(wait) = world.master.read_usage(world.now, task, 5000).unwrap() else {
        panic!("its agent is asked")
    };
    world.settle();
    let Some(Reply::Usage(told)) = world.replies.remove(&wait) else {
        panic!("it was told")
    };
    assert_eq!((told.usage, told.state), (usage, InspectionState::Read));
    assert_eq!(world.nodes[0].log.asked, [None]);
    // Of an agent that does not answer, it is what was known before.
    world.nodes[0].deaf = true;
    let Answer::Waiting(wait) = world.master.read_usage(world.now, task, 1000).unwrap() else {
        panic!("its agent is asked")
    };
    world.pass(1000);
    let Some(Reply::Usage(told)) = world.replies.remove(&wait) else {
        panic!("it has waited")
    };
    assert_eq!((told.usage, told.state), (usage, InspectionState::Pending));
}
