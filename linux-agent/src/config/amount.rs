//! Amounts and times, as people write them. The value is exact or refused: there are no floats.

use std::time::Duration;

use edgerm_protocol::limits::MAX_ITEMS;
use edgerm_protocol::resource::Range;

/// What an amount should look like, told to whoever wrote it otherwise.
pub type Wanted = &'static str;

/// `2`, `0.25`, `250m`: cores, in thousandths.
///
/// # Errors
///
/// What to write instead.
pub fn cores(text: &str) -> Result<u64, Wanted> {
    const WANTED: Wanted =
        "write cores such as 2, 0.25 or 250m, at most three digits behind the point";
    if let Some(thousandths) = text.strip_suffix('m') {
        return whole(thousandths).ok_or(WANTED);
    }
    let (cores, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 {
        return Err(WANTED);
    }
    let thousandths = whole(&format!("{fraction:0<3}"));
    whole(cores)
        .and_then(|cores| cores.checked_mul(1000)?.checked_add(thousandths?))
        .ok_or(WANTED)
}

/// `65536`, `64KiB`, `512M`, `2GiB`, `1TiB`: bytes, or 1024 to the first, second, third or fourth.
///
/// # Errors
///
/// What to write instead.
pub fn bytes(text: &str) -> Result<u64, Wanted> {
    let (digits, unit) = split_unit(text);
    let size = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => Some(1),
        "k" | "ki" | "kib" => Some(1 << 10),
        "m" | "mi" | "mib" => Some(1 << 20),
        "g" | "gi" | "gib" => Some(1 << 30),
        "t" | "ti" | "tib" => Some(1 << 40),
        _ => None,
    };
    whole(digits)
        .and_then(|amount| amount.checked_mul(size?))
        .ok_or("write whole bytes such as 65536, 64KiB, 512MiB or 2GiB")
}

/// The same for what 32 bits hold.
pub(super) fn bytes_32(text: &str) -> Result<u32, Wanted> {
    u32::try_from(bytes(text)?).map_err(|_| "a task has less than 4GiB: write less")
}

/// `500ms`, `5s`, `2m`, `1h`: at most a year, so that no instant overflows by it.
///
/// # Errors
///
/// What to write instead.
pub fn duration(text: &str) -> Result<Duration, Wanted> {
    const YEAR: Duration = Duration::from_secs(365 * 86_400);
    const WANTED: Wanted = "write a time such as 500ms, 5s, 2m or 1h";
    let (digits, unit) = split_unit(text);
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(WANTED),
    };
    let total = whole(digits).and_then(|amount| amount.checked_mul(millis));
    let total = total.map(Duration::from_millis).ok_or(WANTED)?;
    if total <= YEAR {
        Ok(total)
    } else {
        Err("that is beyond a year: write less")
    }
}

/// Time between pings: 100 ms to an hour.
pub(super) fn ping_period(text: &str) -> Result<Duration, Wanted> {
    let period = duration(text)?;
    if (Duration::from_millis(100)..=Duration::from_secs(3600)).contains(&period) {
        Ok(period)
    } else {
        Err("write a time between 100ms and 1h")
    }
}

/// `8000-8999,9100`: ranges of ports in ascending order. An empty text has none.
pub(super) fn ports(text: &str) -> Result<Vec<Range>, Wanted> {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    let ranges = items.map(|item| {
        let (start, end) = item.split_once('-').unwrap_or((item, item));
        let (start, end) = (port(start)?, port(end)?);
        (start <= end).then_some(Range { start, end })
    });
    let mut ranges: Vec<Range> = ranges
        .collect::<Option<_>>()
        .ok_or("write ports and ranges of them, such as 8000-8999,9100")?;
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| pair[0].end >= pair[1].start) {
        return Err("these ranges overlap: write each port once");
    }
    const { assert!(MAX_ITEMS == 8) };
    if ranges.len() > MAX_ITEMS {
        return Err("these are more than 8 ranges: write fewer");
    }
    Ok(ranges)
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, Wanted> {
    text.parse().map_err(|_| "write true or false")
}

fn port(text: &str) -> Option<u16> {
    whole(text.trim()).and_then(|port| u16::try_from(port).ok())
}

/// Digits alone, unlike [`str::parse`], which also takes a sign.
fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn split_unit(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    (digits, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_exact() {
        for (text, thousandths) in [
            ("2", Some(2000)),
            ("0.25", Some(250)),
            ("1.5", Some(1500)),
            ("250m", Some(250)),
            ("0.0005", None),
            ("1.", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("m", None),
            ("", None),
            ("18446744073709551615", None),
        ] {
            assert_eq!(cores(text).ok(), thousandths, "{text:?}");
        }
    }

    #[test]
    fn bytes_have_binary_units() {
        for (text, amount) in [
            ("65536", Some(65_536)),
            ("64KiB", Some(65_536)),
            ("64 k", Some(65_536)),
            ("512MiB", Some(512 << 20)),
            ("2G", Some(2 << 30)),
            ("1TiB", Some(1 << 40)),
            ("10KB", None),
            ("1.5G", None),
            ("-1", None),
            ("MiB", None),
            ("18446744073709551615k", None),
        ] {
            assert_eq!(bytes(text).ok(), amount, "{text:?}");
        }
        assert_eq!(bytes_32("4294967295").ok(), Some(u32::MAX));
        assert_eq!(bytes_32("4GiB").ok(), None);
    }

    #[test]
    fn times_have_a_unit() {
        for (text, millis) in [
            ("500ms", Some(500)),
            ("5s", Some(5_000)),
            ("2m", Some(120_000)),
            ("1h", Some(3_600_000)),
            ("5", None),
            ("s", None),
            ("8760h", Some(365 * 86_400_000)),
            ("8761h", None),
            ("18446744073709551615h", None),
        ] {
            assert_eq!(
                duration(text).ok(),
                millis.map(Duration::from_millis),
                "{text:?}"
            );
        }
        assert!(ping_period("99ms").is_err() && ping_period("100ms").is_ok());
        assert!(ping_period("1h").is_ok() && ping_period("61m").is_err());
    }

    #[test]
    fn ports_are_ranges_in_order() {
        let range = |start, end| Range { start, end };
        assert_eq!(
            ports("9100, 8000-8999").unwrap(),
            [range(8000, 8999), range(9100, 9100)]
        );
        assert_eq!(ports("").unwrap(), []);
        for text in [
            "1-2-3",
            "2-1",
            "65536",
            "http",
            "1-5,5-9",
            "-",
            "1,2,3,4,5,6,7,8,9",
        ] {
            assert!(ports(text).is_err(), "{text:?}");
        }
    }
}
