//! What a module says of itself, in a form that is short and safe to print.

use std::fmt;

use edgerm_task_abi::ValueType;
use wasmparser::FuncType;

/// A name out of a module, shortened and escaped for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// Characters of a name that are shown at most.
    const MAX: usize = 64;

    pub(super) fn new(name: &str) -> Self {
        let mut shown: String = name.chars().take(Self::MAX).collect();
        if shown.len() < name.len() {
            shown.push('…');
        }
        Self(shown.escape_debug().collect())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The type of a function, as `(i32, i32) -> (i32)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(String);

impl Signature {
    pub(super) fn of_type(function: &FuncType) -> Self {
        Self::new(function.params(), function.results())
    }

    pub(super) fn of_host(
        params: impl Iterator<Item = ValueType>,
        result: Option<ValueType>,
    ) -> Self {
        Self::new(&params.collect::<Vec<_>>(), result.as_slice())
    }

    fn new<T: fmt::Display>(params: &[T], results: &[T]) -> Self {
        Self(format!("({}) -> ({})", List(params), List(results)))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Types, separated by commas; a module may have a thousand, of which the first are shown.
struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX: usize = 8;
        for (index, member) in self.0.iter().take(MAX).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{member}")?;
        }
        if self.0.len() > MAX {
            f.write_str(", …")?;
        }
        Ok(())
    }
}
