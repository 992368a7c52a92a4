//! A module without its custom sections.

use wasmparser::{Parser, Payload};

use super::refusal::Refusal;
use super::survey::invalid;

/// The id of custom sections (WASM core specification, section 5.5.3).
const CUSTOM_SECTION: u8 = 0;

/// Copies the header and every section but custom ones, each length in its shortest form.
pub(super) fn strip(wasm: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut stripped = Vec::with_capacity(wasm.len());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(invalid)?;
        if let Payload::Version { range, .. } = &payload {
            stripped.extend_from_slice(&wasm[range.clone()]);
        }
        match payload.as_section() {
            Some((id, range)) if id != CUSTOM_SECTION => {
                stripped.push(id);
                push_leb128(&mut stripped, range.len());
                stripped.extend_from_slice(&wasm[range]);
            }
            Some(_) | None => {}
        }
    }
    Ok(stripped)
}

/// Appends `value` in LEB128 (WASM core specification, section 5.2.2).
fn push_leb128(bytes: &mut Vec<u8>, mut value: usize) {
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
