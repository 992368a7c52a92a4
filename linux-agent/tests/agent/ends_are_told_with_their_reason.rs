use edgerm_coap::Code;
use edgerm_protocol::{TaskId, TaskState};

use crate::rig::{Rig, module};

#[tokio::test]
async fn of_each_kind() {
    let (_rig, mut master) = Rig::registered().await;
    let start = |body: &str| module(&format!(r#"(func (export "_start") {body})"#));
    for (id, wasm, state, detail) in [
        (1, start(""), TaskState::Completed, ""),
        (
            2,
            start("(call $exit (i32.const 3))"),
            TaskState::Errored,
            "",
        ),
        (3, start("unreachable"), TaskState::Errored, "unreachable"),
        (
            4,
            start("(loop (drop (memory.grow (i32.const 1))) (br 0))"),
            TaskState::Errored,
            "memory",
        ),
        (5, b"no wasm at all".to_vec(), TaskState::Rejected, "module"),
        (
            6,
            wat::parse_str(r#"(module (memory (export "memory") 17) (func (export "_start")))"#)
                .unwrap(),
            TaskState::Rejected,
            "1114112 bytes of memory, may have 1048576",
        ),
    ] {
        let module = master.add_module(wasm);
        assert_eq!(master.launch(TaskId(id), module).await, Code::CHANGED);
        let (told, why) = master.end(TaskId(id)).await;
        assert_eq!(told, state, "{why}");
        assert!(
            why.contains(detail) && why.is_empty() == detail.is_empty(),
            "{why}"
        );
    }
}
