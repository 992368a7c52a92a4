//! What a module imports and exports.

use std::collections::BTreeSet;
use std::fmt;

use edgerm_task_abi::{ENTRY, MEMORY};
use wasmparser::{Parser, Payload};

/// The imports and exports of a module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Interface {
    imports: BTreeSet<String>,
    exports: BTreeSet<String>,
}

impl Interface {
    pub(super) fn of(wasm: &[u8]) -> anyhow::Result<Self> {
        let mut interface = Self {
            imports: BTreeSet::new(),
            exports: BTreeSet::new(),
        };
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            if let Payload::ImportSection(section) = &payload {
                for import in section.clone() {
                    let import = import?;
                    interface
                        .imports
                        .insert(format!("{}.{}", import.module, import.name));
                }
            }
            if let Payload::ExportSection(section) = &payload {
                for export in section.clone() {
                    interface.exports.insert(export?.name.to_owned());
                }
            }
        }
        Ok(interface)
    }
}

impl Interface {
    /// Whether it exports what every task does.
    pub(super) fn is_task(&self) -> bool {
        [ENTRY, MEMORY]
            .iter()
            .all(|name| self.exports.contains(*name))
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "imports {:?} and exports {:?}",
            self.imports, self.exports
        )
    }
}
