//! Byte strings of CBOR, of up to 255 bytes.

const MAJOR: u8 = 0x40;
const IN_HEAD: u8 = 24;
const ONE_BYTE: u8 = 0x58;

/// What stands before the bytes of a byte string.
pub(crate) struct Head {
    bytes: [u8; 2],
    length: usize,
}

impl Head {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or(&[])
    }
}

/// The head of a byte string of this length, in its shortest form.
pub(crate) const fn head(length: u8) -> Head {
    if length < IN_HEAD {
        Head {
            bytes: [MAJOR | length, 0],
            length: 1,
        }
    } else {
        Head {
            bytes: [ONE_BYTE, length],
            length: 2,
        }
    }
}

/// What is in a byte string whose head is in its shortest form; `None` where that is not all
/// that there is.
pub(crate) fn unwrap(encoded: &[u8]) -> Option<&[u8]> {
    let (length, bytes) = match encoded {
        [ONE_BYTE, length, bytes @ ..] if *length >= IN_HEAD => (*length, bytes),
        [head, bytes @ ..] if *head & !0x1f == MAJOR && *head & 0x1f < IN_HEAD => {
            (*head & 0x1f, bytes)
        }
        _ => return None,
    };
    (bytes.len() == usize::from(length)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn what_is_wrapped_is_unwrapped() {
        for length in [0, 1, 23, 24, 255] {
            let bytes: Vec<u8> = (0..length).collect();
            let wrapped = [head(length).as_bytes(), &bytes].concat();
            assert_eq!(unwrap(&wrapped), Some(&bytes[..]));
            assert_eq!(unwrap(&[&wrapped[..], &[0]].concat()), None);
            assert_eq!(unwrap(&wrapped[..wrapped.len() - 1]), None);
        }
        for other in [&[][..], &[0x58, 1, 7], &[0x18, 24], &[0x5f], &[0x61, 7]] {
            assert_eq!(unwrap(other), None, "{other:?}");
        }
    }
}
