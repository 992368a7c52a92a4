//! Tokens with which agents enrol themselves.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use edgerm_coap::oscore::{JOIN_NONCE, JoinToken};
use edgerm_protocol::Instant;
use edgerm_protocol::api::{self, IssuedJoinToken, NewJoinToken};
use edgerm_protocol::resource::Name;

use super::{Enrolled, JoinError, JoinTokenError, Store, StoreError};

/// Seconds that a token may last: 30 days.
const MAX_SECONDS: u64 = 30 * 24 * 3600;

/// Agents that may join with one token.
const MAX_USES: u32 = 100_000;

/// One token, and what is left of it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) token: JoinToken,
    pub(crate) label: Option<String>,
    pub(crate) expires: Instant,
    pub(crate) uses_left: u32,
    /// Proofs with it that were wrong, since the master started.
    pub(crate) wrong: u8,
}

impl Entry {
    /// Wrong proofs until a token is dead.
    pub(crate) const MAX_WRONG: u8 = 10;

    pub(crate) fn is_dead(&self) -> bool {
        self.wrong >= Self::MAX_WRONG
    }

    /// Its id, as paths and tables have it.
    pub(crate) fn key(&self) -> String {
        hex::encode(self.token.id())
    }

    fn is_good(&self, now: Instant) -> bool {
        now < self.expires && !self.is_dead()
    }
}

/// All that were issued and are neither used up, expired nor revoked.
#[derive(Debug)]
pub(crate) struct JoinTokens {
    entries: BTreeMap<String, Entry>,
    store: Option<Store>,
    max: usize,
}

/// What an agent shows that it has a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) nonce: &'a [u8; JOIN_NONCE],
    pub(crate) proof: &'a [u8],
}

impl JoinTokens {
    /// Those that `store` keeps; `max` at most. Without a store nothing lasts.
    pub(crate) fn open(store: Option<Store>, max: usize) -> Result<Self, StoreError> {
        let kept = store.as_ref().map(Store::join_tokens).transpose()?;
        let kept = kept.into_iter().flatten();
        Ok(Self {
            entries: kept.map(|entry| (entry.key(), entry)).collect(),
            store,
            max,
        })
    }

    /// Those of a backup, in place of these.
    pub(crate) fn replace(&mut self, entries: Vec<Entry>) {
        self.entries = entries.into_iter().map(|it| (it.key(), it)).collect();
    }

    /// Takes `token` as the token `new` from `now` on.
    pub(crate) fn issue(
        &mut self,
        new: &NewJoinToken,
        token: JoinToken,
        now: Instant,
    ) -> Result<IssuedJoinToken, JoinTokenError> {
        if let Some(label) = &new.label {
            Name::new(label).map_err(JoinTokenError::Label)?;
        }
        if !(1..=MAX_SECONDS).contains(&new.expires_in) {
            return Err(JoinTokenError::Expiry(new.expires_in, MAX_SECONDS));
        }
        if !(1..=MAX_USES).contains(&new.uses) {
            return Err(JoinTokenError::Uses(new.uses, MAX_USES));
        }
        self.sweep(now)?;
        if self.entries.len() >= self.max {
            return Err(JoinTokenError::TooMany(self.entries.len()));
        }
        let entry = Entry {
            token,
            label: new.label.clone(),
            expires: now + Duration::from_secs(new.expires_in),
            uses_left: new.uses,
            wrong: 0,
        };
        if let Some(store) = &self.store {
            store.put_join_token(&entry)?;
        }
        let issued = IssuedJoinToken {
            id: entry.key(),
            token: entry.token.to_text(),
            expires_at_ms: entry.expires.as_millis(),
            uses: entry.uses_left,
        };
        self.entries.insert(entry.key(), entry);
        Ok(issued)
    }

