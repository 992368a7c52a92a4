//! What wasm3 does not tell of a module: whether it imports more than functions, and all names
//! that it exports something under.

use edgerm_task_abi::{ENTRY, MEMORY, StartError};

/// The sections that are looked into (WebAssembly core specification, section 5.5).
const IMPORTS: u8 = 2;
const EXPORTS: u8 = 7;

/// What is imported or exported.
const FUNCTION: u8 = 0;
const MEMORY_KIND: u8 = 2;

/// Magic and version.
const HEAD: &[u8] = b"\0asm\x01\0\0\0";

/// The index of the function that runs the task.
///
/// # Errors
///
/// [`StartError::Module`] for what is no module, [`StartError::Import`] for an import that is
/// no function, [`StartError::Export`] where entry or memory is missing.
pub(crate) fn entry(wasm: &[u8]) -> Result<u32, StartError> {
    let mut module = Reader(wasm.strip_prefix(HEAD).ok_or(StartError::Module)?);
    let mut exports = Ok(Exports::default());
    let mut imports = Ok(());
    while !module.0.is_empty() {
        let id = module.byte()?;
        let section = module.sized()?;
        match id {
            IMPORTS => imports = section.functions_only(),
            EXPORTS => exports = section.exports(),
            _ => {}
        }
    }
    imports?;
    let exports = exports?;
    match exports.entry {
        Some(entry) if exports.memory => Ok(entry),
        Some(_) | None => Err(StartError::Export),
    }
}

#[derive(Default)]
struct Exports {
    entry: Option<u32>,
    memory: bool,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, StartError> {
        let (byte, rest) = self.0.split_first().ok_or(StartError::Module)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// An unsigned number in LEB128, of at most 32 bits.
    fn number(&mut self) -> Result<u32, StartError> {
        let mut number = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|_| StartError::Module);
            }
        }
        Err(StartError::Module)
    }

    /// As many bytes as the number before them says.
    fn sized(&mut self) -> Result<Self, StartError> {
        let length = usize::try_from(self.number()?).map_err(|_| StartError::Module)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(StartError::Module)?;
        self.0 = rest;
        Ok(Self(bytes))
    }

    fn functions_only(mut self) -> Result<(), StartError> {
        for _ in 0..self.number()? {
            let (_module, _field) = (self.sized()?, self.sized()?);
            if self.byte()? != FUNCTION {
                return Err(StartError::Import);
            }
            self.number()?;
        }
        Ok(())
    }

    fn exports(mut self) -> Result<Exports, StartError> {
        let mut exports = Exports::default();
        for _ in 0..self.number()? {
            let name = self.sized()?.0;
            let (kind, index) = (self.byte()?, self.number()?);
            if kind == FUNCTION && name == ENTRY.as_bytes() {
                exports.entry = Some(index);
            }
            exports.memory |= kind == MEMORY_KIND && name == MEMORY.as_bytes();
        }
        Ok(exports)
    }
}
