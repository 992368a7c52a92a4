//! Decimal texts, as the kernel writes them, into millionths: exactly, without floats.

use super::DeviceError;

/// Digits behind the point that count.
const PLACES: usize = 6;

/// A decimal number such as `-21.5` in millionths. Digits beyond the sixth are cut.
pub(super) fn parse_micro(text: &str) -> Result<i64, DeviceError> {
    let not_a_number = || DeviceError::NotANumber(text.to_owned());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
        return Err(not_a_number());
    }
    let kept = &fraction[..fraction.len().min(PLACES)];
    let scaled = format!("{whole}{kept:0<PLACES$}");
    let magnitude: i64 = scaled
        .parse()
        .map_err(|_| DeviceError::OutOfRange(text.to_owned()))?;
    Ok(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        let cases = [
            ("21.5", 21_500_000),
            ("-0.25", -250_000),
            (".5", 500_000),
            ("3.", 3_000_000),
            ("+7", 7_000_000),
            ("0.1234567", 123_456),
            ("9223372036854", 9_223_372_036_854_000_000),
        ];
        for (text, micro) in cases {
            assert_eq!(parse_micro(text).unwrap(), micro, "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1e3", "0x10", "1.2.3", "NaN", " 1", "--1"] {
            assert!(
                matches!(parse_micro(text), Err(DeviceError::NotANumber(_))),
                "{text:?}"
            );
        }
        assert!(matches!(
            parse_micro("9223372036855"),
            Err(DeviceError::OutOfRange(_))
        ));
    }
}
