//! The walk over a valid module's sections, and the rules that hold there.

use edgerm_task_abi::limits::PAGE;
use edgerm_task_abi::{
    ENTRY, Function, HostFunction, IMPORT_MODULE, MEMORY, Permissions, ValueType,
};
use wasmparser::{
    BinaryReaderError, ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Export,
    ExternalKind, FuncType, Import, MemoryType, Operator, Parser, Payload, TypeRef, ValType,
};

use super::Limits;
use super::refusal::{ImportKind, Refusal, Rule};
use super::shown::{Shown, Signature};

/// What a walk over a module finds.
pub(super) struct Survey {
    pub(super) permissions: Permissions,
    pub(super) memory_min_bytes: u64,
    pub(super) memory_max_bytes: Option<u64>,
}

/// Walks over a module that is valid.
pub(super) fn survey(wasm: &[u8], limits: &Limits) -> Result<Survey, Refusal> {
    let mut walk = Walk::new(limits);
    for payload in Parser::new(0).parse_all(wasm) {
        walk.visit(payload.map_err(invalid)?)?;
    }
    walk.finish(wasm.len())
}

/// The sections before the one that is visited.
struct Walk<'a> {
    limits: &'a Limits,
    types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    functions: Vec<u32>,
    permissions: Permissions,
    memory: Option<MemoryType>,
    /// Elements that each table starts with.
    tables: Vec<u64>,
    exports_entry: bool,
    exports_memory: bool,
}

