//! A module, by its number and its seed.

use std::fmt;

use arbitrary::Unstructured;
use edgerm_task_abi::{HOST_FUNCTIONS, HostFunction, IMPORT_MODULE};
use rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64;
use wasm_smith::Config;

use crate::mutate::mutate;

/// How a module was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    /// It has the entry, the memory and the imports of a task, and no more features than engines.
    /// Otherwise it is of all of WASM.
    pub(crate) is_task: bool,
    /// Its bytes were changed after it was made.
    pub(crate) is_mutated: bool,
}

impl Kind {
    /// In the order of the numbers of modules.
    pub(crate) const ALL: [Self; 4] = [
        Self::new(false, false),
        Self::new(true, false),
        Self::new(false, true),
        Self::new(true, true),
    ];

    const fn new(is_task: bool, is_mutated: bool) -> Self {
        Self {
            is_task,
            is_mutated,
        }
    }

    /// That of the module of this number.
    pub(crate) fn of(index: u64) -> Self {
        let [low, ..] = index.to_le_bytes();
        Self::ALL[usize::from(low % 4)]
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.is_task, self.is_mutated) {
            (false, false) => "any of WASM",
            (true, false) => "like tasks",
            (false, true) => "any, mutated",
            (true, true) => "like tasks, mutated",
        })
    }
}

/// Bytes of chance that one module is made of at most.
const CHANCE: u32 = 8192;

/// Turns of loops and calls in a module that counts its own.
const TURNS: u32 = 2_000;

/// The module of this number.
pub(crate) fn module(seed: u64, index: u64) -> Vec<u8> {
    let kind = Kind::of(index);
    let mut random = Pcg64::seed_from_u64(seed ^ index.rotate_left(32));
    let length = 64 + random.next_u32() % CHANCE;
    let mut chance = vec![0; length as usize];
    random.fill_bytes(&mut chance);
    let config = match kind.is_task {
        true => task(&mut random),
        false => any(&mut random),
    };
    let mut made = wasm_smith::Module::new(config, &mut Unstructured::new(&chance))
        .expect("chance is enough for a module");
    // Most tasks end, so that much of them is run. A module with bodies of any bytes cannot.
    if kind.is_task && random.next_u32() % 8 > 0 {
        let _uncounted = made.ensure_termination(TURNS);
    }
    let wasm = made.to_bytes();
    match kind.is_mutated {
        true => mutate(wasm, &mut random),
        false => wasm,
    }
}

/// All that wasm-smith can make, with any of its features left out.
fn any(random: &mut Pcg64) -> Config {
    let mut coin = || random.next_u32().is_multiple_of(2);
    Config {
        allow_floats: coin(),
        allow_invalid_funcs: coin() && coin(),
        bulk_memory_enabled: coin(),
        custom_page_sizes_enabled: coin(),
        exceptions_enabled: coin(),
        gc_enabled: coin(),
        generate_custom_sections: coin(),
        memory64_enabled: coin(),
        multi_value_enabled: coin(),
        reference_types_enabled: coin(),
        relaxed_simd_enabled: coin(),
        simd_enabled: coin(),
        tail_call_enabled: coin(),
        threads_enabled: coin(),
        max_memories: if coin() { 1 } else { 4 },
        max_tables: if coin() { 1 } else { 4 },
        export_everything: coin(),
        ..Config::default()
    }
}

/// What a task is, with any of the features that engines here have.
fn task(random: &mut Pcg64) -> Config {
    let shape = shape(random);
    // A function of many operands is more than wasm3 compiles here.
    let max_instructions = [40, 120, 400][random.next_u32() as usize % 3];
    let mut coin = || random.next_u32().is_multiple_of(2);
    Config {
        module_shape: Some(shape),
        allow_start_export: coin() && coin() && coin() && coin(),
        allow_floats: coin(),
        bulk_memory_enabled: coin(),
        canonicalize_nans: true,
        compact_imports_enabled: false,
        disallow_traps: coin(),
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        generate_custom_sections: coin(),
        max_instructions,
        max_funcs: 20,
        max_memory32_bytes: 4 << 16,
        max_table_elements: 64,
        memory64_enabled: false,
        multi_value_enabled: coin(),
        reference_types_enabled: coin() && coin(),
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: coin(),
        sign_extension_ops_enabled: coin(),
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        max_tables: 1,
        ..Config::default()
    }
}

/// The imports and exports of a task: some of the host's functions, an entry, and a memory.
fn shape(random: &mut Pcg64) -> Vec<u8> {
    let chosen = random.next_u32();
    let imports: String = HOST_FUNCTIONS
        .iter()
        .enumerate()
        .filter(|(at, _)| chosen >> at & 1 == 1)
        .map(|(_, function)| import(function))
        .collect();
    let (memory, result) = match random.next_u32() % 8 {
        0 => ("0 2", ""),
        1 => ("2 2", "(result i32)"),
        2 => ("3", "(result i32)"),
        even if even.is_multiple_of(2) => ("1 1", "(result i32)"),
        _ => ("1 4", ""),
    };
    let body = if result.is_empty() { "" } else { "i32.const 0" };
    let text = format!(
        r#"(module {imports} (memory (export "memory") {memory})
            (func (export "_start") {result} {body}))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn import(function: &HostFunction) -> String {
    let params = function.param_types().map(|ty| format!(" {ty}"));
    let params: String = params.collect();
    let result = function.result.map(|ty| format!("(result {ty})"));
    format!(
        r#"(import "{IMPORT_MODULE}" "{}" (func (param{params}) {}))"#,
        function.name,
        result.unwrap_or_default()
    )
}
