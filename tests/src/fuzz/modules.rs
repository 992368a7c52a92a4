//! What a hostile framework uploads, and what its task calls.
#![expect(
    clippy::panic,
    reason = "a target panics where a property does not hold"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::mem::MaybeUninit;
use std::ops::Range;
use std::rc::Rc;
use std::task::Poll;

use edgerm_engine_wasm3::{Settings, Wasm3Engine};
use edgerm_linux_agent::engine::WasmiEngine;
use edgerm_master::admission::{Limits, admit, variant};
use edgerm_task_abi::{
    Call, CallHandler, Engine, ErrorCode, Gate, HOST_FUNCTIONS, Handle, Host, HostFunction,
    IMPORT_MODULE, LogLevel, Outcome, ParamKind, Permissions, Suspended, Task, TaskLimits, Value,
    ValueType,
};

const TASK: TaskLimits = TaskLimits {
    memory_bytes: 4 << 16,
    table_elements: 64,
};

/// Fuel of what is run: enough for a call, and for a look at any module.
const FUEL: u64 = 10_000;

/// Admits what is uploaded. What is admitted stays the same when it is admitted again, has the
/// variant that it is said to need, and is started by wasmi.
pub fn admission(wasm: &[u8]) {
    let limits = Limits {
        module_bytes: 1 << 16,
        memory_bytes: TASK.memory_bytes as u64,
        table_elements: TASK.table_elements as u64,
    };
    let admitted = match admit(wasm, &limits) {
        Ok(admitted) => admitted,
        Err(refusal) => return assert!(refusal.offset <= wasm.len(), "{refusal}"),
    };
    assert_eq!(admit(&admitted.wasm, &limits).as_ref(), Ok(&admitted));
    let needed = admitted.memory_needed_bytes;
    assert!(needed <= admitted.memory_min_bytes);
    let small = u32::try_from(needed).map(|needed| variant(&admitted.wasm, needed));
    assert!(
        matches!(small, Ok(Ok(small)) if small.memory_min_bytes == needed),
        "no variant of {needed} bytes"
    );
    let calls = Checked::new(&Rc::default());
    let started = WasmiEngine::default().start(&admitted.wasm, TASK, calls);
    let mut task = started.unwrap_or_else(|error| panic!("admitted, and not started: {error:?}"));
    let _step = task.run(FUEL);
}

/// Calls a host function from a task in either engine. The input is the number of the function,
/// eight bytes for each argument, and what lies at the beginning of the memory.
///
/// Nothing is written but the buffers that are named, nothing at all where a pointer leads out
/// of the memory, which is told by an error that the function's documentation has; and the
/// engines tell the same.
pub fn host_calls(input: &[u8]) {
    let Some((number, rest)) = input.split_first() else {
        return;
    };
    let function = &HOST_FUNCTIONS[usize::from(*number) % HOST_FUNCTIONS.len()];
    let (args, data) = rest.as_chunks::<8>();
    let count = function.params.len();
    let numbers = args.iter().chain(std::iter::repeat(&[0; 8]));
    let numbers: Vec<i64> = numbers
        .take(count)
        .map(|it| i64::from_le_bytes(*it))
        .collect();
    let data = match args.get(count..) {
        Some(more) => [more.as_flattened(), data].concat(),
        None => data.to_vec(),
    };
    let wasm = caller(function, &numbers, &data);
    let mut arena = vec![MaybeUninit::uninit(); 1 << 17];
    let in_wasmi = heard(WasmiEngine::default(), &wasm);
    let in_wasm3 = heard(Wasm3Engine::new(&mut arena, Settings::default()), &wasm);
    assert_eq!(in_wasmi, in_wasm3, "{} {numbers:?}", function.name);
    assert_eq!(in_wasmi.len(), 1, "{}", function.name);
}

