use std::fs;
use std::time::Instant;

use edgerm_linux_agent::executor::TaskSpec;
use edgerm_protocol::TaskId;
use edgerm_task_abi::TaskEnd;

use crate::rig::{Rig, spec, task};

/// Asks for the time until a second has passed.
const A_SECOND: &str = r#"(func (export "_start") (local i64)
    (local.set 0 (i64.add (call $clock_monotonic_ms) (i64.const 1000)))
    (loop (br_if 0 (i64.lt_s (call $clock_monotonic_ms) (local.get 0)))))"#;

const WAIT: &str = r#"(func (export "_start")
    (drop (call $message_receive (i32.const 0) (i32.const 8) (i32.const -1))))"#;

/// Priority of the thread of a task whose id begins so: field 19 of proc_pid_stat(5).
fn nice(id: TaskId) -> Option<i32> {
    let name = format!("(task-{:.8})", id.to_string());
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let mut stats = tasks.filter_map(|it| fs::read_to_string(it.ok()?.path().join("stat")).ok());
    let stat = stats.find(|stat| stat.contains(&name))?;
    let (_, fields) = stat.rsplit_once(") ")?;
    fields.split(' ').nth(16)?.parse().ok()
}

/// 1 ms in each period, of which there are more the busier the machine is, and a slice and what made
/// it ready besides. That is nothing near to the quarter of all time, which it would be far beyond if
/// nobody held it.
#[test]
fn one_that_does_nothing_but_call_has_no_more_than_it_was_given() {
    let mut rig = Rig::new();
    let before = Instant::now();
    let id = rig.start(TaskSpec {
        cpus: 10,
        ..spec(1, &task(A_SECOND))
    });
    let usage = rig.ends(id, TaskEnd::Exited(0));
    let wall = before.elapsed().as_millis();
    assert!(
        u128::from(usage.cpu_ms) < wall / 4,
        "{usage:?} in {wall} ms"
    );
    assert!(usage.cpu_ms > 0, "it has used something");
}

#[test]
fn one_that_was_given_nothing_goes_behind_the_others() {
    let mut rig = Rig::new();
    for (number, cpus, expected) in [(0xa, 0, 19), (0xb, 1, 0), (0xc, 1_000, 0)] {
        // No other test has such ids, by which threads are called.
        let id = TaskId((0xcafe_0000 + number) << 32);
        rig.start(TaskSpec {
            id,
            cpus,
            ..spec(0, &task(WAIT))
        });
        assert_eq!(nice(id), Some(expected), "{cpus} thousandths");
    }
}
