//! Modules with something wrong in them.

use rand_core::Rng;
use rand_pcg::Pcg64;

/// Bytes before the first section.
const HEAD: usize = 8;

/// Changes `wasm`: in half of all cases a byte or two, which may leave it a module; otherwise in
/// one to four ways of which most do not.
pub(crate) fn mutate(mut wasm: Vec<u8>, random: &mut Pcg64) -> Vec<u8> {
    if random.next_u32().is_multiple_of(2) {
        for _ in 0..=random.next_u32() % 2 {
            byte_changed(&mut wasm, random);
        }
        return wasm;
    }
    for _ in 0..=random.next_u32() % 4 {
        match random.next_u32() % 6 {
            0 => {
                let length = place(wasm.len(), random);
                wasm.truncate(length);
            }
            1 | 2 => shuffle(&mut wasm, random),
            3 => {
                let (at, byte) = (place(wasm.len(), random), byte(random));
                wasm.insert(at, byte);
            }
            4 if !wasm.is_empty() => {
                let at = place(wasm.len() - 1, random);
                wasm.remove(at);
            }
            _ => byte_changed(&mut wasm, random),
        }
    }
    wasm
}

/// Flips a bit, or puts in what lengths, indices and opcodes are made of.
fn byte_changed(wasm: &mut [u8], random: &mut Pcg64) {
    const ODD: [u8; 8] = [0, 1, 0x40, 0x7f, 0x80, 0x0b, 0xfc, 0xff];
    let Some(last) = wasm.len().checked_sub(1) else {
        return;
    };
    let at = place(last, random);
    let chosen = usize::from(byte(random) % 16);
    wasm[at] = match ODD.get(chosen) {
        Some(odd) => *odd,
        None => wasm[at] ^ (1 << (chosen % 8)),
    };
}

/// Moves one section, leaves it out, or has it twice.
fn shuffle(wasm: &mut Vec<u8>, random: &mut Pcg64) {
    let Some(mut sections) = sections(wasm) else {
        return;
    };
    if sections.is_empty() {
        return;
    }
    let section = sections.remove(place(sections.len() - 1, random));
    for _ in 0..random.next_u32() % 3 {
        sections.insert(place(sections.len(), random), section.clone());
    }
    wasm.truncate(HEAD);
    wasm.extend(sections.concat());
}

/// The sections, if these are sections still.
fn sections(wasm: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut rest = wasm.get(HEAD..)?;
    let mut sections = Vec::new();
    while !rest.is_empty() {
        let (length, prefix) = length(rest.get(1..)?)?;
        let (section, after) = rest.split_at_checked(1 + prefix + length)?;
        sections.push(section.to_vec());
        rest = after;
    }
    Some(sections)
}

/// A number in LEB128, and the bytes that it has.
fn length(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// 0 to `last`.
fn place(last: usize, random: &mut Pcg64) -> usize {
    random.next_u32() as usize % (last + 1)
}

fn byte(random: &mut Pcg64) -> u8 {
    let [byte, ..] = random.next_u32().to_le_bytes();
    byte
}
