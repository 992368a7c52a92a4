//! Each host function, called from WASM, with what it returns and what the node sees of it.

mod devices;
mod messages;
mod values;

use edgerm_task_abi::{ABI_VERSION, ErrorCode, Function, HOST_FUNCTIONS, LogLevel};

use crate::case::{Case, case};
use crate::node::{Coming, Did, Node, START_MS, UNIX_MS};
use crate::subject::Subject;
use crate::text::{telling, told};

/// What a call tells where it fails.
fn failed(error: ErrorCode) -> Did {
    told(error.code())
}

/// A case for each function: a new one needs an arm here.
pub(crate) fn cases() -> Vec<Case> {
    let described = HOST_FUNCTIONS.iter();
    described.map(|described| of(described.function)).collect()
}

/// What `function` is for, and each of the errors that its documentation names.
fn of(function: Function) -> Case {
    match function {
        Function::AbiVersion => abi_version(),
        Function::Exit => exit(),
        Function::SleepMs => sleep_ms(),
        Function::Log => log(),
        Function::ClockMonotonicMs => clock_monotonic_ms(),
        Function::ClockUnixMs => clock_unix_ms(),
        Function::EnvGet => env_get(),
        Function::SensorOpen => devices::opens("sensor_open", "temperature", 0),
        Function::SensorRead => devices::sensor_read(),
        Function::ActuatorOpen => devices::opens("actuator_open", "led", 7),
        Function::ActuatorWrite => devices::actuator_write(),
        Function::Emit => messages::emit(),
        Function::MessageReceive => messages::message_receive(),
        Function::KvGet => values::kv_get(),
        Function::KvSet => values::kv_set(),
        Function::CoapPost => messages::coap_post(),
    }
}

/// Each function's case calls it and meets all its errors; this is what makes a case of
/// [`cases`] whole. That of a pointer is left to [`crate::pointers`].
pub(crate) fn each_meets_all_errors<S: Subject>() {
    for (described, case) in HOST_FUNCTIONS.iter().zip(cases()) {
        let ran = case.run::<S>();
        assert_eq!(case.name, described.name);
        assert!(ran.has_called(described.function), "{}", described.name);
        for error in described.errors {
            let is_met = ran.did.contains(&failed(*error)) || *error == ErrorCode::OutOfBounds;
            assert!(is_met, "{}: {}", described.name, error.name());
        }
    }
}

fn abi_version() -> Case {
    case(
        "abi_version",
        telling("", "(call $tell (call $abi_version))"),
    )
    .does([told(ABI_VERSION.number())])
}

fn exit() -> Case {
    let deep = "(func $deep (param i32) (call $exit (local.get 0)) unreachable)";
    case(
        "exit",
        telling(deep, "(call $deep (i32.const -7)) (loop (br 0))"),
    )
    .exits(-7)
}

fn sleep_ms() -> Case {
    let body = "(local i64) (local.set 0 (call $clock_monotonic_ms))
        (call $tell (call $sleep_ms (i32.const 0)))
        (call $tell64 (i64.sub (call $clock_monotonic_ms) (local.get 0)))
        (call $tell (call $sleep_ms (i32.const -1)))
        (call $tell64 (i64.sub (call $clock_monotonic_ms) (local.get 0)))";
    case("sleep_ms", telling("", body)).does([told(0), told(0), told(0), told(u32::MAX)])
}

fn log() -> Case {
    let data = r#"(data (i32.const 0) "too warm") (data (i32.const 16) "\ff")
        (func $log_at (param i32 i32 i32)
          (call $tell (call $log (local.get 0) (local.get 1) (local.get 2))))"#;
    let body = "(call $log_at (i32.const 1) (i32.const 0) (i32.const 8))
        (call $log_at (i32.const 4) (i32.const 65536) (i32.const 0))
        (call $log_at (i32.const 0) (i32.const 0) (i32.const 8))
        (call $log_at (i32.const 5) (i32.const 0) (i32.const 8))
        (call $log_at (i32.const 2) (i32.const 16) (i32.const 1))";
    let invalid = || failed(ErrorCode::InvalidArgument);
    case("log", telling(data, body)).does([
        Did::Logged(LogLevel::Error, "too warm".into()),
        told(0),
        Did::Logged(LogLevel::Debug, String::new()),
        told(0),
        invalid(),
        invalid(),
        invalid(),
    ])
}

fn clock_monotonic_ms() -> Case {
    let body = "(call $tell64 (call $clock_monotonic_ms)) (drop (call $sleep_ms (i32.const 5)))
        (call $tell64 (call $clock_monotonic_ms))";
    let now = i64::try_from(START_MS).expect("it is small");
    case("clock_monotonic_ms", telling("", body)).does([told(now), told(now + 5)])
}

/// The node's calendar is lost once it has slept: both results in one run.
fn clock_unix_ms() -> Case {
    let body = "(call $tell64 (call $clock_unix_ms)) (drop (call $sleep_ms (i32.const 1)))
        (call $tell64 (call $clock_unix_ms))";
    let node = Node::default().then(0, Coming::NoCalendar);
    let now = i64::try_from(UNIX_MS + START_MS).expect("it is small");
    case("clock_unix_ms", telling("", body))
        .on(node)
        .does([told(now), failed(ErrorCode::NotSupported)])
}

fn env_get() -> Case {
    let data = r#"(data (i32.const 0) "WINDOW") (data (i32.const 8) "ABSENT")
        (data (i32.const 16) "\ff")
        (func $get (param i32 i32 i32)
          (call $tell (call $env_get (local.get 0) (local.get 1) (i32.const 64) (local.get 2))))"#;
    let body = "(call $get (i32.const 0) (i32.const 6) (i32.const 3))
        (call $tell (i32.load (i32.const 64)))
        (call $get (i32.const 0) (i32.const 6) (i32.const 4))
        (call $tell (i32.load (i32.const 64)))
        (call $get (i32.const 8) (i32.const 6) (i32.const 9))
        (call $get (i32.const 16) (i32.const 1) (i32.const 9))
        (call $get (i32.const 0) (i32.const 0) (i32.const 9))
        (call $get (i32.const 0) (i32.const 33) (i32.const 9))";
    case("env_get", telling(data, body)).does([
        failed(ErrorCode::BufferTooSmall),
        told(0),
        told(4),
        told(i32::from_le_bytes(*b"four")),
        failed(ErrorCode::NotFound),
        failed(ErrorCode::InvalidArgument),
        failed(ErrorCode::InvalidArgument),
        failed(ErrorCode::TooLong),
    ])
}
