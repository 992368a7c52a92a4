//! Numbers as text and back, in a module of few bytes.

use edgerm_task_abi::ErrorCode;

const MILLION: u64 = 1_000_000;

/// What the whole part of a decimal may be at most, so that its millionths fit 64 bits.
const MAX_WHOLE: u64 = i64::MAX as u64 / MILLION - 1;

/// A line of at most `N` bytes. What does not fit is cut.
#[derive(Debug)]
pub struct Line<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Line<N> {
    /// An empty line.
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
        }
    }

    /// Appends text.
    pub fn push(&mut self, text: &str) {
        for byte in text.bytes() {
            self.push_byte(byte);
        }
    }

    /// Appends a number.
    pub fn push_number(&mut self, number: i64) {
        self.push_sign(number);
        self.push_digits(number.unsigned_abs(), 1);
    }

    /// Appends millionths as a decimal, without zeros at its end: 21,500,000 is `21.5`.
    pub fn push_millionths(&mut self, millionths: i64) {
        self.push_sign(millionths);
        let magnitude = millionths.unsigned_abs();
        self.push_digits(magnitude / MILLION, 1);
        let mut fraction = magnitude % MILLION;
        if fraction == 0 {
            return;
        }
        let mut digits = 6;
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            digits -= 1;
        }
        self.push_byte(b'.');
        self.push_digits(fraction, digits);
    }

    /// What the line holds.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn push_byte(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn push_sign(&mut self, number: i64) {
        if number < 0 {
            self.push_byte(b'-');
        }
    }

    /// Appends at least `least` digits.
    fn push_digits(&mut self, number: u64, least: u32) {
        let mut place = 1;
        let mut digits = 1;
        while digits < least || number / place >= 10 {
            place *= 10;
            digits += 1;
        }
        while place > 0 {
            let [digit, ..] = (number / place % 10).to_le_bytes();
            self.push_byte(b'0' + digit);
            place /= 10;
        }
    }
}

impl<const N: usize> Default for Line<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// A number in decimal digits.
///
/// # Errors
///
/// [`ErrorCode::InvalidArgument`] where it is none, or beyond 4,294,967,295.
pub fn parse_number(text: &str) -> Result<u32, ErrorCode> {
    let (number, rest) = digits(text.as_bytes());
    match rest {
        [] if !text.is_empty() => number
            .and_then(|number| u32::try_from(number).ok())
            .ok_or(ErrorCode::InvalidArgument),
        _ => Err(ErrorCode::InvalidArgument),
    }
}

/// A decimal in millionths: `21.5` is 21,500,000.
///
/// # Errors
///
/// [`ErrorCode::InvalidArgument`] where it is none, has more than six digits after its point, or
/// is beyond 9,223,372,036,853 on either side of 0.
pub fn parse_millionths(text: &str) -> Result<i64, ErrorCode> {
    decimal(text.as_bytes()).ok_or(ErrorCode::InvalidArgument)
}

fn decimal(text: &[u8]) -> Option<i64> {
    let (sign, magnitude) = match text {
        [b'-', magnitude @ ..] => (-1, magnitude),
        magnitude => (1, magnitude),
    };
    let (whole, rest) = digits(magnitude);
    if rest.len() == magnitude.len() {
        return None;
    }
    let mut fraction = 0;
    if let [b'.', places @ ..] = rest {
        let (value, rest) = digits(places);
        if !rest.is_empty() || places.is_empty() || places.len() > 6 {
            return None;
        }
        fraction = value?;
        for _ in places.len()..6 {
            fraction *= 10;
        }
    } else if !rest.is_empty() {
        return None;
    }
    let whole = whole?;
    if whole > MAX_WHOLE {
        return None;
    }
    Some(i64::try_from(whole * MILLION + fraction).ok()? * sign)
}

/// The number that `text` begins with, unless it has more than 18 digits, and what follows.
///
/// 18 digits fit 64 bits whatever they are: to check each step for overflow would need
/// multiplication in 128 bits.
fn digits(text: &[u8]) -> (Option<u64>, &[u8]) {
    let mut number = 0_u64;
    let mut rest = text;
    while let [digit @ b'0'..=b'9', after @ ..] = rest {
        number = number
            .wrapping_mul(10)
            .wrapping_add(u64::from(digit - b'0'));
        rest = after;
    }
    let count = text.len() - rest.len();
    ((count <= 18).then_some(number), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn millionths_are_written_and_read_alike() {
        for (millionths, text) in [
            (0, "0"),
            (21_500_000, "21.5"),
            (-250_000, "-0.25"),
            (7_000_000, "7"),
            (1, "0.000001"),
            (-1_000_010, "-1.00001"),
            (9_223_372_036_853_999_999, "9223372036853.999999"),
        ] {
            let mut line = Line::<32>::new();
            line.push_millionths(millionths);
            assert_eq!(line.as_bytes(), text.as_bytes());
            assert_eq!(parse_millionths(text), Ok(millionths));
        }
        for (millionths, text) in [
            (i64::MAX, "9223372036854.775807"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            let mut line = Line::<32>::new();
            line.push_millionths(millionths);
            assert_eq!(line.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn numbers_are_written_and_read_alike() {
        for (number, text) in [(0, "0"), (10, "10"), (4_294_967_295, "4294967295")] {
            let mut line = Line::<16>::new();
            line.push_number(number);
            assert_eq!(line.as_bytes(), text.as_bytes());
            assert_eq!(parse_number(text).map(i64::from), Ok(number));
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            ".",
            ".5",
            "1.",
            "1.2.3",
            "1,5",
            " 1",
            "+1",
            "1e3",
            "1.0000000",
        ] {
            assert_eq!(
                parse_millionths(text),
                Err(ErrorCode::InvalidArgument),
                "{text}"
            );
        }
        for text in ["9223372036854", "99999999999999999999999"] {
            assert_eq!(
                parse_millionths(text),
                Err(ErrorCode::InvalidArgument),
                "{text}"
            );
        }
        for text in ["", "-1", "1.5", "4294967296", "1 "] {
            assert_eq!(
                parse_number(text),
                Err(ErrorCode::InvalidArgument),
                "{text}"
            );
        }
    }

    #[test]
    fn a_line_is_cut_where_it_is_full() {
        let mut line = Line::<4>::new();
        line.push("tem");
        line.push_number(-215);
        assert_eq!(line.as_bytes(), b"tem-");
    }
}
