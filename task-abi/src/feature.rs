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
    /// Memory in pages of one byte, by which a task may have less than 64 KiB. The name is that
    /// of the proposal.
    CustomPageSizes,
}

impl Feature {
    /// Every one: eight, the most that one attribute of an agent can hold.
    pub const ALL: [Self; 8] = [
        Self::Floats,
        Self::MutableGlobals,
        Self::SignExt,
        Self::NontrappingFptoint,
        Self::BulkMemory,
        Self::Multivalue,
        Self::ReferenceTypes,
        Self::CustomPageSizes,
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
            Self::CustomPageSizes => "custom-page-sizes",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