/// A task that makes one call.
fn caller(function: &HostFunction, numbers: &[i64], data: &[u8]) -> Vec<u8> {
    let mut types = String::new();
    let mut args = String::new();
    for (number, ty) in numbers.iter().zip(function.param_types()) {
        let [a, b, c, d, ..] = number.to_le_bytes();
        let number = match ty {
            ValueType::I32 => i32::from_le_bytes([a, b, c, d]).into(),
            ValueType::I64 => *number,
        };
        let _written = write!(types, " {ty}");
        let _written = write!(args, " ({ty}.const {number})");
    }
    let result = function.result.map(|ty| format!("(result {ty})"));
    let drop = if result.is_some() { "drop" } else { "" };
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(module (import "{IMPORT_MODULE}" "{}" (func $f (param{types}) {}))
            (memory (export "memory") 1) (data (i32.const 0) "{data}")
            (func (export "_start") (call $f{args}) {drop}))"#,
        function.name,
        result.unwrap_or_default()
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What came of the calls of a task.
type Heard = Rc<RefCell<Vec<(Outcome, Vec<u8>)>>>;

fn heard<'a, E: Engine + 'a>(engine: E, wasm: &'a [u8]) -> Vec<(Outcome, Vec<u8>)> {
    let heard = Heard::default();
    match engine.start(wasm, TASK, Checked::new(&heard)) {
        Ok(mut task) => drop(task.run(FUEL)),
        Err(error) => panic!("not started: {error:?}"),
    }
    heard.take()
}

/// The gate, and a look at the memory before and after each call.
struct Checked {
    gate: Gate<Echo>,
    heard: Heard,
}

impl Checked {
    fn new(heard: &Heard) -> Self {
        Self {
            gate: Gate::new(Permissions::ALL, Echo::default()),
            heard: Rc::clone(heard),
        }
    }
}

impl CallHandler for Checked {
    fn handle_call(&mut self, call: Call, memory: &mut [u8]) -> Outcome {
        let before = memory.to_vec();
        let calls = self.gate.host_mut().calls;
        let outcome = self.gate.handle_call(call, memory);
        let pointers = pointers(call);
        let is_within = |range: &Range<u64>| range.end <= before.len() as u64;
        let may_write = |at: u64| {
            let mut buffers = pointers.iter().filter(|(writes, _)| *writes);
            buffers.any(|(_, range)| is_within(range) && range.contains(&at))
        };
        let name = call.function.description().name;
        for (at, (was, is)) in (0..).zip(before.iter().zip(memory.iter())) {
            assert!(was == is || may_write(at), "{name} has written at {at}");
        }
        if let Outcome::Return(Value::I32(code @ ..0)) = outcome {
            let told = ErrorCode::from_code(code);
            let documented = call.function.description().errors;
            assert!(
                told.is_some_and(|error| documented.contains(&error)),
                "{name} tells {code}"
            );
            assert_eq!(before, memory, "{name} has failed, and written");
        }
        if !pointers.iter().all(|(_, range)| is_within(range)) {
            assert!(
                matches!(outcome, Outcome::Return(Value::I32(..0))),
                "{name}"
            );
            assert_eq!(self.gate.host_mut().calls, calls, "{name} went to the node");
        }
        self.heard.borrow_mut().push((outcome, memory.to_vec()));
        match outcome {
            Outcome::Suspend(_) => Outcome::Exit(0),
            Outcome::Return(_) | Outcome::Exit(_) => outcome,
        }
    }

    fn resume(&mut self, _: Suspended, _: &mut [u8]) -> Outcome {
        Outcome::Exit(0)
    }
}

/// What a call's arguments point at, and whether the node may write there.
fn pointers(call: Call) -> Vec<(bool, Range<u64>)> {
    let params = call.function.description().params;
    let pointed = params.iter().enumerate().filter_map(|(index, param)| {
        let start = u64::from(call.args.u32(index));
        let (writes, length) = match param.kind {
            ParamKind::Text | ParamKind::Bytes => (false, call.args.u32(index + 1).into()),
            ParamKind::Buffer => (true, call.args.u32(index + 1).into()),
            ParamKind::OutI64 => (true, 8_u64),
            ParamKind::Length | ParamKind::I32 | ParamKind::U32 | ParamKind::I64 => return None,
        };
        Some((writes, start..start + length))
    });
    pointed.collect()
}

/// A node that has all that it is asked for, and counts how often it is.
#[derive(Debug, Default)]
struct Echo {
    calls: u32,
    stored: BTreeMap<String, Vec<u8>>,
}

impl Host for Echo {
    fn monotonic_ms(&mut self) -> u64 {
        1
    }

    fn unix_ms(&mut self) -> Option<u64> {
        None
    }

    fn log(&mut self, _: LogLevel, _: &str) {
        self.calls += 1;
    }

    fn env(&mut self, _: &str) -> Option<&str> {
        self.calls += 1;
        Some("value")
    }

    fn sensor_open(&mut self, _: &str) -> Result<Handle, ErrorCode> {
        self.calls += 1;
        Ok(Handle(u16::MAX))
    }

    fn sensor_read(&mut self, _: Handle) -> Result<i64, ErrorCode> {
        self.calls += 1;
        Ok(-1)
    }

    fn actuator_open(&mut self, _: &str) -> Result<Handle, ErrorCode> {
        self.calls += 1;
        Ok(Handle(0))
    }

    fn actuator_write(&mut self, _: Handle, _: i64) -> Result<(), ErrorCode> {
        self.calls += 1;
        Ok(())
    }

    fn emit(&mut self, payload: &[u8]) -> Poll<Result<(), ErrorCode>> {
        self.calls += 1;
        match payload {
            [0xff, ..] => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    fn message_receive(&mut self, buffer: &mut [u8]) -> Poll<Result<usize, ErrorCode>> {
        self.calls += 1;
        buffer.fill(0x55);
        Poll::Ready(Ok(buffer.len()))
    }

    fn kv_get(&mut self, _: &str, buffer: &mut [u8]) -> Result<usize, ErrorCode> {
        self.calls += 1;
        buffer.fill(0xaa);
        Ok(buffer.len())
    }

    fn kv_set(&mut self, key: &str, value: &[u8]) -> Result<(), ErrorCode> {
        self.calls += 1;
        self.stored.insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn coap_post(&mut self, _: &str, _: &[u8]) -> Poll<Result<u16, ErrorCode>> {
        self.calls += 1;
        Poll::Ready(Ok(204))
    }
}
