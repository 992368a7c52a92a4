//! Writes otherwise what wasmi 2.0.0 gets wrong: a `select` whose condition compares with zero.
//!
//! wasmi makes one instruction of the two and takes what was compared for the condition, but looks
//! for it where the result of the comparison would have been. Where a local was compared, that is
//! another value. One instruction between the two, which leaves the condition as it is, keeps them
//! apart.

use std::borrow::Cow;

use wasmparser::{BinaryReaderError, Operator, Parser, Payload};

/// `i32.const 0`, `i32.gt_u`: 0 stays 0, and 1 stays 1.
const SAME: [u8; 3] = [0x41, 0x00, 0x4b];

/// The id of the code section.
const CODE: u8 = 10;

/// A module that does the same, and that wasmi compiles to what it says.
///
/// # Errors
///
/// That of the parser, where this is no module.
pub(super) fn set_apart(wasm: &[u8]) -> Result<Cow<'_, [u8]>, BinaryReaderError> {
    let mut code = None;
    let mut bodies = Vec::new();
    let mut changes = false;
    for payload in Parser::new(0).parse_all(wasm) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "other sections are left as they are"
        )]
        match payload? {
            Payload::CodeSectionStart { count, range, .. } => code = Some((count, range)),
            Payload::CodeSectionEntry(body) => {
                let range = body.range();
                let bytes = wasm.get(range.clone()).unwrap_or_default();
                let places = places(&body)?;
                changes |= !places.is_empty();
                let places = places.into_iter().map(|at| at.saturating_sub(range.start));
                bodies.push(with(bytes, places));
            }
            _ => {}
        }
    }
    let Some((count, range)) = code.filter(|_| changes) else {
        return Ok(Cow::Borrowed(wasm));
    };
    let mut section = Vec::with_capacity(range.len() + 64);
    leb(&mut section, count);
    for body in bodies {
        leb(&mut section, u32::try_from(body.len()).unwrap_or(u32::MAX));
        section.extend(body);
    }
    let (head, tail) = around(wasm, &range);
    let mut module = Vec::with_capacity(wasm.len() + 64);
    module.extend_from_slice(head);
    module.push(CODE);
    leb(
        &mut module,
        u32::try_from(section.len()).unwrap_or(u32::MAX),
    );
    module.extend(section);
    module.extend_from_slice(tail);
    Ok(Cow::Owned(module))
}

/// Where in the module a `select` begins that follows such a comparison.
fn places(body: &wasmparser::FunctionBody<'_>) -> Result<Vec<usize>, BinaryReaderError> {
    let mut places = Vec::new();
    let mut compares = false;
    for operator in body.get_operators_reader()?.into_iter_with_offsets() {
        let (operator, at) = operator?;
        if compares && matches!(operator, Operator::Select | Operator::TypedSelect { .. }) {
            places.push(at);
        }
        compares = matches!(
            operator,
            Operator::I32Eqz
                | Operator::I32Eq
                | Operator::I32Ne
                | Operator::I64Eqz
                | Operator::I64Eq
                | Operator::I64Ne
        );
    }
    Ok(places)
}

/// The same bytes, with [`SAME`] at these places of them.
fn with(bytes: &[u8], places: impl Iterator<Item = usize>) -> Vec<u8> {
    let mut written = Vec::with_capacity(bytes.len() + 16);
    let mut from = 0;
    for at in places {
        written.extend_from_slice(bytes.get(from..at).unwrap_or_default());
        written.extend_from_slice(&SAME);
        from = at;
    }
    written.extend_from_slice(bytes.get(from..).unwrap_or_default());
    written
}

/// What comes before and after the section whose content is at `range`: its id and its length, in
/// up to five bytes, are before that.
fn around<'a>(wasm: &'a [u8], range: &std::ops::Range<usize>) -> (&'a [u8], &'a [u8]) {
    let tail = wasm.get(range.end..).unwrap_or_default();
    let before = wasm.get(..range.start).unwrap_or_default();
    // The last byte of a length has no bit of continuation, and all others have one.
    let mut head = before.len().saturating_sub(1);
    while head > 0 && before.get(head - 1).is_some_and(|byte| byte & 0x80 != 0) {
        head -= 1;
    }
    (
        before.get(..head.saturating_sub(1)).unwrap_or_default(),
        tail,
    )
}

fn leb(to: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = (value & 0x7f).to_le_bytes();
        value >>= 7;
        if value == 0 {
            return to.push(low);
        }
        to.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(wat: &str) -> Vec<u8> {
        wat::parse_str(wat).unwrap()
    }

    #[test]
    fn a_module_without_such_a_select_is_as_it_was() {
        for body in [
            "(drop (select (i32.const 1) (i32.const 2) (local.get 0)))",
            "nop",
        ] {
            let wasm = parsed(&format!("(module (func (param i32) {body}))"));
            assert!(matches!(set_apart(&wasm), Ok(Cow::Borrowed(same)) if same == wasm));
        }
        assert!(set_apart(b"\0asm\x01\0\0\0\x0a").is_err());
    }

    #[test]
    fn one_instruction_stands_between_and_all_else_stays() {
        let module = |between: &str| {
            // More than 128 functions of more than 128 bytes: lengths of one byte and of two.
            let functions: String = (0..130)
                .map(|number| {
                    let nops = "nop ".repeat(number);
                    format!(
                        "(func (param i32) (result i64) {nops}
                          i64.const 1 i64.const 2 local.get 0 i32.eqz {between} select
                          i64.const 3 local.get 0 i32.const 0 i32.ne {between} select (result i64))"
                    )
                })
                .collect();
            parsed(&format!(
                "(module (import \"a\" \"b\" (func)) {functions} (memory 1) (data (i32.const 0) \"end\"))"
            ))
        };
        let (before, after) = (module(""), module("i32.const 0 i32.gt_u"));
        assert_eq!(set_apart(&before).unwrap(), after);
        // What is apart stays so.
        assert!(matches!(set_apart(&after), Ok(Cow::Borrowed(_))));
    }
}
