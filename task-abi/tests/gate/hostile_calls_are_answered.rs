//! Whatever a task passes, a call is answered by a code, and nothing else is touched.

use crate::node::{TestTask, failed, returned};
use edgerm_task_abi::{
    ErrorCode::{
        self, BufferTooSmall, InvalidArgument, NotFound, NotPermitted, OutOfBounds, TooLong,
    },
    Function::{self, *},
    HOST_FUNCTIONS, Outcome, ParamKind, Permission, Permissions, Value, ValueType,
};

/// -1 as an i32 is the pointer or the length 4,294,967,295.
const HUGE: i64 = -1;
const MIN: i64 = i32::MIN as i64;
const MAX: i64 = i32::MAX as i64;
/// Bytes of the test task's memory.
const END: i64 = 4096;

#[test]
fn hostile_arguments_get_their_code() {
    // In memory: "WINDOW" at 0, "thermometer" at 16, an ill byte at 40, "camera" at 48.
    let cases: &[(Function, &[i64], ErrorCode)] = &[
        // Pointers and lengths.
        (EnvGet, &[HUGE, 6, 64, 8], OutOfBounds),
        (EnvGet, &[MIN, 6, 64, 8], OutOfBounds),
        (EnvGet, &[0, HUGE, 64, 8], OutOfBounds),
        (EnvGet, &[HUGE, HUGE, 64, 8], OutOfBounds),
        (EnvGet, &[END, 1, 64, 8], OutOfBounds),
        (EnvGet, &[END - 1, 2, 64, 8], OutOfBounds),
        (EnvGet, &[0, 6, END, 1], OutOfBounds),
        (EnvGet, &[0, 6, 64, HUGE], OutOfBounds),
        (EnvGet, &[0, 6, HUGE, 1], OutOfBounds),
        (SensorRead, &[0, END - 7], OutOfBounds),
        (SensorRead, &[0, HUGE], OutOfBounds),
        (SensorRead, &[0, HUGE - 7], OutOfBounds),
        (Emit, &[0, HUGE, 0], OutOfBounds),
        (Emit, &[1, END, 0], OutOfBounds),
        (MessageReceive, &[1, END, 0], OutOfBounds),
        (MessageReceive, &[HUGE, HUGE, -1], OutOfBounds),
        (Log, &[3, END, 1], OutOfBounds),
        (Log, &[3, 0, END + 1], OutOfBounds),
        (KvSet, &[0, 6, END, 1], OutOfBounds),
        (KvGet, &[0, 6, END, 1], OutOfBounds),
        (CoapPost, &[0, 6, END, 1, 0], OutOfBounds),
        (CoapPost, &[END, 1, 0, 0, 0], OutOfBounds),
        // Lengths beyond the limits.
        (EnvGet, &[0, 33, 64, 8], TooLong),
        (SensorOpen, &[0, 33], TooLong),
        (ActuatorOpen, &[0, 33], TooLong),
        (KvGet, &[0, 33, 64, 8], TooLong),
        (KvSet, &[0, 6, 64, 257], TooLong),
        (Emit, &[0, 801, 0], TooLong),
        (CoapPost, &[0, 256, 0, 0, 0], TooLong),
        (CoapPost, &[0, 6, 0, 801, 0], TooLong),
        // Names and text.
        (EnvGet, &[0, 0, 64, 8], InvalidArgument),
        (EnvGet, &[40, 1, 64, 8], InvalidArgument),
        (SensorOpen, &[40, 1], InvalidArgument),
        (ActuatorOpen, &[0, 0], InvalidArgument),
        (KvSet, &[0, 0, 0, 0], InvalidArgument),
        (CoapPost, &[40, 1, 0, 0, 0], InvalidArgument),
        (Log, &[3, 40, 1], InvalidArgument),
        (Log, &[3, 40, 201], InvalidArgument),
        (Log, &[0, 0, 1], InvalidArgument),
        (Log, &[5, 0, 1], InvalidArgument),
        (Log, &[MIN, 0, 1], InvalidArgument),
        (EnvGet, &[0, 5, 64, 8], NotFound),
        (SensorOpen, &[0, 6], NotFound),
        (SensorOpen, &[48, 6], NotPermitted),
        (KvGet, &[0, 6, 64, 8], NotFound),
        (EnvGet, &[0, 6, 64, 0], BufferTooSmall),
        // Handles.
        (SensorRead, &[1, 64], InvalidArgument),
        (SensorRead, &[-1, 64], InvalidArgument),
        (SensorRead, &[65_536, 64], InvalidArgument),
        (SensorRead, &[MAX, 64], InvalidArgument),
        (ActuatorWrite, &[0, 1], InvalidArgument),
        (ActuatorWrite, &[MIN, i64::MIN], InvalidArgument),
    ];
    for &(function, args, error) in cases {
        let mut task = TestTask::new()
            .with(0, b"WINDOW")
            .with(16, b"thermometer")
            .with(40, &[0xff])
            .with(48, b"camera");
        let before = task.memory.clone();
        assert_eq!(
            task.call(function, args),
            failed(error),
            "{function:?} {args:?}"
        );
        assert!(
            task.memory == before,
            "{function:?} {args:?} wrote to memory"
        );
        let node = task.node();
        assert!(node.lines.is_empty() && node.emitted.is_empty() && node.stored.is_empty());
        assert_eq!(node.led, 0);
    }
}

