//! Arguments that the host API's table tells of: each value passes whole, a pointer that a task
//! made up is answered, and so is a call without its permission. None of these names a function,
//! so that a new one is tried by them at once.

use std::cell::RefCell;
use std::rc::Rc;

use edgerm_task_abi::{
    Args, Call, CallHandler, ErrorCode, HOST_FUNCTIONS, HostFunction, Outcome, ParamKind,
    Permissions, StartError, Suspended, TaskEnd, Value, ValueType,
};

use crate::case::{Case, LIMITS, case};
use crate::subject::Subject;
use crate::text::{call, import, module, task, telling, told};

/// Calls without their permission, whatever their arguments.
pub(crate) fn not_permitted() -> Vec<Case> {
    let functions = HOST_FUNCTIONS.iter();
    let gated = functions.filter_map(|function| Some((function, function.permission?)));
    gated
        .map(|(function, permission)| {
            let call = call(function, &vec![-1; function.params.len()]);
            let code = match function.result {
                Some(ValueType::I64) => format!("(i32.wrap_i64 {call})"),
                Some(ValueType::I32) | None => call,
            };
            let entry = format!(r#"(func (export "_start") (result i32) {code})"#);
            case(
                format!("{}_without_its_permission", function.name),
                task(&entry),
            )
            .granted(Permissions::ALL.without(permission.into()))
            .exits(ErrorCode::NotPermitted.code())
        })
        .collect()
}

/// Pointers to what is not all within the memory of 65,536 bytes, and lengths of it.
const HOSTILE: [(i64, i64); 8] = [
    (65_536, 1),
    (65_535, 2),
    (1, 65_536),
    (0, 65_537),
    (-1, 1),
    (-1, -1),
    (1, -1),
    (i32::MIN as i64, i32::MIN as i64),
];

/// Pointers to eight bytes that are not all within it.
const HOSTILE_OUT: [i64; 5] = [65_529, 65_536, -1, -8, i32::MIN as i64];

/// Calls with a pointer beyond the memory, each pointer of each function in turn.
pub(crate) fn out_of_bounds() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in HOST_FUNCTIONS {
        for (index, param) in function.params.iter().enumerate() {
            let calls = hostile_calls(function, index, param.kind);
            if calls.is_empty() {
                continue;
            }
            let name = format!("{}_{}_out_of_bounds", function.name, param.name);
            let data = r#"(data (i32.const 0) "key")"#;
            let answer = told(ErrorCode::OutOfBounds.code());
            let answers = vec![answer; calls.len()];
            cases.push(case(name, telling(data, &calls.concat())).does(answers));
        }
    }
    cases
}

/// Calls of `function` that are sound but for the pointer at `index`, if that is one.
fn hostile_calls(function: &HostFunction, index: usize, kind: ParamKind) -> Vec<String> {
    let mut args = sound(function);
    if kind == ParamKind::OutI64 {
        let call = |pointer| {
            args[index] = pointer;
            tells(function, &args)
        };
        return HOSTILE_OUT.map(call).into();
    }
    if !points(kind) {
        return Vec::new();
    }
    let call = |(pointer, length)| {
        (args[index], args[index + 1]) = (pointer, length);
        tells(function, &args)
    };
    HOSTILE.map(call).into()
}

const fn points(kind: ParamKind) -> bool {
    match kind {
        ParamKind::Text | ParamKind::Bytes | ParamKind::Buffer | ParamKind::OutI64 => true,
        ParamKind::Length | ParamKind::I32 | ParamKind::U32 | ParamKind::I64 => false,
    }
}

/// Arguments that are right but for what a test makes of them: numbers and lengths of 1.
fn sound(function: &HostFunction) -> Vec<i64> {
    let params = function.params.iter();
    params.map(|param| i64::from(!points(param.kind))).collect()
}

/// Tells what comes of a call.
fn tells(function: &HostFunction, args: &[i64]) -> String {
    let call = call(function, args);
    match function.result {
        Some(ValueType::I32) => format!("(call $tell {call})"),
        Some(ValueType::I64) => format!("(call $tell64 {call})"),
        None => call,
    }
}

/// Numbers that show where one is cut, extended or put into the wrong half of a cell.
const NUMBERS: [i64; 8] = [
    0,
    1,
    -1,
    0x0123_4567,
    i32::MIN as i64,
    i32::MAX as i64,
    i64::MIN,
    0x0123_4567_89ab_cdef,
];

