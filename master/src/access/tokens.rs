//! The tokens of a master.

use std::collections::BTreeMap;

use edgerm_protocol::api::{NewToken, Policy, Role, Token};

use super::secret::Digest;
use super::{Caller, Denied, Secret, TokenError, TokenId, name, policy};
use crate::store::{Kept, Store, StoreError};

/// Bytes of a name that a number is put behind at most: both fit into the 32 that a name has.
const NUMBERED: usize = 27;

/// All that were issued and not revoked.
#[derive(Debug)]
pub struct Tokens {
    entries: BTreeMap<String, Entry>,
    store: Option<Store>,
    max: usize,
    /// Whether the last one may not be revoked.
    keeps_one: bool,
}

#[derive(Debug)]
struct Entry {
    role: Role,
    digest: Digest,
    policy: Option<Policy>,
}

impl Tokens {
    /// None, and those that are issued last as long as the process; `max` at most.
    pub fn in_memory(max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            store: None,
            max,
            keeps_one: false,
        }
    }

    /// Those that `store` keeps; `max` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(store: Store, max: usize) -> Result<Self, StoreError> {
        let entries = store.tokens()?.into_iter().map(entry_of).collect();
        Ok(Self {
            entries,
            store: Some(store),
            max,
            keeps_one: false,
        })
    }

    /// Those that a backup has, in place of these.
    pub(crate) fn restored(&self, kept: Vec<Kept>) -> Self {
        Self {
            entries: kept.into_iter().map(entry_of).collect(),
            store: self.store.clone(),
            max: self.max,
            keeps_one: self.keeps_one,
        }
    }

    /// Takes the token `caller` of those before, unless it is one of these: under its name, or one
    /// alike where that is used. It lasts once whoever calls has kept what this returns.
    pub(crate) fn take_over(&mut self, before: &Self, caller: TokenId) -> Option<Kept> {
        let is_it = |entry: &Entry| entry.digest.id() == caller;
        if self.entries.values().any(is_it) {
            return None;
        }
        let found = before.entries.iter().find(|(_, entry)| is_it(entry));
        let (name, entry) = found?;
        let kept = Kept {
            name: self.unused(name),
            role: entry.role,
            digest: entry.digest,
            policy: entry.policy.clone(),
        };
        let (name, entry) = entry_of(kept.clone());
        self.entries.insert(name, entry);
        Some(kept)
    }

    /// This name, or it with a number where it is used.
    fn unused(&self, name: &str) -> String {
        let base: String = name.chars().take(NUMBERED).collect();
        let numbered = (2..).map(|number| format!("{base}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        let unused = names.find(|name| !self.entries.contains_key(name));
        unused.unwrap_or(base)
    }

    /// Whether an operator would be left where none may be missing.
    pub(crate) fn may_be_reached(&self) -> bool {
        let mut roles = self.entries.values().map(|entry| entry.role);
        !self.keeps_one || roles.any(|role| role == Role::Operator)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Who shows `secret`, the token of an `Authorization` header, or no token at all.
    ///
    /// # Errors
    ///
    /// [`Denied::NoToken`] and [`Denied::UnknownToken`].
    pub fn identify(&self, secret: Option<&str>) -> Result<Caller, Denied> {
        if self.entries.is_empty() {
            return Ok(Caller::ANYBODY);
        }
        let shown = Digest::of(secret.ok_or(Denied::NoToken)?);
        // All are looked at, however early one is found.
        let mut caller = Err(Denied::UnknownToken);
        for entry in self.entries.values() {
            if entry.digest.is(&shown) {
                caller = Ok(Caller::new(entry.role, entry.digest.id()));
            }
        }
        caller
    }

    /// Whether callers have to show one.
    pub fn are_asked_for(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The policies, and of which tokens they are.
    pub fn policies(&self) -> impl Iterator<Item = (TokenId, &Policy)> {
        let entries = self.entries.values();
        entries.filter_map(|entry| Some((entry.digest.id(), entry.policy.as_ref()?)))
    }

    /// Takes `secret` as the token `new` from now on, and keeps that where tokens last.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; nothing changes.
    pub fn issue(&mut self, new: &NewToken, secret: &Secret) -> Result<TokenId, TokenError> {
        self.check(new)?;
        if let Some(store) = &self.store {
            store.add_token(new, &secret.digest())?;
        }
        self.enter(new, secret);
        Ok(secret.digest().id())
    }

    /// Takes `secret` as the token `new` as long as the process lasts.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; nothing changes.
    pub fn take(&mut self, new: &NewToken, secret: &Secret) -> Result<(), TokenError> {
        self.check(new)?;
        self.enter(new, secret);
        Ok(())
    }

    fn enter(&mut self, new: &NewToken, secret: &Secret) {
        let entry = Entry {
            role: new.role,
            digest: secret.digest(),
            policy: new.policy.clone(),
        };
        self.entries.insert(new.name.clone(), entry);
    }

    fn check(&self, new: &NewToken) -> Result<(), TokenError> {
        name::check(&new.name)?;
        if let Some(policy) = &new.policy {
            policy::check(new.role, policy)?;
        }
        if self.entries.contains_key(&new.name) {
            return Err(TokenError::NameUsed(new.name.clone()));
        }
        if self.entries.is_empty() && new.role != Role::Operator {
            return Err(TokenError::FirstNotOperator);
        }
        if self.entries.len() >= self.max {
            return Err(TokenError::TooMany(self.entries.len()));
        }
        Ok(())
    }

    /// Revokes no last operator's token from now on: without tokens, whoever reaches the master
    /// is an operator.
    pub fn keep_one(&mut self) {
        self.keeps_one = true;
    }

    /// Takes the token called `name` no more.
    ///
    /// # Errors
    ///
    /// [`TokenError`]; nothing changes.
    pub fn revoke(&mut self, name: &str) -> Result<TokenId, TokenError> {
        let entry = self.entries.get(name);
        let found = entry.map(|entry| (entry.role, entry.digest.id()));
        let (role, id) = found.ok_or_else(|| TokenError::Unknown(name.to_owned()))?;
        let others = || self.entries.iter().filter(|(other, _)| *other != name);
        let is_last = !others().any(|(_, entry)| entry.role == Role::Operator);
        let is_needed = self.keeps_one || others().next().is_some();
        if role == Role::Operator && is_last && is_needed {
            return Err(TokenError::LastOperator(name.to_owned()));
        }
        if let Some(store) = &self.store {
            store.remove_token(name)?;
        }
        self.entries.remove(name);
        Ok(id)
    }

    /// Those whose names come after `after`.
    pub fn list(&self, after: Option<String>) -> impl Iterator<Item = Token> {
        let from = match after {
            Some(after) => std::ops::Bound::Excluded(after),
            None => std::ops::Bound::Unbounded,
        };
        self.entries
            .range((from, std::ops::Bound::Unbounded))
            .map(|(name, entry)| Token {
                name: name.clone(),
                role: entry.role,
                policy: entry.policy.clone(),
            })
    }
}

fn entry_of(kept: Kept) -> (String, Entry) {
    let entry = Entry {
        role: kept.role,
        digest: kept.digest,
        policy: kept.policy,
    };
    (kept.name, entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;

    fn new(name: &str, role: Role) -> NewToken {
        NewToken::new(name, role)
    }

    fn secret(byte: u8) -> Secret {
        Secret::from_entropy([byte; 32])
    }

    #[test]
    fn a_master_without_tokens_asks_for_none() {
        let mut tokens = Tokens::in_memory(10);
        let anybody = tokens.identify(None).unwrap();
        assert_eq!(anybody.may_operate(), Ok(()));
        let refused = tokens.issue(&new("f", Role::Framework), &secret(1));
        assert!(matches!(refused, Err(TokenError::FirstNotOperator)));
        assert_eq!(tokens.identify(Some("whatever")), Ok(anybody));

        tokens.issue(&new("o", Role::Operator), &secret(1)).unwrap();
        assert_eq!(tokens.identify(None), Err(Denied::NoToken));
        let unknown = tokens.identify(Some("whatever"));
        assert_eq!(unknown, Err(Denied::UnknownToken));
        let operator = tokens.identify(Some(secret(1).as_str())).unwrap();
        assert_eq!(operator.scope(), Scope::All);
    }

    #[test]
    fn a_role_is_what_its_bearer_may_do() {
        let mut tokens = Tokens::in_memory(10);
        let roles = [Role::Operator, Role::Framework, Role::ReadOnly];
        for (byte, role) in (1..).zip(roles) {
            let name = format!("{role:?}");
            tokens.issue(&new(&name, role), &secret(byte)).unwrap();
        }
        let caller = |byte| tokens.identify(Some(secret(byte).as_str())).unwrap();
        let may = [1, 2, 3].map(|byte| {
            let caller = caller(byte);
            (caller.may_change(), caller.may_operate())
        });
        let denied = Err(Denied::NotOperator);
        let expected = [
            (Ok(()), Ok(())),
            (Ok(()), denied),
            (Err(Denied::ReadOnly), denied),
        ];
        assert_eq!(may, expected);
        let own = caller(2).scope();
        assert!(own.contains(own.owner()) && !own.contains(None));
        assert_eq!(caller(3).scope(), Scope::All);
    }

    #[test]
    fn nobody_locks_everybody_out() {
        let mut tokens = Tokens::in_memory(3);
        tokens.issue(&new("o", Role::Operator), &secret(1)).unwrap();
        tokens
            .issue(&new("f", Role::Framework), &secret(2))
            .unwrap();
        let last = tokens.revoke("o");
        assert!(matches!(last, Err(TokenError::LastOperator(_))));
        tokens.issue(&new("p", Role::Operator), &secret(3)).unwrap();
        let many = tokens.issue(&new("q", Role::ReadOnly), &secret(4));
        assert!(matches!(many, Err(TokenError::TooMany(3))));
        tokens.revoke("o").unwrap();
        let revoked = tokens.identify(Some(secret(1).as_str()));
        assert_eq!(revoked, Err(Denied::UnknownToken));
        assert!(matches!(tokens.revoke("o"), Err(TokenError::Unknown(_))));
        tokens.revoke("f").unwrap();
        tokens.keep_one();
        let last = tokens.revoke("p");
        assert!(matches!(last, Err(TokenError::LastOperator(_))));
        tokens.keeps_one = false;
        tokens.revoke("p").unwrap();
        assert!(!tokens.are_asked_for());
    }

    #[test]
    fn tokens_last_in_a_file_that_only_its_owner_reads() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.redb");
        let mut tokens = Tokens::open(Store::open(&path).unwrap(), 10).unwrap();
        tokens.issue(&new("o", Role::Operator), &secret(1)).unwrap();
        let policy = Policy {
            sensors: Some(["temperature".to_owned()].into()),
            bytes_per_day: Some(1000),
            ..Policy::default()
        };
        let bound = |name| NewToken {
            policy: Some(policy.clone()),
            ..new(name, Role::Framework)
        };
        tokens.issue(&bound("f"), &secret(2)).unwrap();
        tokens.issue(&bound("r"), &secret(3)).unwrap();
        tokens.revoke("r").unwrap();
        // One of the same name since has its own policy: none.
        tokens
            .issue(&new("r", Role::Framework), &secret(4))
            .unwrap();
        let of_f = tokens.identify(Some(secret(2).as_str())).unwrap().token();
        let policies: Vec<_> = tokens.policies().collect();
        assert_eq!(policies, [(of_f.unwrap(), &policy)]);
        let listed: Vec<Token> = tokens.list(None).collect();
        drop(tokens);

        let again = Tokens::open(Store::open(&path).unwrap(), 10).unwrap();
        assert_eq!(again.list(None).collect::<Vec<_>>(), listed);
        assert!(again.identify(Some(secret(2).as_str())).is_ok());
        assert!(again.identify(Some(secret(3).as_str())).is_err());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let bytes = std::fs::read(&path).unwrap();
        let plain = secret(1).as_str().as_bytes().to_vec();
        assert!(!bytes.windows(plain.len()).any(|part| part == plain));
    }
}
