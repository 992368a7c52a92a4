//! Sections and symbols of an ELF file: what of it is in flash, what in RAM, and whose it is.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, bail};
use object::read::elf::ProgramHeader;
use object::{Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind};

/// What of the probe is not the agent's: the board, the heap and the driver.
const PROBE: &str = "probe (not counted)";

/// What copies and fills memory: any firmware has it, from the C library.
const MEMORY: &str = "memcpy and the like (not counted)";

/// Where the probe calls the agent; what was inlined there is the agent's.
const CALLS: &str = "edgerm_size_probe::calls";

/// AES, SHA-256, HMAC, and what they are built of.
const CIPHERS: [&str; 12] = [
    "aes",
    "block_buffer",
    "cipher",
    "cmov",
    "crypto_common",
    "ctutils",
    "digest",
    "hmac",
    "hybrid_array",
    "inout",
    "sha2",
    "subtle",
];

/// The group of those, and that of our part.
const CIPHER: &str = "ciphers and digests";
const OSCORE: &str = "edgerm_coap::oscore";

/// Symbols of the probe that do not name its crate.
const STARTUP: [&str; 2] = ["reset", "fault"];

/// What one image takes.
pub(super) struct Image {
    /// Bytes that are written to flash.
    pub(super) flash: u64,
    /// Bytes of RAM that it takes before it runs.
    pub(super) ram: u64,
    /// Functions and named constants in flash, the largest first.
    pub(super) symbols: Vec<Symbol>,
}

/// A function or a named constant.
pub(super) struct Symbol {
    pub(super) bytes: u64,
    /// As people read it.
    pub(super) name: String,
    /// The crate it is of, or what else there is to say of it.
    pub(super) group: String,
}

impl Image {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let file = object::File::parse(&*bytes)
            .with_context(|| format!("{} is no ELF file", path.display()))?;
        Self::of(&file)
    }

    fn of(file: &object::File<'_>) -> anyhow::Result<Self> {
        let mut image = Self {
            flash: 0,
            ram: 0,
            symbols: Vec::new(),
        };
        let moved = moved_segments(file);
        let mut flash = Vec::new();
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags } = section.flags() else {
                bail!("no ELF file");
            };
            if sh_flags & u64::from(object::elf::SHF_ALLOC) == 0 {
                continue;
            }
            let (start, size) = (section.address(), section.size());
            let is_loaded = section.kind() != SectionKind::UninitializedData;
            let is_moved = moved.iter().any(|range| range.contains(&start));
            if is_loaded {
                image.flash += size;
            }
            if is_moved || !is_loaded {
                image.ram += size;
            }
            if is_loaded && !is_moved {
                flash.push(start..start + size);
            }
        }
        for symbol in file.symbols() {
            // The lowest bit says that a function is one of Thumb.
            let address = symbol.address() & !1;
            if symbol.size() > 0 && flash.iter().any(|range| range.contains(&address)) {
                image.symbols.push(Symbol::new(&symbol));
            }
        }
        image.symbols.sort_by_key(|symbol| Reverse(symbol.bytes));
        Ok(image)
    }

    /// Bytes of flash by crate. What has no name, such as constants, stands under its own.
    pub(super) fn groups(&self) -> BTreeMap<&str, u64> {
        let mut groups = BTreeMap::new();
        for symbol in &self.symbols {
            *groups.entry(symbol.group.as_str()).or_default() += symbol.bytes;
        }
        let named: u64 = groups.values().sum();
        groups.insert("constants and padding", self.flash.saturating_sub(named));
        groups
    }

    /// Bytes of flash that OSCORE takes, but for what of it was inlined elsewhere.
    pub(super) fn oscore(&self) -> u64 {
        let ours = |symbol: &&Symbol| [CIPHER, OSCORE].contains(&symbol.group.as_str());
        let ours = self.symbols.iter().filter(ours);
        ours.map(|symbol| symbol.bytes).sum()
    }

    /// Bytes of flash without what firmware has its own of.
    pub(super) fn counted(&self) -> u64 {
        let others = |symbol: &&Symbol| [PROBE, MEMORY].contains(&symbol.group.as_str());
        let not_counted = self.symbols.iter().filter(others);
        self.flash - not_counted.map(|symbol| symbol.bytes).sum::<u64>()
    }
}

