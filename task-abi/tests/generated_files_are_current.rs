//! The reference, the C header and the Rust imports in the repository are what the table says.

use std::path::Path;

use edgerm_task_abi::reference::GENERATED;

#[test]
fn generated_files_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for generated in GENERATED {
        let path = root.join(generated.path);
        let committed = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", generated.path));
        assert!(
            committed == generated.content.to_string(),
            "{} is not what task-abi says; run `cargo xtask host-api`",
            generated.path
        );
    }
}
