use crate::rig::{entry, start};
use edgerm_task_abi::StartError;

#[test]
fn each_of_them() {
    let entry = entry("(i32.const 0)");
    for fields in [
        "(func (param v128))",
        "(memory i64 1)",
        "(memory 1)",
        "(func $f (return_call $f))",
        "(global i32 (i32.add (i32.const 1) (i32.const 1)))",
        "(tag)",
        "(func $f) (start $f)",
    ] {
        let error = start(&format!("{entry} {fields}")).err();
        assert_eq!(error, Some(StartError::Module), "{fields}");
    }
}
