//! wasmi behind the engine trait of the host API: fuel for slices, a limiter for memory.
//!
//! A call that waits leaves the interpreter as a host error, which wasmi keeps resumable; so a
//! task that sleeps, receives or runs out of fuel is a value, and to drop it ends it.

mod selects;

use std::fmt;

use edgerm_task_abi::{
    Args, Call, CallHandler, ENTRY, Engine, HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, MEMORY,
    Outcome, StartError, Step, Suspended, Task, TaskEnd, TaskLimits, Trap, Value, ValueType,
};
use wasmi::errors::{ErrorKind, HostError, InstantiationError, MemoryError};
use wasmi::{
    Caller, CompilationMode, Config, Error, Extern, Func, FuncType, Linker, Memory, Module,
    ResumableCall, ResumableCallHostTrap, ResumableCallOutOfFuel, Store, TrapCode, Val, ValType,
};

use crate::limiter::Limiter;

/// Fuel for instantiation: copies of segments cost some.
const START_FUEL: u64 = 10_000_000;

/// Fuel that a call of the host costs, some 5 µs of wasmi: what it does takes time that no
/// instruction tells of, and a slice is to end in time however many calls are in it. A module that
/// does nothing but the shortest calls is slower by a tenth for the slices that end.
const CALL_FUEL: u64 = 2_500;

/// Nested calls of one task at most.
const MAX_RECURSION: usize = 1_000;

/// Bytes of the interpreter's stack for one task at most.
const MAX_STACK: usize = 1 << 20;

/// The engine of the Linux agent.
///
/// Each task has an engine of wasmi to itself: one keeps all code that it ever compiled, so
/// that of a task could not go with the task otherwise.
#[derive(Clone, Debug)]
pub struct WasmiEngine {
    config: Config,
}

impl Default for WasmiEngine {
    /// An engine with the WASM features that `wasm_features` names, and fuel.
    fn default() -> Self {
        let mut config = Config::default();
        config
            .consume_fuel(true)
            // Lazy translation costs fuel, and to run out of it there is not resumable.
            .compilation_mode(CompilationMode::Eager)
            .allow_start_fn(false)
            .ignore_custom_sections(true)
            .wasm_multi_memory(false)
            .wasm_tail_call(false)
            .wasm_extended_const(false)
            .wasm_custom_page_sizes(true)
            .set_max_recursion_depth(MAX_RECURSION)
            .set_max_stack_height(MAX_STACK);
        Self { config }
    }
}

/// What wasmi keeps for a task.
#[derive(Debug)]
struct State<C> {
    calls: C,
    limiter: Limiter,
}

/// Why a host function left the interpreter.
#[derive(Clone, Copy, Debug)]
enum Left {
    Waiting(Suspended),
    Exited(i32),
    /// The module's memory is gone: admission lets no such module through.
    NoMemory,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting(_) => "waits",
            Self::Exited(_) => "exits",
            Self::NoMemory => "has no memory",
        })
    }
}

impl HostError for Left {}

impl Engine for WasmiEngine {
    type Task<'wasm, C: CallHandler + 'static> = WasmiTask<C>;

    fn start<C: CallHandler + 'static>(
        self,
        wasm: &[u8],
        limits: TaskLimits,
        calls: C,
    ) -> Result<WasmiTask<C>, StartError> {
        let engine = wasmi::Engine::new(&self.config);
        let wasm = selects::set_apart(wasm).map_err(|_| StartError::Module)?;
        let module = Module::new(&engine, &wasm).map_err(|_| StartError::Module)?;
        let mut store = Store::new(
            &engine,
            State {
                calls,
                limiter: Limiter::new(limits),
            },
        );
        store.limiter(|state| &mut state.limiter);
        store.set_fuel(START_FUEL).map_err(|_| StartError::Module)?;
        let linker = link(&engine).map_err(|_| StartError::Import)?;
        let instance = linker.instantiate_and_start(&mut store, &module);
        let instance = instance.map_err(|error| start_error(&error, &store.data().limiter))?;
        store.data_mut().limiter.start();
        let entry = instance.get_func(&store, ENTRY).ok_or(StartError::Export)?;
        let memory = instance
            .get_memory(&store, MEMORY)
            .ok_or(StartError::Export)?;
        let ty = entry.ty(&store);
        let results: &[ValType] = ty.results();
        if !ty.params().is_empty() || !matches!(results, [] | [ValType::I32]) {
            return Err(StartError::Export);
        }
        let result = results.iter().map(|_| Val::I32(0)).collect();
        Ok(WasmiTask {
            store,
            memory,
            state: Running::New(entry),
            result,
        })
    }
}

fn link<C: CallHandler + 'static>(engine: &wasmi::Engine) -> Result<Linker<State<C>>, Error> {
    let mut linker = Linker::new(engine);
    for function in HOST_FUNCTIONS {
        let ty = FuncType::new(
            function.param_types().map(val_type),
            function.result.map(val_type),
        );
        linker.func_new(
            IMPORT_MODULE,
            function.name,
            ty,
            move |caller, params, results| call_host(caller, function, params, results),
        )?;
    }
    Ok(linker)
}

fn call_host<C: CallHandler>(
    mut caller: Caller<'_, State<C>>,
    function: &HostFunction,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let memory = caller.get_export(MEMORY).and_then(Extern::into_memory);
    let memory = memory.ok_or_else(|| Error::host(Left::NoMemory))?;
    let (bytes, state) = memory.data_and_store_mut(&mut caller);
    let args: Args = params.iter().filter_map(value).collect();
    let call = Call {
        function: function.function,
        args,
    };
    match state.calls.handle_call(call, bytes) {
        Outcome::Return(value) => {
            if let Some(result) = results.first_mut() {
                *result = val(value);
            }
            let left = caller.get_fuel()?.saturating_sub(CALL_FUEL);
            caller.set_fuel(left)
        }
        Outcome::Suspend(suspended) => Err(Error::host(Left::Waiting(suspended))),
        Outcome::Exit(code) => Err(Error::host(Left::Exited(code))),
    }
}

