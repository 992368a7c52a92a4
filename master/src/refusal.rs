//! Refusals of the API's calls: for each error its HTTP status, its code for programs, and the
//! field that it is about. The text for people is the error's `Display`.

use std::fmt::Display;

use edgerm_protocol::api;

use crate::admission;

/// An error that is told to the caller of the API.
pub trait Refuse: Display {
    /// The HTTP status, 400 to 599.
    fn status(&self) -> u16;

    /// The rule, in camelCase.
    fn code(&self) -> &'static str;

    /// The field or parameter that broke it.
    fn field(&self) -> Option<String> {
        None
    }

    /// All of it as the API shows it.
    fn refusal(&self) -> api::Refusal {
        api::Refusal {
            code: self.code().to_owned(),
            message: self.to_string(),
            field: self.field(),
        }
    }
}

impl Refuse for admission::Refusal {
    fn status(&self) -> u16 {
        match self.rule {
            admission::Rule::ModuleTooLarge { .. } => 413,
            admission::Rule::NotWasm
            | admission::Rule::Component
            | admission::Rule::Invalid(_)
            | admission::Rule::UnsupportedFeature(_)
            | admission::Rule::ImportKind { .. }
            | admission::Rule::UnknownImport { .. }
            | admission::Rule::ImportSignature { .. }
            | admission::Rule::StartSection
            | admission::Rule::NoEntry
            | admission::Rule::EntrySignature { .. }
            | admission::Rule::NoMemory
            | admission::Rule::MemoryTooLarge { .. }
            | admission::Rule::TableTooLarge { .. }
            | admission::Rule::DataOutOfBounds { .. }
            | admission::Rule::ElementsOutOfBounds { .. } => 422,
        }
    }

    fn code(&self) -> &'static str {
        self.rule.code()
    }
}
