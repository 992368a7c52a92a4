//! The table as documentation, C header and Rust imports: what `cargo xtask host-api` writes.
//!
//! Each is a value to `Display`. A test holds the files in the repository to them.

mod c_header;
mod markdown;
mod rust_imports;

use core::fmt;

pub use c_header::CHeader;
pub use markdown::Markdown;
pub use rust_imports::RustImports;

use crate::HostFunction;

/// A generated file of the repository.
#[derive(Clone, Copy)]
pub struct Generated {
    /// Where it is, from the root of the repository.
    pub path: &'static str,
    /// What it holds.
    pub content: &'static (dyn fmt::Display + Sync),
}

/// Every file that is printed from the table.
pub const GENERATED: [Generated; 3] = [
    Generated {
        path: "docs/host-api.md",
        content: &Markdown,
    },
    Generated {
        path: "wasm-apps/sdk/c/edgerm_task.h",
        content: &CHeader,
    },
    Generated {
        path: "wasm-apps/sdk/src/imports.rs",
        content: &RustImports,
    },
];

/// Who wrote a generated file, and how to write it again.
const ORIGIN: &str = "Written by `cargo xtask host-api` out of task-abi/src/table.rs.";

/// Writes `text` in lines of at most 96 bytes, each after `prefix`.
fn wrapped(f: &mut fmt::Formatter<'_>, prefix: &str, text: &str) -> fmt::Result {
    const WIDTH: usize = 96;
    let mut column = 0;
    for word in text.split_ascii_whitespace() {
        if column > 0 && column + 1 + word.len() > WIDTH {
            f.write_str("\n")?;
            column = 0;
        }
        let separator = if column == 0 { prefix } else { " " };
        write!(f, "{separator}{word}")?;
        column += separator.len() + word.len();
    }
    f.write_str("\n")
}

/// What a function returns, as a sentence.
struct Returns(&'static HostFunction);

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(function) = self;
        if function.result.is_none() {
            return f.write_str("Does not return.");
        }
        write!(f, "Returns {}", function.returns)?;
        if !function.errors.is_empty() || function.permission.is_some() {
            f.write_str(", or a negative error code")?;
        }
        f.write_str(".")
    }
}
