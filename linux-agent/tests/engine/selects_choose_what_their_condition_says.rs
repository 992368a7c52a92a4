use crate::rig::{run, start};
use edgerm_task_abi::TaskEnd;

/// A local compared with zero in all ways to write that, as the condition of a select: wasmi 2.0.0
/// chooses the wrong one in half of them.
#[test]
fn selects_choose_what_their_condition_says() {
    for (condition, when_zero) in [
        ("(local.get 0)", false),
        ("(i32.eqz (local.get 0))", true),
        ("(i32.eqz (i32.eqz (local.get 0)))", false),
        ("(i32.eq (local.get 0) (i32.const 0))", true),
        ("(i32.ne (local.get 0) (i32.const 0))", false),
        ("(i32.eq (i32.const 0) (local.get 0))", true),
        ("(i64.eqz (i64.extend_i32_u (local.get 0)))", true),
        ("(i32.lt_u (local.get 0) (i32.const 1))", true),
    ] {
        for value in [0, 1, -1, 5] {
            let chosen = if (value == 0) == when_zero { 11 } else { 22 };
            let entry = format!(
                r#"(func (export "_start") (result i32) (local i32)
                  (local.set 0 (i32.const {value}))
                  (select (i32.const 11) (i32.const 22) {condition}))"#
            );
            let mut task = start(&entry).unwrap();
            let (_, end) = run(&mut task, 10_000);
            assert_eq!(end, TaskEnd::Exited(chosen), "{value}: {condition}");
        }
    }
}
