//! What a module may use of WASM beyond its first version, to be matched with what an engine has.

use core::fmt;

/// A part of WASM that an engine may lack. The names are those of LLVM's target features, so
/// that `-mno-sign-ext` or `-Ctarget-feature=-sign-ext` says what a refusal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// `f32` and `f64`. They are of the first version, but microcontrollers may do without.
    Floats,
    /// Exported globals that change.
    MutableGlobals,
    /// Instructions that extend the sign of a part of an integer.
    SignExt,
    /// Conversions of floats to integers that do not trap.
    NontrappingFptoint,
    /// `memory.copy`, `memory.fill` and passive segments.
    BulkMemory,
    /// Functions and blocks with several results, blocks with parameters.
    Multivalue,
    /// Several tables, and instructions on them.
    ReferenceTypes,
}

impl Feature {
    /// Every one, as many as one attribute of an agent can hold.
    pub const ALL: [Self; 7] = [
        Self::Floats,
        Self::MutableGlobals,
        Self::SignExt,
        Self::NontrappingFptoint,
        Self::BulkMemory,
        Self::Multivalue,
        Self::ReferenceTypes,
    ];

    /// The name, as an agent's `wasm_features` has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floats => "floats",
            Self::MutableGlobals => "mutable-globals",
            Self::SignExt => "sign-ext",
            Self::NontrappingFptoint => "nontrapping-fptoint",
            Self::BulkMemory => "bulk-memory",
            Self::Multivalue => "multivalue",
            Self::ReferenceTypes => "reference-types",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
