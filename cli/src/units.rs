//! Amounts and times, as people write and read them. No floats: what is asked for is exact.

use std::time::Duration;

/// Bytes: `512 B`, `64 KiB`, `1.5 MiB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let (mut unit, mut size) = ("B", 1);
    for larger in units {
        if bytes / size < 1024 {
            break;
        }
        (unit, size) = (larger, size * 1024);
    }
    let tenths = (bytes % size) * 10 / size;
    match tenths {
        0 => format!("{} {unit}", bytes / size),
        _ => format!("{}.{tenths} {unit}", bytes / size),
    }
}

/// Thousandths of a core, in cores: `0.25`, `4`.
pub(crate) fn cores(thousandths: u64) -> String {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    match rest {
        0 => whole.to_string(),
        _ => format!("{whole}.{rest:03}")
            .trim_end_matches('0')
            .to_owned(),
    }
}

/// A time that has passed, in one unit: `340ms`, `12s`, `5m`, `3h`, `2d`.
pub(crate) fn age(millis: u64) -> String {
    match millis / 1000 {
        0 => format!("{millis}ms"),
        seconds @ 1..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86_400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// A short time, from microseconds: `12.3 ms`.
pub(crate) fn micros(micros: u128) -> String {
    format!("{}.{} ms", micros / 1000, micros % 1000 / 100)
}

/// `65536`, `64K`, `64KiB`, `1M`, `2GiB`: bytes, or 1024 to the first, second or third.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, String> {
    let (digits, unit) = split_unit(text);
    let size = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "ki" | "kib" => 1 << 10,
        "m" | "mi" | "mib" => 1 << 20,
        "g" | "gi" | "gib" => 1 << 30,
        _ => return Err("write bytes, or an amount such as 64KiB, 1MiB, 2GiB".into()),
    };
    let amount: u64 = digits
        .parse()
        .map_err(|_| "write a whole number of bytes, such as 65536 or 64KiB".to_owned())?;
    amount
        .checked_mul(size)
        .ok_or_else(|| "that is beyond 2^64 bytes".to_owned())
}

/// `2`, `0.25`, `250m`: cores, in thousandths.
pub(crate) fn parse_cores(text: &str) -> Result<u64, String> {
    let wrong =
        || "write cores, such as 2, 0.25 or 250m, at most three digits behind the point".to_owned();
    if let Some(thousandths) = text.strip_suffix('m') {
        return thousandths.parse().map_err(|_| wrong());
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let fraction: u64 = format!("{fraction:0<3}").parse().map_err(|_| wrong())?;
    whole
        .checked_mul(1000)
        .and_then(|thousandths| thousandths.checked_add(fraction))
        .ok_or_else(wrong)
}

/// `500ms`, `30s`, `2m`, `1h`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 500ms, 30s, 2m or 1h".to_owned();
    let (digits, unit) = split_unit(text);
    let amount: u64 = digits.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    // A year is for ever, and no instant overflows by it.
    const YEAR: u64 = 365 * 86_400_000;
    match amount.checked_mul(millis) {
        Some(total) if total <= YEAR => Ok(Duration::from_millis(total)),
        Some(_) | None => Err("that is beyond a year".into()),
    }
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_told() {
        assert_eq!(
            ["0 B", "1023 B", "64 KiB", "1.5 MiB", "16 GiB"].map(str::to_owned),
            [
                bytes(0),
                bytes(1023),
                bytes(65_536),
                bytes(3 << 19),
                bytes(16 << 30),
            ]
        );
        assert_eq!(
            ["0", "0.25", "1.5", "4", "0.001"].map(str::to_owned),
            [cores(0), cores(250), cores(1500), cores(4000), cores(1),]
        );
        assert_eq!(
            ["0ms", "999ms", "1s", "59s", "1m", "2h", "3d"].map(str::to_owned),
            [
                age(0),
                age(999),
                age(1_000),
                age(59_999),
                age(60_000),
                age(7_200_000),
                age(3 * 86_400_000),
            ]
        );
        assert_eq!(micros(12_345), "12.3 ms");
    }

    #[test]
    fn amounts_are_read() {
        let sizes = [
            ("65536", Some(65_536)),
            ("64KiB", Some(65_536)),
            ("64k", Some(65_536)),
            ("1 MiB", Some(1 << 20)),
            ("1.5M", None),
            ("-1", None),
            ("", None),
            ("10KB", None),
            ("18446744073709551615G", None),
        ];
        for (text, expected) in sizes {
            assert_eq!(parse_bytes(text).ok(), expected, "{text:?}");
        }
        let cores = [
            ("2", Some(2000)),
            ("0.25", Some(250)),
            ("250m", Some(250)),
            ("0.5", Some(500)),
            ("1.0005", None),
            ("1.", None),
            (".5", None),
            ("0.+5", None),
            ("m", None),
            ("18446744073709551615", None),
        ];
        for (text, expected) in cores {
            assert_eq!(parse_cores(text).ok(), expected, "{text:?}");
        }
        let times = [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("30", None),
            ("s", None),
            ("9999h", None),
        ];
        for (text, expected) in times {
            assert_eq!(
                parse_duration(text).ok(),
                expected.map(Duration::from_millis),
                "{text:?}"
            );
        }
    }
}
