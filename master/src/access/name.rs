//! Names that stand in the paths of the API.

use edgerm_protocol::codec::TextError;
use edgerm_protocol::resource::Name;

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is too long, empty, or has characters that no name has.
    #[error("the name is {0}")]
    Text(TextError),
    /// It has other characters.
    #[error(
        "the name {0:?} may have letters, digits, '-', '_' and '.' alone, and begins with no '.'"
    )]
    Characters(String),
}

/// Whether `name` may be given: 1 to 32 letters, digits, `-`, `_` and `.`, which comes not first,
/// since clients tidy `..` out of a path.
pub(super) fn check(name: &str) -> Result<(), NameError> {
    Name::new(name).map_err(NameError::Text)?;
    let stands_in_paths = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !name.bytes().all(stands_in_paths) || name.starts_with('.') {
        return Err(NameError::Characters(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_a_path() {
        for name in ["a", "Pump-3_b.2", &"n".repeat(32)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in [
            "",
            "a/b",
            "..",
            ".a",
            "a b",
            "a%2f",
            "\u{e9}",
            &"n".repeat(33),
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }
}
