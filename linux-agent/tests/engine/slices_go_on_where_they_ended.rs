use crate::rig::{entry, run, start};
use edgerm_task_abi::{Step, Task, TaskEnd};

#[test]
fn in_a_loop() {
    let count = "(local i32) (loop
        (br_if 0 (i32.lt_u
            (local.tee 0 (i32.add (local.get 0) (i32.const 1)))
            (i32.const 10000))))
        (local.get 0)";
    for fuel in [1, 7, 1_000] {
        let mut task = start(&entry(count)).unwrap();
        let (slices, end) = run(&mut task, fuel);
        assert_eq!(end, TaskEnd::Exited(10_000));
        assert!(
            slices >= 10,
            "{slices} slices of {fuel} for 40,000 instructions"
        );
        assert_eq!(task.run(fuel), Step::End(end), "once ended, always ended");
    }
}

#[test]
fn at_the_first_call_of_a_function() {
    let functions = (0..50).map(|n| format!("(func $f{n} (result i32) (i32.const {n}))"));
    let functions: String = functions.collect();
    let calls: String = (0..50).map(|n| format!("(call $f{n}) i32.add ")).collect();
    let mut task = start(&format!(
        "{functions} {}",
        entry(&format!("i32.const 0 {calls}"))
    ));
    let (_, end) = run(task.as_mut().unwrap(), 1);
    assert_eq!(end, TaskEnd::Exited((0..50).sum()));
}

#[test]
fn before_an_instruction_that_is_larger_than_a_slice() {
    let fill = "(memory.fill (i32.const 0) (i32.const 5) (i32.const 65536))
        (i32.load8_u (i32.const 65535))";
    let (_, end) = run(&mut start(&entry(fill)).unwrap(), 1);
    assert_eq!(end, TaskEnd::Exited(5));
}
