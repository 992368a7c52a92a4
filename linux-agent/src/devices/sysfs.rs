//! Attributes of the kernel's device classes: small files of one number each.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use super::DeviceError;
use super::decimal::Decimal;

/// Bytes of an attribute that are read: no number of the kernel's is longer.
const MAX_ATTRIBUTE: u64 = 64;

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 4096;

/// The number in an attribute.
///
/// Opens regular files alone: anything else, such as a pipe, could wait for ever.
pub(super) fn read_number(path: &Path) -> Result<Decimal, DeviceError> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "this is no regular file").into());
    }
    let mut text = String::new();
    File::open(path)?
        .take(MAX_ATTRIBUTE)
        .read_to_string(&mut text)?;
    Decimal::parse(text.trim())
}

/// The names in a folder in the order of their numbers: `temp2_input` before `temp10_input`.
/// A folder that is not there has none.
pub(super) fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .take(MAX_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort_by(|a, b| order(a).cmp(&order(b)));
    names
}

/// A name cut at its first number: `temp10_input` is `temp`, 10, `_input`.
pub(super) fn split_number(name: &str) -> (&str, Option<u64>, &str) {
    let start = name
        .find(|character: char| character.is_ascii_digit())
        .unwrap_or(name.len());
    let (head, rest) = name.split_at(start);
    let end = rest
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(rest.len());
    let (digits, tail) = rest.split_at(end);
    (head, digits.parse().ok(), tail)
}

/// Where a name stands among others; the name itself last, so that none are equal.
fn order(name: &str) -> (&str, Option<u64>, &str, &str) {
    let (head, number, tail) = split_number(name);
    (head, number, tail, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["hwmon10", "hwmon2", "hwmon", "abc"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["abc", "hwmon", "hwmon2", "hwmon10"];
        assert_eq!(entries(folder.path()), expected);
        assert!(entries(&folder.path().join("nothing")).is_empty());
    }

    #[test]
    fn odd_attributes_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("attribute");
        for text in [
            &b"warm\n"[..],
            b"",
            b"\xff\xfe",
            b"1 2",
            b"12\0",
            &[b'9'; 100_000],
        ] {
            fs::write(&path, text).unwrap();
            assert!(read_number(&path).is_err(), "{text:?}");
        }
        fs::write(&path, " -21500\n").unwrap();
        assert_eq!(read_number(&path).unwrap(), Decimal::new(-21_500, 0));
        assert!(read_number(folder.path()).is_err(), "a folder");
        assert!(read_number(Path::new("/dev/zero")).is_err());
        assert!(read_number(&folder.path().join("nothing")).is_err());
    }
}
