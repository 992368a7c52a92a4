use edgerm_task_abi::{TaskEnd, Trap};

use crate::rig::{Rig, spec, task};

#[test]
fn by_itself_with_its_exit_code() {
    let mut rig = Rig::new();
    for (body, code) in [
        (r#"(func (export "_start"))"#, 0),
        (r#"(func (export "_start") (result i32) (i32.const 5))"#, 5),
        (
            r#"(func (export "_start") (result i32) (i32.const -1))"#,
            -1,
        ),
        (
            r#"(func (export "_start") (call $exit (i32.const 3)) (loop (br 0)))"#,
            3,
        ),
        (
            r#"(func (export "_start") (call $exit (i32.const 0)) unreachable)"#,
            0,
        ),
        (
            r#"(func $deep (call $exit (i32.const -7))) (func (export "_start") (call $deep))"#,
            -7,
        ),
    ] {
        assert_eq!(rig.end_of(body), TaskEnd::Exited(code), "{body}");
    }
}

#[test]
fn by_each_kind_of_trap() {
    let mut rig = Rig::new();
    for (body, trap) in [
        ("unreachable", Trap::Unreachable),
        (
            "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
            Trap::DivisionByZero,
        ),
        (
            "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
            Trap::DivisionByZero,
        ),
        (
            "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
            Trap::IntegerOverflow,
        ),
        (
            "(drop (i32.trunc_f32_s (f32.const nan)))",
            Trap::IntegerOverflow,
        ),
        (
            "(drop (i32.trunc_f64_s (f64.const 1e10)))",
            Trap::IntegerOverflow,
        ),
        (
            "(drop (i32.load (i32.const 65533)))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "(i64.store (i32.const -1) (i64.const 1))",
            Trap::MemoryOutOfBounds,
        ),
        (
            "(memory.fill (i32.const 1) (i32.const 0) (i32.const 65536))",
            Trap::MemoryOutOfBounds,
        ),
        ("(call_indirect (i32.const 0))", Trap::IndirectCall),
        (
            "(call_indirect (param i32) (i32.const 1) (i32.const 1))",
            Trap::IndirectCall,
        ),
        ("(call_indirect (i32.const 2))", Trap::TableOutOfBounds),
        ("(call $recurse)", Trap::StackOverflow),
        ("(drop (call $swell (i64.const 1)))", Trap::StackOverflow),
    ] {
        let module = format!(
            r#"(table 2 funcref) (elem (i32.const 1) $recurse)
            (func $recurse (call $recurse))
            (func $swell (param i64) (result i64)
              (i64.add (local.get 0) (call $swell (i64.add (local.get 0) (i64.const 1)))))
            (func (export "_start") {body})"#
        );
        assert_eq!(rig.end_of(&module), TaskEnd::Trapped(trap), "{body}");
    }
}

#[test]
fn after_what_it_said() {
    let mut rig = Rig::new();
    let body = r#"(func (export "_start") (call $tell (i32.const 1)) unreachable)"#;
    let id = rig.start(spec(1, &task(body)));
    let (outputs, end) = rig.finish(id);
    assert_eq!(outputs, [1_i64.to_le_bytes()]);
    assert_eq!(end, TaskEnd::Trapped(Trap::Unreachable));
}