    /// Those that may be used at `now`, and the dead ones, with ids after `after`.
    pub(crate) fn list(
        &self,
        after: Option<&str>,
        now: Instant,
    ) -> impl Iterator<Item = api::JoinToken> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.entries
            .range::<str, _>((from, Bound::Unbounded))
            .filter(move |(_, entry)| now < entry.expires)
            .map(|(key, entry)| api::JoinToken {
                id: key.clone(),
                label: entry.label.clone(),
                expires_at_ms: entry.expires.as_millis(),
                uses_left: entry.uses_left,
                dead: entry.is_dead(),
            })
    }

    /// Takes the token with this id no more.
    pub(crate) fn revoke(&mut self, id: &str) -> Result<(), JoinTokenError> {
        if !self.entries.contains_key(id) {
            return Err(JoinTokenError::Unknown(id.to_owned()));
        }
        self.forget(id)?;
        Ok(())
    }

    /// The token that is shown, where the proof is right. All that may be wrong is refused
    /// alike, and a token that the proof is not of dies in time.
    pub(crate) fn prove(&mut self, shown: Shown<'_>, now: Instant) -> Result<JoinToken, JoinError> {
        let Some(entry) = self.entries.get_mut(shown.id) else {
            // As long as it takes for one that there is.
            let _proves =
                JoinToken::new([0; 8], [0; 16]).proves(shown.nonce, shown.name, shown.proof);
            return Err(JoinError::Denied);
        };
        let proves = entry.token.proves(shown.nonce, shown.name, shown.proof);
        if !entry.is_good(now) {
            return Err(JoinError::Denied);
        }
        if !proves {
            entry.wrong += 1;
            if let (true, Some(store)) = (entry.is_dead(), &self.store) {
                store.put_join_token(entry)?;
            }
            return Err(JoinError::Denied);
        }
        Ok(entry.token.clone())
    }

    /// Keeps an agent that joined with the token with this id, and takes one use off that.
    pub(crate) fn spend(&mut self, id: &str, agent: &Enrolled) -> Result<(), JoinError> {
        let entry = self.entries.get(id).ok_or(JoinError::Denied)?;
        let uses_left = entry.uses_left.saturating_sub(1);
        let left = Entry {
            uses_left,
            ..entry.clone()
        };
        if let Some(store) = &self.store {
            store.put_joined(agent, &left)?;
        }
        match uses_left {
            0 => self.entries.remove(id),
            _ => self.entries.insert(id.to_owned(), left),
        };
        Ok(())
    }

    /// Forgets those that have expired.
    fn sweep(&mut self, now: Instant) -> Result<(), StoreError> {
        let expired = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.expires <= now);
        let expired: Vec<String> = expired.map(|(key, _)| key.clone()).collect();
        expired.iter().try_for_each(|key| self.forget(key))
    }

    fn forget(&mut self, key: &str) -> Result<(), StoreError> {
        if let Some(store) = &self.store {
            store.remove_join_token(key)?;
        }
        self.entries.remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: [u8; JOIN_NONCE] = [7; JOIN_NONCE];
    const START: Instant = Instant::from_millis(1000);

    fn token() -> JoinToken {
        JoinToken::new([1; 8], [2; 16])
    }

    fn new(expires_in: u64, uses: u32) -> NewJoinToken {
        NewJoinToken {
            label: None,
            expires_in,
            uses,
        }
    }

    fn prove(tokens: &mut JoinTokens, proof: &[u8], now: Instant) -> bool {
        let shown = Shown {
            id: "0101010101010101",
            name: "a",
            nonce: &NONCE,
            proof,
        };
        tokens.prove(shown, now).is_ok()
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let mut tokens = JoinTokens::open(None, 1).unwrap();
        tokens.issue(&new(60, 1), token(), START).unwrap();
        let proof = token().proof(&NONCE, "a");
        let last = START + Duration::from_millis(59_999);
        let end = START + Duration::from_secs(60);
        assert!(prove(&mut tokens, &proof, last));
        assert!(!prove(&mut tokens, &proof, end));
        assert_eq!(tokens.list(None, last).count(), 1);
        assert_eq!(tokens.list(None, end).count(), 0);
        let full = tokens.issue(&new(60, 1), token(), last);
        assert!(matches!(full, Err(JoinTokenError::TooMany(1))));
        assert!(tokens.issue(&new(60, 1), token(), end).is_ok(), "swept");
    }

    #[test]
    fn ten_wrong_proofs_kill_a_token_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.redb");
        let open = || JoinTokens::open(Some(Store::open(&path).unwrap()), 1).unwrap();
        let mut tokens = open();
        tokens.issue(&new(60, 3), token(), START).unwrap();
        let proof = token().proof(&NONCE, "a");
        for _ in 0..9 {
            assert!(!prove(&mut tokens, &[0; 32], START));
        }
        assert!(prove(&mut tokens, &proof, START), "nine are forgiven");
        assert!(!prove(&mut tokens, &[0; 32], START));
        assert!(!prove(&mut tokens, &proof, START));
        drop(tokens);
        let mut tokens = open();
        assert!(!prove(&mut tokens, &proof, START));
        assert!(tokens.list(None, START).all(|token| token.dead));
    }

    #[test]
    fn what_a_token_may_be_is_bounded() {
        let mut tokens = JoinTokens::open(None, 1).unwrap();
        let mut issue = |new: NewJoinToken| tokens.issue(&new, token(), START).unwrap_err();
        for seconds in [0, MAX_SECONDS + 1, u64::MAX] {
            let refused = issue(new(seconds, 1));
            assert!(matches!(refused, JoinTokenError::Expiry(..)), "{refused}");
        }
        for uses in [0, MAX_USES + 1] {
            let refused = issue(new(60, uses));
            assert!(matches!(refused, JoinTokenError::Uses(..)), "{refused}");
        }
        let label = Some("l".repeat(33));
        let labelled = NewJoinToken {
            label,
            ..new(60, 1)
        };
        assert!(matches!(issue(labelled), JoinTokenError::Label(_)));
    }
}
