//! Amounts and times, as people read them.

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

/// A short time to three digits and more, from microseconds: `87 us`, `4.312 ms`, `12.3 s`.
pub(crate) fn precise(micros: u128) -> String {
    match micros {
        0..1000 => format!("{micros} us"),
        1000..10_000_000 => format!("{}.{:03} ms", micros / 1000, micros % 1000),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
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
        assert_eq!(
            ["999 us", "4.312 ms", "12.3 s"].map(str::to_owned),
            [precise(999), precise(4_312), precise(12_345_678)]
        );
    }
}
