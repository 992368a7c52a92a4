//! The Rust imports of the task SDK.

use core::fmt;

use super::{ORIGIN, Returns, wrapped};
use crate::{HOST_FUNCTIONS, HostFunction, IMPORT_MODULE, Param, ParamKind};

/// The host API as Rust's `extern` block.
#[derive(Clone, Copy, Debug)]
pub struct RustImports;

impl fmt::Display for RustImports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "//! The functions that a node gives to its tasks, as they are.\n\
             //!\n\
             //! {ORIGIN}\n\n\
             // SAFETY: the node checks every pointer and length that it is given against the\n\
             // task's memory; see `docs/host-api.md`. What is declared `safe` is given none.\n\
             #[link(wasm_import_module = \"{IMPORT_MODULE}\")]\n\
             unsafe extern \"C\" {{"
        )?;
        for (index, function) in HOST_FUNCTIONS.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            declaration(f, function)?;
        }
        f.write_str("}\n")
    }
}

fn declaration(f: &mut fmt::Formatter<'_>, function: &'static HostFunction) -> fmt::Result {
    wrapped(f, "    /// ", function.doc)?;
    writeln!(f, "    ///\n    /// {}", Returns(function))?;
    let points = function.params.iter().any(|param| is_pointer(param.kind));
    let safety = if points { "" } else { "safe " };
    write!(f, "    pub {safety}fn {}(", function.name)?;
    let lines = function.params.len() > 4;
    for (index, Param { name, kind }) in function.params.iter().enumerate() {
        let separator = match (lines, index) {
            (true, _) => "\n        ",
            (false, 0) => "",
            (false, _) => ", ",
        };
        write!(f, "{separator}{name}: {}", rust_type(*kind))?;
        if lines {
            f.write_str(",")?;
        }
    }
    if lines {
        f.write_str("\n    ")?;
    }
    match function.result {
        Some(result) => writeln!(f, ") -> {result};"),
        None => writeln!(f, ") -> !;"),
    }
}

const fn is_pointer(kind: ParamKind) -> bool {
    match kind {
        ParamKind::Text | ParamKind::Bytes | ParamKind::Buffer | ParamKind::OutI64 => true,
        ParamKind::Length | ParamKind::I32 | ParamKind::U32 | ParamKind::I64 => false,
    }
}

const fn rust_type(kind: ParamKind) -> &'static str {
    match kind {
        ParamKind::Text | ParamKind::Bytes => "*const u8",
        ParamKind::Buffer => "*mut u8",
        ParamKind::OutI64 => "*mut i64",
        ParamKind::Length => "usize",
        ParamKind::U32 => "u32",
        ParamKind::I32 => "i32",
        ParamKind::I64 => "i64",
    }
}