/// Addresses of what lies elsewhere in flash and is copied where it runs.
fn moved_segments(file: &object::File<'_>) -> Vec<Range<u64>> {
    let object::File::Elf32(elf) = file else {
        // An executable of a host, such as native_sim's: nothing is copied.
        return Vec::new();
    };
    let endian = elf.endian();
    let headers = elf.elf_program_headers().iter();
    headers
        .filter(|header| header.p_vaddr(endian) != header.p_paddr(endian))
        .map(|header| {
            let start = u64::from(header.p_vaddr(endian));
            start..start + u64::from(header.p_memsz(endian))
        })
        .collect()
}

impl Symbol {
    fn new<'a>(symbol: &impl ObjectSymbol<'a>) -> Self {
        let mangled = symbol.name().unwrap_or_default();
        let name = format!("{:#}", rustc_demangle::demangle(mangled));
        let group = group_of(&name).to_owned();
        Self {
            bytes: symbol.size(),
            group,
            name,
        }
    }
}

/// The crate of a function or constant, as its name tells it.
fn group_of(name: &str) -> &str {
    let path = name.trim_start_matches(|character: char| !character.is_alphanumeric());
    let path = path.strip_prefix("dyn ").unwrap_or(path);
    let end = path.find(|character: char| !character.is_alphanumeric() && character != '_');
    let (first, rest) = path.split_at(end.unwrap_or(path.len()));
    match first {
        "edgerm_size_probe" if name.contains(CALLS) => "agent, where it is called",
        "edgerm_size_probe" | "linked_list_allocator" | "__rustc" => PROBE,
        _ if STARTUP.contains(&name) => PROBE,
        "compiler_builtins" if rest.starts_with("::mem::") => MEMORY,
        _ if is_memory(name.rsplit("::").next().unwrap_or(name)) => MEMORY,
        "edgerm_coap" if path.starts_with(OSCORE) => OSCORE,
        _ if CIPHERS.contains(&first) => CIPHER,
        _ if rest.starts_with("::") => first,
        // What a crate has numbers do.
        _ if rest.starts_with(" as ") => group_of(rest.trim_start_matches(" as ")),
        // Methods of slices, numbers and pointers.
        _ if name.contains("::") => "core",
        _ => "without a crate",
    }
}

/// Whether a function of this name copies, fills or compares memory.
fn is_memory(name: &str) -> bool {
    name.starts_with("__aeabi_mem") || ["memcpy", "memmove", "memset", "memcmp"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symbol_is_of_the_crate_that_its_name_begins_with() {
        for (name, group) in [
            ("edgerm_coap::codec::decode", "edgerm_coap"),
            (
                "<edgerm_coap::codec::Packet as core::fmt::Debug>::fmt",
                "edgerm_coap",
            ),
            (
                "<&dyn core::fmt::Write as core::fmt::Write>::write_str",
                "core",
            ),
            ("<[u8]>::to_vec", "core"),
            ("<u8 as core::fmt::Display>::fmt", "core"),
            ("edgerm_size_probe::serial::send", PROBE),
            (
                "edgerm_size_probe::calls::handle",
                "agent, where it is called",
            ),
            ("<edgerm_coap::oscore::context::Context>::open", OSCORE),
            ("<u16 as aes::backends::soft::Word>::bitslice", CIPHER),
            ("<u8 as core::fmt::Display>::fmt", "core"),
            ("reset", PROBE),
            ("memcpy", MEMORY),
            ("compiler_builtins::mem::memmove", MEMORY),
            ("compiler_builtins::arm::__aeabi_memcpy4", MEMORY),
            ("__aeabi_uldivmod", "without a crate"),
        ] {
            assert_eq!(group_of(name), group, "{name}");
        }
    }
}
