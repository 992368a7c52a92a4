//! Parts of lists.

use std::fmt;

use edgerm_protocol::api::{DEFAULT_PAGE, MAX_PAGE, Page};

use crate::refusal::Refuse;

/// Which part of a list is wanted: `limit` members, those after the id `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging<K> {
    /// The last id of the part before; `None` for the first part.
    pub after: Option<K>,
    /// Members at most.
    pub limit: usize,
}

impl<K> Default for Paging<K> {
    fn default() -> Self {
        Self {
            after: None,
            limit: DEFAULT_PAGE,
        }
    }
}

/// A `limit` that is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitOutOfRange(pub usize);

impl fmt::Display for LimitOutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {} is not within 1 to {MAX_PAGE}", self.0)
    }
}

impl std::error::Error for LimitOutOfRange {}

impl Refuse for LimitOutOfRange {
    fn status(&self) -> u16 {
        400
    }

    fn code(&self) -> &'static str {
        "outOfRange"
    }

    fn field(&self) -> Option<String> {
        Some("limit".to_owned())
    }
}

impl<K: fmt::Display> Paging<K> {
    /// Cuts the part out of `rest`, which begins after `after`.
    pub(crate) fn cut<R, T>(
        &self,
        rest: impl Iterator<Item = R>,
        id: impl Fn(&R) -> K,
        view: impl Fn(R) -> T,
    ) -> Page<T> {
        let mut rest = rest.peekable();
        let mut items = Vec::new();
        let mut last = None;
        for record in rest.by_ref().take(self.limit.clamp(1, MAX_PAGE)) {
            last = Some(id(&record));
            items.push(view(record));
        }
        let next = rest.peek().and(last).map(|last| last.to_string());
        Page { items, next }
    }
}