/// One task in wasmi.
pub struct WasmiTask<C: 'static> {
    store: Store<State<C>>,
    memory: Memory,
    state: Running,
    /// Where the entry's result goes, if it has one.
    result: Vec<Val>,
}

/// Where a task is between two slices.
enum Running {
    New(Func),
    OutOfFuel(ResumableCallOutOfFuel),
    Waiting(ResumableCallHostTrap, Suspended),
    Ended(TaskEnd),
}

impl<C: CallHandler> Task for WasmiTask<C> {
    fn run(&mut self, fuel: u64) -> Step {
        let ended = Running::Ended(TaskEnd::Trapped(Trap::Engine));
        let step = match std::mem::replace(&mut self.state, ended) {
            Running::New(entry) => {
                self.refuel(fuel);
                entry.call_resumable(&mut self.store, &[], &mut self.result)
            }
            Running::OutOfFuel(call) => {
                // A single instruction, such as a large memory.copy, may need more than a slice.
                self.refuel(fuel.max(call.required_fuel()));
                call.resume(&mut self.store, &mut self.result)
            }
            Running::Waiting(call, suspended) => {
                self.refuel(fuel);
                let (bytes, state) = self.memory.data_and_store_mut(&mut self.store);
                match state.calls.resume(suspended, bytes) {
                    Outcome::Return(value) => {
                        call.resume(&mut self.store, &[val(value)], &mut self.result)
                    }
                    Outcome::Suspend(suspended) => {
                        self.state = Running::Waiting(call, suspended);
                        return Step::Wait(suspended);
                    }
                    Outcome::Exit(code) => return self.end(TaskEnd::Exited(code)),
                }
            }
            Running::Ended(end) => return self.end(end),
        };
        self.on_step(step)
    }
}

impl<C> WasmiTask<C> {
    /// Bytes of its memory. Tables are not counted, which have some KiB at most, nor what wasmi
    /// keeps of its own.
    pub fn memory_bytes(&self) -> u64 {
        self.memory.data_size(&self.store) as u64
    }

    fn refuel(&mut self, fuel: u64) {
        let refuelled = self.store.set_fuel(fuel);
        debug_assert!(refuelled.is_ok(), "the engine was made with fuel");
    }

    fn on_step(&mut self, step: Result<ResumableCall, Error>) -> Step {
        match step {
            Ok(ResumableCall::Finished) => {
                let code = self.result.first().and_then(Val::i32).unwrap_or(0);
                self.end(TaskEnd::Exited(code))
            }
            Ok(ResumableCall::OutOfFuel(call)) => {
                self.state = Running::OutOfFuel(call);
                Step::OutOfFuel
            }
            Ok(ResumableCall::HostTrap(call)) => match call.host_error().downcast_ref::<Left>() {
                Some(Left::Waiting(suspended)) => {
                    let suspended = *suspended;
                    self.state = Running::Waiting(call, suspended);
                    Step::Wait(suspended)
                }
                Some(Left::Exited(code)) => {
                    let end = TaskEnd::Exited(*code);
                    self.end(end)
                }
                Some(Left::NoMemory) | None => self.end(TaskEnd::Trapped(Trap::Engine)),
            },
            Err(error) => self.end(TaskEnd::Trapped(trap(error.as_trap_code()))),
        }
    }

    fn end(&mut self, end: TaskEnd) -> Step {
        self.state = Running::Ended(end);
        Step::End(end)
    }
}

fn trap(code: Option<TrapCode>) -> Trap {
    match code {
        Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull | TrapCode::BadSignature) => Trap::IndirectCall,
        Some(TrapCode::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(TrapCode::IntegerOverflow | TrapCode::BadConversionToInteger) => Trap::IntegerOverflow,
        Some(TrapCode::StackOverflow) => Trap::StackOverflow,
        Some(TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory) => Trap::OutOfMemory,
        Some(TrapCode::OutOfFuel) | None => Trap::Engine,
    }
}

fn start_error(error: &Error, limiter: &Limiter) -> StartError {
    if let Some(needed) = limiter.refused_memory() {
        return StartError::Memory {
            needed,
            limit: limiter.memory_bytes(),
        };
    }
    if limiter.refused_table() {
        return StartError::Table;
    }
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "wasmi's errors; all others are the module's"
    )]
    match error.kind() {
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            StartError::Segment
        }
        ErrorKind::Instantiation(InstantiationError::FailedToInstantiateMemory(
            MemoryError::OutOfSystemMemory,
        ))
        | ErrorKind::TrapCode(TrapCode::OutOfSystemMemory)
        | ErrorKind::Memory(MemoryError::OutOfSystemMemory) => StartError::NoRoom,
        ErrorKind::Linker(_) | ErrorKind::Instantiation(_) => StartError::Import,
        ErrorKind::TrapCode(_) | ErrorKind::Memory(_) | ErrorKind::Table(_) => StartError::Segment,
        _ => StartError::Module,
    }
}

const fn val_type(ty: ValueType) -> ValType {
    match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    }
}

const fn val(value: Value) -> Val {
    match value {
        Value::I32(value) => Val::I32(value),
        Value::I64(value) => Val::I64(value),
    }
}

/// The host API has integers only; its signatures are checked when a module is linked.
fn value(val: &Val) -> Option<Value> {
    val.i32()
        .map(Value::I32)
        .or_else(|| val.i64().map(Value::I64))
}
