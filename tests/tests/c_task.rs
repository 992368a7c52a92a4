//! Tasks in C, compiled by clang with the header that the SDK has.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use edgerm_master::admission::{Admitted, Limits, admit};
use edgerm_task_abi::{Permission, Permissions};
use edgerm_tests::require::{Case, Component, run};

const HEADER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../wasm-apps/sdk/c");

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::WasmC,
        body,
    };
    run(&[
        case("a_task_in_c_is_admitted_for_what_it_calls", calls_some),
        case("the_header_declares_what_admission_knows", calls_all),
    ])
}

fn calls_some(clang: &Path) {
    let admitted = compiled(
        clang,
        r#"
        #include "edgerm_task.h"

        int32_t _start(void) {
            int64_t value;
            int32_t sensor = edgerm_sensor_open("thermometer", 11);
            if (sensor < 0 || edgerm_sensor_read(sensor, &value) < 0) {
                return 1;
            }
            return edgerm_emit(&value, sizeof value, EDGERM_WAIT_FOREVER) < 0;
        }
        "#,
    );
    let granted = [Permission::Sensor, Permission::Emit];
    assert!(admitted.permissions.iter().eq(granted), "{admitted:?}");
    assert!(admitted.wasm.len() < 1024, "{} bytes", admitted.wasm.len());
}

/// Every function that the header declares is of the type that admission checks.
fn calls_all(clang: &Path) {
    let header = fs::read_to_string(Path::new(HEADER).join("edgerm_task.h")).unwrap();
    let functions: Vec<&str> = header
        .lines()
        .filter_map(|line| line.strip_suffix(");")?.split_once('('))
        .filter_map(|(declared, _)| declared.split_whitespace().last())
        .filter(|name| name.starts_with("edgerm_"))
        .collect();
    assert!(functions.len() > 10, "{functions:?}");
    let addresses: String = functions
        .iter()
        .map(|name| format!("(function *){name}, "))
        .collect();
    let admitted = compiled(
        clang,
        &format!(
            r#"
            #include "edgerm_task.h"

            typedef void function(void);
            function *volatile const all[] = {{ {addresses} }};

            int32_t _start(void) {{ return all[0] != all[1]; }}
            "#
        ),
    );
    assert_eq!(admitted.permissions, Permissions::ALL);
}

/// Compiles `source` as the SDK says, and admits the module.
fn compiled(clang: &Path, source: &str) -> Admitted {
    let directory = tempfile::tempdir().unwrap();
    let (file, module) = (
        directory.path().join("task.c"),
        directory.path().join("task.wasm"),
    );
    fs::write(&file, source).unwrap();
    let output = Command::new(clang)
        .args(["--target=wasm32", "-nostdlib", "-ffreestanding", "-O2"])
        .args(["-Wall", "-Wextra", "-Werror", "-Wl,-z,stack-size=8192"])
        .args(["-I", HEADER, "-o"])
        .args([&module, &file])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    admit(&fs::read(module).unwrap(), &Limits::default()).unwrap()
}
