//! Attributes of the kernel's device classes: small files of one number or text each.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use edgerm_protocol::limits::MAX_NAME;

use super::DeviceError;
use super::decimal::Decimal;

/// Bytes of an attribute that are read: no number or name of the kernel's is longer.
const MAX_ATTRIBUTE: u64 = 64;

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 4096;

/// The number in an attribute.
pub(super) fn read_number(path: &Path) -> Result<Decimal, DeviceError> {
    Decimal::parse(read(path)?.trim())
}

/// A label for a channel of a chip: what the first attribute of each that can be read says,
/// else the name of the chip's folder and `channel`, in `a-z0-9-`.
pub(super) fn label(chip: &Path, names: &[&str], channel: &str, labels: &[&str]) -> String {
    let says = |attributes: &[&str]| {
        let mut texts = attributes
            .iter()
            .map(|attribute| read(&chip.join(attribute)));
        texts.find_map(|text| word(&text.ok()?))
    };
    let folder = || word(&chip.file_name()?.to_string_lossy());
    let chip = says(names).or_else(folder);
    let channel = says(labels).or_else(|| word(channel));
    let words: Vec<String> = [chip, channel].into_iter().flatten().collect();
    let label = words.join("-");
    label[..label.len().min(MAX_NAME)]
        .trim_end_matches('-')
        .to_owned()
}

/// `text` in lower case, with a `-` for whatever else there is between letters and digits.
fn word(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let runs = text.split(|character: char| !character.is_ascii_alphanumeric());
    let runs: Vec<&str> = runs.filter(|run| !run.is_empty()).collect();
    (!runs.is_empty()).then(|| runs.join("-"))
}

/// The text of an attribute.
///
/// Opens regular files alone: anything else, such as a pipe, could wait for ever.
fn read(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "this is no regular file",
        ));
    }
    let mut text = String::new();
    File::open(path)?
        .take(MAX_ATTRIBUTE)
        .read_to_string(&mut text)?;
    Ok(text)
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
    fn labels_are_of_chip_and_channel() {
        let folder = tempfile::tempdir().unwrap();
        let chip = folder.path().join("iio:device0");
        fs::create_dir(&chip).unwrap();
        let label = |channel| label(&chip, &["label", "name"], channel, &["in_label"]);
        assert_eq!(label("accel_x"), "iio-device0-accel-x");
        fs::write(chip.join("name"), "BME280\n").unwrap();
        assert_eq!(label("temp1"), "bme280-temp1");
        fs::write(chip.join("in_label"), " Package id 0 (°C)\n").unwrap();
        assert_eq!(label("temp1"), "bme280-package-id-0-c");
        fs::write(chip.join("label"), b"\0\xff").unwrap();
        fs::write(chip.join("in_label"), "?!\n").unwrap();
        assert_eq!(
            label("temp1"),
            "bme280-temp1",
            "what says nothing is passed over"
        );
        fs::write(chip.join("label"), "a".repeat(31)).unwrap();
        assert_eq!(
            label("temp1"),
            "a".repeat(31),
            "32 bytes, and no dash at the end"
        );
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
