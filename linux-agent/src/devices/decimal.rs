//! Decimal texts, as the kernel and people write them, into millionths: exactly, without floats.

use super::DeviceError;

/// Digits behind the point that count: the kernel gives at most 12 (IIO's picometres).
const MAX_PLACES: usize = 12;

/// Places of a millionth.
const MICRO_PLACES: u32 = 6;

/// The number `mantissa / 10^places`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    mantissa: i128,
    places: u32,
}

impl Decimal {
    pub(super) const ZERO: Self = Self::new(0, 0);
    pub(super) const ONE: Self = Self::new(1, 0);
    pub(super) const MILLI: Self = Self::new(1, 3);
    pub(super) const MICRO: Self = Self::new(1, MICRO_PLACES);

    /// `mantissa / 10^places`.
    pub(super) const fn new(mantissa: i128, places: u32) -> Self {
        Self { mantissa, places }
    }

    /// A decimal number such as `-21.5`. Digits beyond the twelfth place are cut.
    pub(super) fn parse(text: &str) -> Result<Self, DeviceError> {
        let not_a_number = || DeviceError::NotANumber(text.to_owned());
        let (sign, digits) = match text.strip_prefix('-') {
            Some(digits) => (-1, digits),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(not_a_number());
        }
        let kept = &fraction[..fraction.len().min(MAX_PLACES)];
        let magnitude: i128 = format!("{whole}{kept}")
            .parse()
            .map_err(|_| DeviceError::OutOfRange(text.to_owned()))?;
        let places = u32::try_from(kept.len()).map_err(|_| not_a_number())?;
        Ok(Self::new(sign * magnitude, places))
    }

    /// The sum, or `None` where it has too many digits.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let places = self.places.max(other.places);
        let sum = self
            .mantissa_at(places)?
            .checked_add(other.mantissa_at(places)?)?;
        Some(Self::new(sum, places))
    }

    /// The product, or `None` where it has too many digits.
    pub(super) fn times(self, other: Self) -> Option<Self> {
        let product = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self::new(product, self.places + other.places))
    }

    /// The number in millionths, of which parts are cut, or `None` where 64 bits do not hold it.
    pub(super) fn millionths(self) -> Option<i64> {
        let millionths = if self.places > MICRO_PLACES {
            // A power that 128 bits do not hold is larger than any mantissa.
            match 10_i128.checked_pow(self.places - MICRO_PLACES) {
                Some(divisor) => self.mantissa / divisor,
                None => 0,
            }
        } else {
            self.mantissa_at(MICRO_PLACES)?
        };
        i64::try_from(millionths).ok()
    }

    /// The mantissa that the number has at `places`, which are not fewer than its own.
    fn mantissa_at(self, places: u32) -> Option<i128> {
        let factor = 10_i128.checked_pow(places - self.places)?;
        self.mantissa.checked_mul(factor)
    }
}

/// A decimal number such as `-21.5` in millionths. Digits beyond the sixth are cut.
pub(crate) fn parse_micro(text: &str) -> Result<i64, DeviceError> {
    let out_of_range = || DeviceError::OutOfRange(text.to_owned());
    Decimal::parse(text)?.millionths().ok_or_else(out_of_range)
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
            ("0.0000000000001", 0),
            ("9223372036854", 9_223_372_036_854_000_000),
            ("-9223372036854.775808", i64::MIN),
        ];
        for (text, micro) in cases {
            assert_eq!(parse_micro(text).unwrap(), micro, "{text}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in [
            "", "-", ".", "1e3", "0x10", "1.2.3", "NaN", " 1", "--1", "٣",
        ] {
            assert!(
                matches!(parse_micro(text), Err(DeviceError::NotANumber(_))),
                "{text:?}"
            );
        }
        let endless = "9".repeat(60);
        for text in ["9223372036855", "9223372036854.775808", &endless] {
            assert!(
                matches!(parse_micro(text), Err(DeviceError::OutOfRange(_))),
                "{text:?}"
            );
        }
    }

    #[test]
    fn sums_and_products_are_exact() {
        let decimal = |text| Decimal::parse(text).unwrap();
        // A BME280's temperature and an accelerometer's axis, as IIO gives them.
        let scaled = decimal("-1063")
            .plus(decimal("0.5"))
            .and_then(|sum| sum.times(decimal("0.009576807")));
        assert_eq!(scaled.and_then(Decimal::millionths), Some(-10_175_357));
        assert_eq!(decimal("0.1").plus(decimal("0.2")).unwrap(), decimal("0.3"));
    }

    #[test]
    fn too_many_digits_are_no_number_rather_than_a_wrong_one() {
        let huge = Decimal::new(i128::MAX, 0);
        assert_eq!(huge.plus(Decimal::ONE), None);
        assert_eq!(huge.times(Decimal::new(2, 0)), None);
        assert_eq!(huge.plus(Decimal::MICRO), None);
        assert_eq!(huge.millionths(), None);
        let tiny = Decimal::new(i128::MAX, 200);
        assert_eq!(tiny.millionths(), Some(0));
        assert_eq!(Decimal::ZERO.millionths(), Some(0));
    }
}