#[test]
fn any_mixture_of_extreme_arguments_is_answered() {
    let extremes = [
        0,
        1,
        7,
        END - 1,
        END,
        END + 1,
        65_535,
        65_536,
        MAX,
        MIN,
        HUGE,
    ];
    for host_function in HOST_FUNCTIONS {
        let count = host_function.params.len();
        let mixtures = extremes
            .len()
            .pow(u32::try_from(count).expect("few parameters"));
        for mixture in 0..mixtures {
            let args: Vec<i64> = (0..5)
                .scan(mixture, |rest, _| {
                    let arg = extremes[*rest % extremes.len()];
                    *rest /= extremes.len();
                    Some(arg)
                })
                .take(count)
                .collect();
            let mut task = TestTask::new();
            match (
                task.call(host_function.function, &args),
                host_function.result,
            ) {
                (Outcome::Return(Value::I32(_)), Some(ValueType::I32))
                | (Outcome::Return(Value::I64(_)), Some(ValueType::I64))
                | (Outcome::Exit(_), None)
                | (Outcome::Suspend(_), Some(ValueType::I32)) => {}
                (outcome, _) => panic!("{}{args:?}: {outcome:?}", host_function.name),
            }
        }
    }
}

#[test]
fn memory_of_no_bytes_is_out_of_bounds() {
    let takes_pointer = |function: &&edgerm_task_abi::HostFunction| {
        let points = |kind| !matches!(kind, ParamKind::I32 | ParamKind::U32 | ParamKind::I64);
        function.params.iter().any(|param| points(param.kind))
    };
    for host_function in HOST_FUNCTIONS.iter().filter(takes_pointer) {
        let mut task = TestTask::new();
        task.memory.clear();
        let args = [1; 5];
        let outcome = task.call(host_function.function, &args);
        assert_eq!(outcome, failed(OutOfBounds), "{}", host_function.name);
    }
}

#[test]
fn a_call_without_its_permission_is_refused_before_its_arguments_are_read() {
    for host_function in HOST_FUNCTIONS {
        let Some(permission) = host_function.permission else {
            continue;
        };
        let others = Permissions::ALL.without(permission.into());
        let mut task = TestTask::granted(others);
        let expected = match host_function.result {
            Some(ValueType::I64) => Value::I64(NotPermitted.code().into()),
            Some(ValueType::I32) | None => Value::I32(NotPermitted.code()),
        };
        let outcome = task.call(host_function.function, &[HUGE; 5]);
        assert_eq!(outcome, Outcome::Return(expected), "{}", host_function.name);
    }
}

#[test]
fn what_needs_no_permission_works_without_any() {
    let mut task = TestTask::granted(Permissions::NONE);
    assert_eq!(task.call(AbiVersion, &[]), returned(0x0001_0000));
    assert_eq!(task.call(SleepMs, &[0]), returned(0));
    assert_eq!(task.call(Exit, &[-7]), Outcome::Exit(-7));
}

#[test]
fn one_permission_does_not_give_another() {
    let mut task = TestTask::granted(Permission::Sensor.into()).with(0, b"thermometer");
    assert_eq!(task.call(SensorOpen, &[0, 11]), returned(0));
    assert_eq!(task.call(ActuatorOpen, &[0, 11]), failed(NotPermitted));
}
