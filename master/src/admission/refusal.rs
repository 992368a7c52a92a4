//! The rules of admission, and how a module that breaks one is told.

use std::fmt;

use edgerm_task_abi::{ENTRY, HOST_FUNCTIONS, IMPORT_MODULE, MEMORY};
use thiserror::Error;

use super::shown::{Shown, Signature};

/// A module was refused: the rule that it breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{rule} (byte {offset} of the module)")]
pub struct Refusal {
    /// The rule.
    pub rule: Rule,
    /// Bytes before the place that breaks it; all of them where something is missing.
    pub offset: usize,
}

/// What a module must be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rule {
    /// It has a size that networks and devices can bear.
    #[error(
        "the module has {bytes} bytes, more than the {limit} that are admitted: optimise it for \
         size, or raise the master's limit"
    )]
    ModuleTooLarge {
        /// Bytes that it has.
        bytes: usize,
        /// Bytes that it may have.
        limit: usize,
    },
    /// It is WASM's binary format.
    #[error(
        "this is no WASM binary: it does not begin with 00 61 73 6d; compile it, or translate \
         text with `wat2wasm`"
    )]
    NotWasm,
    /// It is a module.
    #[error("this is a WASM component, but tasks are core modules: build for wasm32v1-none")]
    Component,
    /// It is valid.
    #[error("the module is not valid: {0}")]
    Invalid(String),
    /// It uses what engines here have.
    #[error(
        "the module uses a part of WASM that no engine here has: {0}; compile it for the first \
         version of WASM (clang: -mcpu=mvp; rustc: --target wasm32v1-none)"
    )]
    UnsupportedFeature(String),
    /// It imports functions alone.
    #[error(
        "`{module}` `{name}` is an imported {kind}, but only functions can be imported: define \
         the {kind} in the module"
    )]
    ImportKind {
        /// The module imported from.
        module: Shown,
        /// The name imported.
        name: Shown,
        /// What it is.
        kind: ImportKind,
    },
    /// It imports from the host API.
    #[error("there is no function `{module}` `{name}` to import{}", hint(module))]
    UnknownImport {
        /// The module imported from.
        module: Shown,
        /// The name imported.
        name: Shown,
    },
    /// It imports with the host API's signatures.
    #[error(
        "`{name}` is imported as {found}, but is {expected}: declare it as docs/host-api.md does"
    )]
    ImportSignature {
        /// The function's name.
        name: &'static str,
        /// Its signature.
        expected: Signature,
        /// The signature that the module has for it.
        found: Signature,
    },
    /// It starts where a kill can end it.
    #[error("the module has a start section, which a kill could not end: do its work in `{ENTRY}`")]
    StartSection,
    /// It exports its entry.
    #[error("the module does not export the function `{ENTRY}`, which runs the task")]
    NoEntry,
    /// Its entry has the right signature.
    #[error("`{ENTRY}` is {found}, but must be () -> () or () -> (i32)")]
    EntrySignature {
        /// The signature that it has.
        found: Signature,
    },
    /// It exports its memory.
    #[error("the module does not export its memory as `{MEMORY}`, which host calls work on")]
    NoMemory,
    /// It starts with a memory that nodes have.
    #[error(
        "the module starts with {bytes} bytes of memory, more than the {limit} that are \
         admitted: link it with a smaller stack and --initial-memory, or raise the master's limit"
    )]
    MemoryTooLarge {
        /// Bytes that it starts with.
        bytes: u64,
        /// Bytes that it may start with.
        limit: u64,
    },
    /// It starts with tables that nodes have.
    #[error(
        "the module's tables have {elements} elements at the start, more than the {limit} that \
         are admitted"
    )]
    TableTooLarge {
        /// Elements of its tables up to the one that is too large.
        elements: u64,
        /// Elements that they may have.
        limit: u64,
    },
    /// Its data lie within its memory.
    #[error(
        "data segment {index} reaches from {start} to {end}, beyond the {limit} bytes of memory \
         that the module starts with"
    )]
    DataOutOfBounds {
        /// Which segment, from 0.
        index: usize,
        /// Where in memory it starts.
        start: u64,
        /// Where it ends.
        end: u64,
        /// Bytes of memory.
        limit: u64,
    },
    /// Its element segments lie within their tables.
    #[error(
        "element segment {index} reaches from {start} to {end}, beyond the {limit} elements that \
         its table starts with"
    )]
    ElementsOutOfBounds {
        /// Which segment, from 0.
        index: usize,
        /// Where in the table it starts.
        start: u64,
        /// Where it ends.
        end: u64,
        /// Elements of the table.
        limit: u64,
    },
}

impl Rule {
    /// A module breaks this rule at `offset`.
    pub(super) const fn at(self, offset: usize) -> Refusal {
        Refusal { rule: self, offset }
    }

    /// The rule's name for programs, in camelCase.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ModuleTooLarge { .. } => "moduleTooLarge",
            Self::NotWasm => "moduleNotWasm",
            Self::Component => "moduleIsComponent",
            Self::Invalid(_) => "moduleInvalid",
            Self::UnsupportedFeature(_) => "moduleUnsupportedFeature",
            Self::ImportKind { .. } => "moduleImportKind",
            Self::UnknownImport { .. } => "moduleUnknownImport",
            Self::ImportSignature { .. } => "moduleImportSignature",
            Self::StartSection => "moduleStartSection",
            Self::NoEntry => "moduleNoEntry",
            Self::EntrySignature { .. } => "moduleEntrySignature",
            Self::NoMemory => "moduleNoMemory",
            Self::MemoryTooLarge { .. } => "moduleMemoryTooLarge",
            Self::TableTooLarge { .. } => "moduleTableTooLarge",
            Self::DataOutOfBounds { .. } => "moduleDataOutOfBounds",
            Self::ElementsOutOfBounds { .. } => "moduleElementsOutOfBounds",
        }
    }
}

/// What to do about an import from `module` that does not exist.
fn hint(module: &Shown) -> String {
    let module = module.as_str();
    if module == IMPORT_MODULE {
        let names: Vec<_> = HOST_FUNCTIONS.iter().map(|known| known.name).collect();
        format!("; there are {}", names.join(", "))
    } else if module.starts_with("wasi") {
        format!(": tasks have no WASI, so build for wasm32v1-none and call `{IMPORT_MODULE}`")
    } else if module == "env" {
        format!(
            ": a symbol that the linker did not find; define it, and declare what the node has \
             with the SDK, which imports it from `{IMPORT_MODULE}`"
        )
    } else {
        format!("; only `{IMPORT_MODULE}` has functions")
    }
}

/// What an import is, where it is no function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportKind {
    /// A table.
    Table,
    /// A memory.
    Memory,
    /// A global.
    Global,
    /// A tag of exceptions.
    Tag,
}

impl fmt::Display for ImportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "table",
            Self::Memory => "memory",
            Self::Global => "global",
            Self::Tag => "tag",
        })
    }
}
