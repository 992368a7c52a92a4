#![no_std]
#![no_main]
//! `hello` greets its log and its framework, and exits.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `NAME` | whom to greet, at most 48 bytes | `world` |

use edgerm_task::{ErrorCode, Line, LogLevel, Timeout, emit, env, log};

edgerm_task::main!(run);

fn run() -> Result<(), ErrorCode> {
    let mut buffer = [0; 48];
    let name = match env("NAME", &mut buffer) {
        Err(ErrorCode::NotFound) => "world",
        other => other?,
    };
    log(LogLevel::Info, "saying hello");
    let mut line = Line::<64>::new();
    line.push("hello, ");
    line.push(name);
    emit(line.as_bytes(), Timeout::Never)
}
