//! For tests: every nonce that anything in this process was encrypted with, and its key.

extern crate std;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::ccm::{KEY, NONCE};

static SEALED: Mutex<Option<Seals>> = Mutex::new(None);

/// What was encrypted while an audit ran.
#[derive(Clone, Debug, Default)]
pub struct Seals {
    pairs: HashSet<([u8; KEY], [u8; NONCE])>,
    keys: HashSet<[u8; KEY]>,
    repeated: usize,
}

impl Seals {
    /// Messages that were encrypted.
    pub fn messages(&self) -> usize {
        self.pairs.len() + self.repeated
    }

    /// Different keys that they were encrypted with.
    pub fn keys(&self) -> usize {
        self.keys.len()
    }

    /// How often a key met a nonce that it had met before: never, or the plaintexts are lost.
    pub const fn repeated(&self) -> usize {
        self.repeated
    }
}

/// Begins to watch all that this process encrypts.
pub fn begin() {
    *SEALED.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seals::default());
}

/// What was encrypted since [`begin`], so far.
pub fn seals() -> Seals {
    let sealed = SEALED.lock().unwrap_or_else(PoisonError::into_inner);
    sealed.clone().unwrap_or_default()
}

/// A message is encrypted.
pub(super) fn record(key: &[u8; KEY], nonce: &[u8; NONCE]) {
    let mut sealed = SEALED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(seals) = sealed.as_mut() {
        seals.keys.insert(*key);
        seals.repeated += usize::from(!seals.pairs.insert((*key, *nonce)));
    }
}
