//! A task's key-value store: in the heap, for as long as the task runs.

use alloc::vec::Vec;

use edgerm_task_abi::ErrorCode;

/// Bytes that a key and its value take besides themselves: their lengths.
const HEAD: usize = 3;

/// Keys and values one behind another, each as the key's length in one byte, the value's in two
/// (the lower first), the key, the value.
#[derive(Debug, Default)]
pub(crate) struct Values(Vec<u8>);

impl Values {
    /// The value under `key`.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        let entry = self.entries().find(|entry| entry.key == key.as_bytes())?;
        Some(entry.value)
    }

    /// Keeps `value` under `key`, or removes the key where it is empty. All keys and values
    /// together, with a few bytes each, have at most `capacity` bytes.
    pub(crate) fn set(
        &mut self,
        key: &str,
        value: &[u8],
        capacity: usize,
    ) -> Result<(), ErrorCode> {
        let key = key.as_bytes();
        let old = self.entries().find(|entry| entry.key == key);
        let (start, end) = old.map_or((0, 0), |entry| (entry.start, entry.end));
        if value.is_empty() {
            self.0.drain(start..end);
            return Ok(());
        }
        let length = HEAD + key.len() + value.len();
        if self.0.len() - (end - start) + length > capacity {
            return Err(ErrorCode::TooMany);
        }
        let key_length = u8::try_from(key.len()).map_err(|_| ErrorCode::TooLong)?;
        let value_length = u16::try_from(value.len()).map_err(|_| ErrorCode::TooLong)?;
        self.0.drain(start..end);
        self.0.reserve_exact(length);
        self.0.push(key_length);
        self.0.extend_from_slice(&value_length.to_le_bytes());
        self.0.extend_from_slice(key);
        self.0.extend_from_slice(value);
        Ok(())
    }

    fn entries(&self) -> Entries<'_> {
        Entries {
            bytes: &self.0,
            at: 0,
        }
    }
}

struct Entry<'a> {
    key: &'a [u8],
    value: &'a [u8],
    start: usize,
    end: usize,
}

struct Entries<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let start = self.at;
        let (&[key, low, high], rest) = self.bytes.get(start..)?.split_first_chunk::<HEAD>()?;
        let (key, rest) = rest.split_at_checked(key.into())?;
        let value = rest.get(..u16::from_le_bytes([low, high]).into())?;
        self.at = start + HEAD + key.len() + value.len();
        Some(Entry {
            key,
            value,
            start,
            end: self.at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: usize = 16;

    #[test]
    fn values_are_kept_replaced_and_removed() {
        let mut values = Values::default();
        // What is set, whether it fits, and what is under the keys `a` and `b` then.
        type Case = (
            &'static str,
            &'static [u8],
            Result<(), ErrorCode>,
            Option<&'static [u8]>,
            Option<&'static [u8]>,
        );
        let cases: [Case; 8] = [
            ("a", b"1", Ok(()), Some(b"1"), None),
            ("b", b"22", Ok(()), Some(b"1"), Some(b"22")),
            ("a", b"333", Ok(()), Some(b"333"), Some(b"22")),
            // 7 + 9 bytes are all there is.
            ("b", b"55555", Ok(()), Some(b"333"), Some(b"55555")),
            (
                "b",
                b"666666",
                Err(ErrorCode::TooMany),
                Some(b"333"),
                Some(b"55555"),
            ),
            (
                "c",
                b"7",
                Err(ErrorCode::TooMany),
                Some(b"333"),
                Some(b"55555"),
            ),
            ("a", b"", Ok(()), None, Some(b"55555")),
            ("a", b"", Ok(()), None, Some(b"55555")),
        ];
        for (key, value, result, a, b) in cases {
            assert_eq!(values.set(key, value, CAPACITY), result, "{key} {value:?}");
            assert_eq!(
                (values.get("a"), values.get("b")),
                (a, b),
                "{key} {value:?}"
            );
        }
        assert_eq!(values.set("b", b"", CAPACITY), Ok(()));
        assert!(values.0.is_empty());
    }
}
