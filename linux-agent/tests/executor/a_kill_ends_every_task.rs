use std::sync::mpsc::{self, Receiver, Sender};

use edgerm_linux_agent::devices::{self, DeviceError, Devices, Driver};
use edgerm_linux_agent::executor::{OUTPUT_CREDIT, TaskEvent, TaskSpec};
use edgerm_protocol::TaskId;
use edgerm_protocol::resource::Access;
use edgerm_task_abi::TaskEnd;

use crate::rig::{Rig, spec, task};

/// Starts a task that says it is there and then does `then`, and kills it.
fn is_killed(then: &str) {
    let mut rig = Rig::new();
    let body = format!(r#"(func (export "_start") (call $tell (i32.const 1)) {then})"#);
    let id = rig.start(spec(1, &task(&body)));
    rig.output();
    rig.executor.kill(id);
    assert_eq!(rig.finish(id), (vec![], TaskEnd::Killed));
}

#[test]
fn one_that_spins() {
    is_killed("(loop (br 0))");
}

#[test]
fn one_that_does_nothing_but_call() {
    is_killed("(loop (drop (call $clock_monotonic_ms)) (br 0))");
}

#[test]
fn one_that_moves_memory() {
    is_killed("(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0))");
}

#[test]
fn one_that_waits_for_its_share_of_a_core() {
    let mut rig = Rig::new();
    let spin = r#"(func (export "_start") (loop (br 0)))"#;
    let id = rig.start(TaskSpec {
        cpus: 1,
        ..spec(1, &task(spin))
    });
    rig.executor.kill(id);
    assert_eq!(rig.finish(id), (vec![], TaskEnd::Killed));
}

#[test]
fn one_that_sleeps_for_an_hour() {
    is_killed("(drop (call $sleep_ms (i32.const 3600000)))");
}

#[test]
fn one_that_sleeps_for_as_long_as_can_be() {
    is_killed("(drop (call $sleep_ms (i32.const -1)))");
}

#[test]
fn one_that_waits_for_a_message() {
    is_killed("(drop (call $message_receive (i32.const 0) (i32.const 9) (i32.const -1)))");
}

#[test]
fn one_that_waits_for_room_to_emit() {
    let mut rig = Rig::new();
    let body = r#"(func (export "_start") (loop (call $tell (i32.const 1)) (br 0)))"#;
    let id = rig.start(spec(1, &task(body)));
    for _ in 0..OUTPUT_CREDIT {
        rig.output();
    }
    rig.executor.kill(id);
    rig.ends(id, TaskEnd::Killed);
}

/// Reads only when it is told to, and tells when it is asked.
struct Slow {
    asked: Sender<()>,
    go_on: Receiver<()>,
}

impl devices::Sensor for Slow {
    fn read(&mut self) -> Result<i64, DeviceError> {
        self.asked.send(()).expect("the test goes on");
        self.go_on.recv().expect("the test goes on");
        Ok(0)
    }
}

#[test]
fn one_behind_a_slow_device_at_its_next_call() {
    let (asked, is_asked) = mpsc::channel();
    let (tell, go_on) = mpsc::channel();
    let mut devices = Devices::default();
    let slow = Driver::Sensor(Box::new(Slow { asked, go_on }));
    devices.add("room", "temperature", Access::Shared, slow);
    let mut rig = Rig::with(devices);
    let read = r#"(data (i32.const 0) "room")
        (func (export "_start") (local i32)
          (local.set 0 (call $sensor_open (i32.const 0) (i32.const 4)))
          (loop (drop (call $sensor_read (local.get 0) (i32.const 8))) (br 0)))"#;
    let id = rig.start(spec(1, &task(read)));
    is_asked.recv().expect("the task reads");
    rig.executor.kill(id);
    tell.send(()).expect("the sensor waits");
    // To read again is to panic, which is another end.
    drop(tell);
    assert_eq!(rig.finish(id), (vec![], TaskEnd::Killed));
    is_asked.try_recv().expect_err("a killed task read again");
}

#[test]
fn those_of_an_executor_that_is_dropped() {
    let mut rig = Rig::new();
    let spin = r#"(func (export "_start") (loop (br 0)))"#;
    let sleep = r#"(func (export "_start") (drop (call $sleep_ms (i32.const -1))))"#;
    for (id, body) in [(1, spin), (2, sleep), (3, spin)] {
        rig.start(spec(id, &task(body)));
    }
    drop(rig.executor);
    // The threads are gone, and with them all who could tell.
    let end = |event| match event {
        TaskEvent::Ended(id, end, _) => Some((id, end)),
        TaskEvent::Started(_)
        | TaskEvent::NotStarted(..)
        | TaskEvent::Output(..)
        | TaskEvent::Log(..) => None,
    };
    let mut ended: Vec<_> = rig.events.iter().map(end).collect();
    ended.sort_by_key(|ended| ended.as_ref().map(|(id, _)| *id));
    let killed = [1, 2, 3].map(|id| Some((TaskId(id), TaskEnd::Killed)));
    assert_eq!(ended, killed);
}

#[test]
fn and_one_that_is_not_there_is_no_harm() {
    Rig::new().executor.kill(TaskId(7));
}
