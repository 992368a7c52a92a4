//! A module without its custom sections, or with another section in place of one of its own.

use wasmparser::{Parser, Payload};

use super::refusal::Refusal;
use super::survey::invalid;

/// The id of custom sections (WASM core specification, section 5.5.3).
const CUSTOM_SECTION: u8 = 0;

/// Copies the header and every section but custom ones, each length in its shortest form.
pub(super) fn strip(wasm: &[u8]) -> Result<Vec<u8>, Refusal> {
    strip_with(wasm, |_| None)
}

/// The same, where `other` may give other contents for the sections of an id.
pub(super) fn strip_with<'a>(
    wasm: &[u8],
    other: impl Fn(u8) -> Option<&'a [u8]>,
) -> Result<Vec<u8>, Refusal> {
    let mut stripped = Vec::with_capacity(wasm.len());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        if let Payload::Version { range, .. } = &payload {
            stripped.extend_from_slice(&wasm[range.clone()]);
        }
        match payload.as_section() {
            Some((id, range)) if id != CUSTOM_SECTION => {
                let contents = other(id).unwrap_or(&wasm[range]);
                stripped.push(id);
                push_leb128(&mut stripped, contents.len() as u64);
                stripped.extend_from_slice(contents);
            }
            Some(_) | None => {}
        }
    }
    Ok(stripped)
}

/// Appends `value` in LEB128 (WASM core specification, section 5.2.2).
pub(super) fn push_leb128(bytes: &mut Vec<u8>, value: impl Into<u64>) {
    let mut value = value.into();
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}