/// Every function gets its arguments and gives its result as they are: it is called with numbers
/// from each of [`NUMBERS`] on.
pub(crate) fn arguments_and_results_are_whole<S: Subject>() {
    for function in HOST_FUNCTIONS {
        match function.result {
            Some(ty) => passes_whole::<S>(function, ty),
            None => ends_with_its_argument::<S>(function),
        }
    }
}

fn passes_whole<S: Subject>(function: &HostFunction, result: ValueType) {
    let mut body = String::new();
    let mut expected = Vec::new();
    let mut stored = 0;
    for (shift, number) in NUMBERS.into_iter().enumerate() {
        let (call, text) = call_from(function, shift);
        body += &format!("({result}.store (i32.const 0) {text})");
        expected.push((call, stored));
        stored = wide(value(result, number));
    }
    body += &format!(
        "(if ({result}.ne ({result}.load (i32.const 0)) ({result}.const {stored}))
          (then unreachable))"
    );
    let results = NUMBERS.map(|number| value(result, number));
    let (came, heard) = record::<S>(function, &body, results.map(Outcome::Return).into());
    assert_eq!(came, Ok(TaskEnd::Exited(0)), "{}", function.name);
    assert_eq!(heard, expected, "{}", function.name);
}

fn ends_with_its_argument<S: Subject>(function: &HostFunction) {
    for (shift, code) in [0, -1, i32::MIN, i32::MAX].into_iter().enumerate() {
        let (call, text) = call_from(function, shift);
        let (came, heard) = record::<S>(function, &text, vec![Outcome::Exit(code)]);
        assert_eq!(came, Ok(TaskEnd::Exited(code)), "{}", function.name);
        assert_eq!(heard, [(call, 0)], "{}", function.name);
    }
}

/// A call with numbers from the one at `shift` on, and its text.
fn call_from(function: &HostFunction, shift: usize) -> (Call, String) {
    let numbers = NUMBERS.iter().cycle().skip(shift);
    let types = function.param_types();
    let values: Vec<Value> = types
        .zip(numbers)
        .map(|(ty, number)| value(ty, *number))
        .collect();
    let constants: Vec<i64> = values.iter().map(|value| wide(*value)).collect();
    let made = Call {
        function: function.function,
        args: values.into_iter().collect::<Args>(),
    };
    (made, call(function, &constants))
}

/// Runs a module of this body, which gets these outcomes. Gives how it ended and its calls, each
/// with the number that stood at the beginning of the memory, of the type of the result.
fn record<S: Subject>(
    function: &HostFunction,
    body: &str,
    outcomes: Vec<Outcome>,
) -> (Result<TaskEnd, StartError>, Vec<(Call, i64)>) {
    let heard = Rc::default();
    let calls = Recorder {
        outcomes: outcomes.into_iter(),
        heard: Rc::clone(&heard),
    };
    let wasm = module(&format!(
        r#"{} (memory (export "memory") 1) (func (export "_start") {body})"#,
        import(function)
    ));
    let came = S::run(&wasm, LIMITS, calls, |_| unreachable!("no call waits"));
    (came, heard.take())
}

struct Recorder {
    outcomes: std::vec::IntoIter<Outcome>,
    heard: Rc<RefCell<Vec<(Call, i64)>>>,
}

impl CallHandler for Recorder {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        assert_eq!(memory.len(), 65_536);
        let first = memory.first_chunk().copied().expect("it has as many");
        let ty = call.function.description().result.unwrap_or(ValueType::I64);
        let number = wide(value(ty, i64::from_le_bytes(first)));
        self.heard.borrow_mut().push((call, number));
        self.outcomes.next().expect("it calls no more often")
    }

    fn resume(&mut self, suspended: Suspended, _: &mut [u8]) -> Outcome {
        panic!("no call waits: {suspended:?}")
    }
}

fn value(ty: ValueType, number: i64) -> Value {
    match ty {
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
        ValueType::I32 => Value::I32(number as i32),
        ValueType::I64 => Value::I64(number),
    }
}

fn wide(value: Value) -> i64 {
    match value {
        Value::I32(value) => value.into(),
        Value::I64(value) => value,
    }
}