impl<'a> Walk<'a> {
    fn new(limits: &'a Limits) -> Self {
        Self {
            limits,
            types: Vec::new(),
            functions: Vec::new(),
            permissions: Permissions::NONE,
            memory: None,
            tables: Vec::new(),
            exports_entry: false,
            exports_memory: false,
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the parser's enum, of 30 payloads"
    )]
    fn visit(&mut self, payload: Payload<'_>) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(section) => {
                for function in section.into_iter_err_on_gc_types() {
                    self.types.push(function.map_err(invalid)?);
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_iter_with_offsets() {
                    let (offset, import) = import.map_err(invalid)?;
                    self.import(&import).map_err(|rule| rule.at(offset))?;
                }
            }
            Payload::FunctionSection(section) => {
                for function in section {
                    self.functions.push(function.map_err(invalid)?);
                }
            }
            Payload::TableSection(section) => {
                for table in section.into_iter_with_offsets() {
                    let (offset, table) = table.map_err(invalid)?;
                    self.table(table.ty.initial)
                        .map_err(|rule| rule.at(offset))?;
                }
            }
            Payload::MemorySection(section) => {
                for memory in section.into_iter_with_offsets() {
                    let (offset, memory) = memory.map_err(invalid)?;
                    self.memory(memory).map_err(|rule| rule.at(offset))?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section.into_iter_with_offsets() {
                    let (offset, export) = export.map_err(invalid)?;
                    self.export(&export).map_err(|rule| rule.at(offset))?;
                }
            }
            Payload::StartSection { range, .. } => {
                return Err(Rule::StartSection.at(range.start));
            }
            Payload::ElementSection(section) => {
                for (index, element) in section.into_iter_with_offsets().enumerate() {
                    let (offset, element) = element.map_err(invalid)?;
                    self.elements(index, &element, offset)?;
                }
            }
            Payload::DataSection(section) => {
                for (index, data) in section.into_iter_with_offsets().enumerate() {
                    let (offset, data) = data.map_err(invalid)?;
                    self.data(index, &data, offset)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn import(&mut self, import: &Import<'_>) -> Result<(), Rule> {
        let kind = |kind| Rule::ImportKind {
            module: Shown::new(import.module),
            name: Shown::new(import.name),
            kind,
        };
        let index = match import.ty {
            TypeRef::Func(index) => index,
            TypeRef::Table(_) => return Err(kind(ImportKind::Table)),
            TypeRef::Memory(_) => return Err(kind(ImportKind::Memory)),
            TypeRef::Global(_) => return Err(kind(ImportKind::Global)),
            TypeRef::Tag(_) => return Err(kind(ImportKind::Tag)),
        };
        let known = match import.module {
            IMPORT_MODULE => Function::from_name(import.name),
            _ => None,
        };
        let description = known
            .map(Function::description)
            .ok_or_else(|| Rule::UnknownImport {
                module: Shown::new(import.module),
                name: Shown::new(import.name),
            })?;
        if let Some(found) = self
            .types
            .get(index as usize)
            .filter(|found| !is(found, description))
        {
            return Err(Rule::ImportSignature {
                name: description.name,
                expected: Signature::of_host(description.param_types(), description.result),
                found: Signature::of_type(found),
            });
        }
        self.functions.push(index);
        if let Some(permission) = description.permission {
            self.permissions = self.permissions | permission.into();
        }
        Ok(())
    }

    fn table(&mut self, initial: u64) -> Result<(), Rule> {
        self.tables.push(initial);
        let elements = self.tables.iter().sum();
        let limit = self.limits.table_elements;
        if elements > limit {
            return Err(Rule::TableTooLarge { elements, limit });
        }
        Ok(())
    }

    fn memory(&mut self, memory: MemoryType) -> Result<(), Rule> {
        let bytes = initial_bytes(&memory);
        let limit = self.limits.memory_bytes;
        if bytes > limit {
            return Err(Rule::MemoryTooLarge { bytes, limit });
        }
        self.memory = Some(memory);
        Ok(())
    }

    fn export(&mut self, export: &Export<'_>) -> Result<(), Rule> {
        match (export.name, export.kind) {
            (ENTRY, ExternalKind::Func) => {
                let entry = self
                    .functions
                    .get(export.index as usize)
                    .and_then(|index| self.types.get(*index as usize));
                if let Some(found) = entry.filter(|found| !is_entry(found)) {
                    return Err(Rule::EntrySignature {
                        found: Signature::of_type(found),
                    });
                }
                self.exports_entry = true;
            }
            (MEMORY, ExternalKind::Memory) => self.exports_memory = true,
            _ => {}
        }
        Ok(())
    }

    fn elements(&self, index: usize, element: &Element<'_>, offset: usize) -> Result<(), Refusal> {
        let ElementKind::Active {
            table_index,
            offset_expr,
        } = &element.kind
        else {
            return Ok(());
        };
        let start = constant(offset_expr)?;
        let count = match &element.items {
            ElementItems::Functions(functions) => functions.count(),
            ElementItems::Expressions(_, expressions) => expressions.count(),
        };
        let table = table_index.unwrap_or(0) as usize;
        let limit = self.tables.get(table).copied().unwrap_or(0);
        let end = start + u64::from(count);
        if end > limit {
            let rule = Rule::ElementsOutOfBounds {
                index,
                start,
                end,
                limit,
            };
            return Err(rule.at(offset));
        }
        Ok(())
    }

    fn data(&self, index: usize, data: &Data<'_>, offset: usize) -> Result<(), Refusal> {
        let DataKind::Active { offset_expr, .. } = &data.kind else {
            return Ok(());
        };
        let start = constant(offset_expr)?;
        let end = start + data.data.len() as u64;
        let limit = self.memory.as_ref().map_or(0, initial_bytes);
        if end > limit {
            let rule = Rule::DataOutOfBounds {
                index,
                start,
                end,
                limit,
            };
            return Err(rule.at(offset));
        }
        Ok(())
    }

    fn finish(self, end: usize) -> Result<Survey, Refusal> {
        if !self.exports_entry {
            return Err(Rule::NoEntry.at(end));
        }
        match self.memory {
            Some(memory) if self.exports_memory => Ok(Survey {
                permissions: self.permissions,
                memory_min_bytes: initial_bytes(&memory),
                memory_max_bytes: memory
                    .maximum
                    .map(|pages| pages.saturating_mul(page_bytes(&memory))),
            }),
            Some(_) | None => Err(Rule::NoMemory.at(end)),
        }
    }
}

fn initial_bytes(memory: &MemoryType) -> u64 {
    memory.initial.saturating_mul(page_bytes(memory))
}

/// Bytes of a page of `memory`: one, where the module says so.
fn page_bytes(memory: &MemoryType) -> u64 {
    match memory.page_size_log2 {
        Some(log2) => 1_u64.checked_shl(log2).unwrap_or(PAGE),
        None => PAGE,
    }
}

pub(super) fn invalid(error: BinaryReaderError) -> Refusal {
    Rule::Invalid(error.message().to_owned()).at(error.offset())
}

fn is(found: &FuncType, description: &HostFunction) -> bool {
    let same = |(found, expected): (&ValType, ValueType)| match expected {
        ValueType::I32 => *found == ValType::I32,
        ValueType::I64 => *found == ValType::I64,
    };
    let results = description.result.as_slice();
    found.params().len() == description.params.len()
        && found.results().len() == results.len()
        && found
            .params()
            .iter()
            .zip(description.param_types())
            .all(same)
        && found
            .results()
            .iter()
            .zip(results.iter().copied())
            .all(same)
}

fn is_entry(found: &FuncType) -> bool {
    found.params().is_empty() && matches!(found.results(), [] | [ValType::I32])
}

/// Where a segment starts. Without imported globals and extended constants, which are not
/// admitted, it can only be an `i32.const`.
pub(super) fn constant(expression: &ConstExpr<'_>) -> Result<u64, Refusal> {
    let mut reader = expression.get_operators_reader();
    let offset = reader.original_position();
    let Operator::I32Const { value } = reader.read().map_err(invalid)? else {
        return Err(Rule::Invalid("a segment's offset is no i32.const".to_owned()).at(offset));
    };
    Ok(value.cast_unsigned().into())
}
