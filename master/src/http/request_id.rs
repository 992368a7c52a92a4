//! The id of a call, by which its way is found again: in its answer, in the log, and in the tasks
//! that it launched.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use warp::http::{HeaderMap, HeaderName, HeaderValue};

/// The header that bears it.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bytes of one that a caller chose, at most.
const MAX: usize = 64;

/// The one that the caller chose where it may be taken, else a new one.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let chosen = headers.get(REQUEST_ID);
    let chosen = chosen.filter(|id| is_sane(id.as_bytes())).cloned();
    // Digits are always a header's value.
    chosen.unwrap_or_else(|| HeaderValue::try_from(draw()).unwrap_or(HeaderValue::from_static("0")))
}

/// The text of one that was made here, or was found sane.
pub(super) fn text(id: &HeaderValue) -> &str {
    id.to_str().unwrap_or_default()
}

/// A new one: 16 hexadecimal digits that nobody has guessed.
pub(super) fn draw() -> String {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let drawn = DRAWN.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", KEYS.hash_one(drawn))
}

/// Whether it can stand in a log and in a search for it as it is.
fn is_sane(id: &[u8]) -> bool {
    let may_be = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=MAX).contains(&id.len()) && id.iter().all(may_be)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(chosen: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(chosen).unwrap());
        text(&of(&headers)) == chosen
    }

    #[test]
    fn a_sane_id_is_taken_and_any_other_replaced() {
        assert!(taken("a") && taken("deploy-7.2_b") && taken(&"x".repeat(64)));
        for odd in ["", "a b", "a\"b", "a/b", "a=b", &"x".repeat(65)] {
            assert!(!taken(odd), "{odd:?}");
        }
        let drawn = of(&HeaderMap::new());
        assert_eq!(text(&drawn).len(), 16);
        assert_ne!(of(&HeaderMap::new()), drawn);
    }
}
